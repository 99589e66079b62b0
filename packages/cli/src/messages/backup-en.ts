/** Commands about backups. */
export const backupEn = {
  help: {
    group: "copies of everything that a network needs for good: make, check",
    make: "copy events, registry, signed heads and settings while the bus runs or not; checked before it gets its name",
    check: "read a backup from end to end: every file, every entry's place in its chain, every signed head",
    restore:
      "put a backup back into an empty data folder as a declared generation; refused if more was published than it holds",
    output: "folder to make; it must not be there yet",
    directory: "folder of a backup",
    keys: "file with 64 hexadecimal digits; the operator's keys go in, encrypted with it (without it no key does)",
    keysBack: "the file that the operator's keys in the backup are encrypted with",
    checkpoint: "newest published heads that anybody has: files, or addresses of logs",
    nothingNewer: "your word that nothing newer than the backup was published, where nobody can be asked",
  },
  made: (directory: string, files: number, bytes: number) => `${directory}: ${files} files, ${bytes} bytes, checked.`,
  seal: (seal: string) => `Seal (write it down apart from the backup): ${seal}`,
  log: (log: string, entries: number, signed: number) => `${log}: ${entries} entries, ${signed} under a signed head`,
  withoutKeys: "No key is in it. Keep keys/ and tls/ of the data folder apart, or use --keys FILE.",
  withKeys: (count: number) => `${count} files of the operator's keys are in it, encrypted.`,
  never: (what: string) =>
    `In no backup: ${what} (not the operator's), documents and their salts (docs/backup.md), and the index, which is made anew.`,
  whole: (directory: string, files: number, began: string) =>
    `${directory}: whole. ${files} files as they were written; begun ${began}.`,
  restored: (data: string, began: string) => `${data} holds the network as of ${began}.`,
  restoredLog: (log: string, entries: number, generation: number | null, unsealed: number) =>
    generation === null
      ? `${log}: ${entries} entries lie where they lay.`
      : `${log}: ${entries} entries lie where they lay, ${unsealed} of them not under a signed head of the backup; generation ${generation} begins behind them.`,
  comparedWith: (who: string) => `held against: ${who}`,
  comparedWithNobody: "held against nothing but your word that nothing newer was published",
  missingKeys: (paths: string) => `Not in the backup; put back before you start anything: ${paths}.`,
  afterwards:
    "Start the bus, then have the agencies send what their outboxes still hold. What was accepted after the backup and is not sent again is lost, and their promises prove it (docs/backup.md).",
};
