/** Commands about the transparency logs. */
export const ledgerEn = {
  help: {
    group: "the transparency logs: check, mend, read",
    fsck: "hash every entry again and compare entries, tiles, stream, head and every checkpoint; names the first bad entry",
    repair:
      "write the files of a log again from the copy that the signed head proves right; the ledger must be stopped",
    checkpoint: "the newest signed heads, and which witnesses are missing",
    receipt: "the proof that an event is in the log, as a .tlog-proof file",
    log: "a shard's name or registry; all logs unless given",
    code: "official code of the dossier",
    event: "number of the event; the last one unless given",
    level: "what it must rest on: sealed or witnessed",
    wait: "most seconds to wait for it",
    stream: "make the shard's stream again from the log, as a new declared generation; nothing may run on the folder",
    output: "file to write; without it the receipt goes to stdout",
  },
  progress: (log: string, entries: number, total: number) => `${log}: ${entries} of ${total} entries`,
  whole: (log: string, size: number, checkpoints: number) =>
    `${log}: whole. ${size} entries hashed again, ${checkpoints} checkpoints checked.`,
  withoutStream: "No store runs on this folder, so the stream was not compared; run it again while the bus runs.",
  unsealed: (count: number) => `${count} messages of the stream are not sealed yet.`,
  bad: (log: string, count: number) => `${log}: ${count === 1 ? "1 fault" : `${count} faults`}.`,
  inAll: (count: number) => (count === 1 ? "1 fault was found." : `${count} faults were found.`),
  copies: { entries: "the entry bundles", tiles: "the hash tiles", stream: "the stream" },
  entry: (index: number) => `entry ${index}`,
  eventOf: (index: number, number: number, dossier: string | null, claimed: boolean) =>
    `entry ${index} (${claimed ? "as it reads now " : ""}event ${number} of ${dossier === null ? "the shard itself" : `dossier ${dossier}`})`,
  findings: {
    headMissing: "The head file is missing, though heads were signed.",
    headUnsigned: (cause: string) => `The head is not one that this log's key signed: ${cause}`,
    headOld: (size: number, signed: number) =>
      `The head is of size ${size}, but one of size ${signed} was signed: an old head was put back.`,
    entryWrong: (entry: string, copy: string, missing: boolean, more: number) =>
      `In ${copy}, ${entry} is ${missing ? "missing" : "wrong"}${more > 0 ? `, and ${more} more` : ""}; the signed head proves another copy right.`,
    copiesDiffer: (entry: string, copies: string) =>
      `${copies} differ at ${entry}, and no copy as a whole leads to the signed root.`,
    allChanged: (entry: string, until: number) =>
      `All copies agree but do not lead to the signed root: the change lies from ${entry} to entry ${until}, or this is not the log that was signed.`,
    tileWrong: (path: string, missing: boolean, from: number, until: number) =>
      `The tile ${path} ${missing ? "is missing" : "holds another hash than the level below gives"}; it covers entries ${from} to ${until}.`,
    bundleMalformed: (path: string, index: number, cause: string) =>
      `The bundle ${path} cannot be taken apart at entry ${index}: ${cause}.`,
    publishedWrong: (cause: string) => `The published checkpoint is wrong: ${cause}`,
    keptWrong: (size: number, cause: string) => `The kept checkpoint of size ${size} is wrong: ${cause}`,
    keptUnreadable: (cause: string) => `The file of kept checkpoints cannot be read: ${cause}`,
    streamShort: (last: number, size: number) => `The stream ends at entry ${last}, but ${size} entries were signed.`,
    messageOdd: (index: number, cause: string) => `Entry ${index} does not belong where it lies: ${cause}`,
  },
  nextFiles: (log: string) =>
    `The stream or the bundles hold what was signed. Stop the bus and run: lienthong ledger repair ${log}`,
  nextStream:
    'The stream lost or changed what was signed; stop the bus and see docs/ledger.md, "When a log stops" (lienthong ledger repair --stream).',
  repairedNothing: (log: string) => `${log}: its files need no repair.`,
  repaired: (log: string, from: string, kept: string) =>
    `${log}: its files were written again from ${from} and checked. What was there before lies in ${kept}; keep it until you know how it came about.`,
  streamWhole: (log: string) => `${log}: its stream is as it was signed.`,
  streamRestored: (log: string, generation: number, from: number, unsealed: number) =>
    `${log}: its stream was made again as generation ${generation}: ${from} leaves lie where they lay, ${unsealed} of them not sealed before.`,
  streamOfWhich: "--stream needs the name of a shard.",
  headings: { log: "Log", size: "Entries", sealed: "Signed at", witnesses: "Witnesses", missing: "Missing" },
  none: "none",
  noCheckpoint: "none yet",
  stopped: (log: string, why: string) => `${log}: ${why}`,
  missing: (witness: string, reason: string) => `${witness}: ${reason}`,
  levelWrong: (found: string) => `--level is "${found}"; allowed: sealed, witnessed.`,
  eventUnknown: (code: string, number: number, last: number) =>
    `Dossier ${code} has no event ${number}; it has 1 to ${last}.`,
  receiptWritten: (file: string, leaf: number, size: number) =>
    `${file}: entry ${leaf} is in the log under a head of ${size} entries.`,
};
