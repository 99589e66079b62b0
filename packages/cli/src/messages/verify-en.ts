/** What the commands that verify, and those that make what is verified, say. */
export const verifyEn = {
  help: {
    verify:
      "check a bundle, a promise or evidence, offline; exit code 0: it holds, 1: it does not, 2: it could not be read",
    file: "a file that `dossier bundle` or `dossier promise` wrote, or evidence of a broken promise",
    policy: "whom you trust: a tlog-policy file of your own, in place of the one in the file",
    network: "the network you trust: hash of the registry's entry 0, 64 hexadecimal digits",
    since: "an older checkpoint or bundle that you kept: the log must only have grown since",
    log: "address of the shard's log: the whole log is read, so that later events are excluded and a promise is settled",
    token: "bearer token of auditors, with which entries may be read; without it only hashes are",
    evidence: "where evidence of a broken promise is written; by default beside the file",
    bundle: "write a dossier's trail with all its proofs into one file that anybody can verify offline",
    output: "file to write",
    bundleSince: "an older checkpoint or bundle: the new bundle proves that the log only grew since",
    promise: "write the bus's signed word that it will include an event, with all that is needed to hold it to that",
    event: "number of the event; by default the last one that the agency itself said",
    outbox: "take event and promise from this outbox of a client, in place of asking the bus for the promise again",
  },
  unreadable: (file: string, why: string) => `${file} could not be read as a bundle, a promise or evidence: ${why}`,
  networkOdd: (found: string) =>
    `--network is "${found}"; allowed: 64 hexadecimal digits, as "up" and the registrar publish them.`,
  sinceOdd: (file: string) => `${file} is neither a checkpoint (a signed note) nor a bundle.`,
  logUrlOdd: (found: string) => `--log is "${found}"; allowed: an address that begins with http:// or https://.`,
  logUnreachable: (url: string, why: string) =>
    `${url} could not be read (${why}). Nothing was settled; try again, or ask whoever mirrors the log.`,
  logPartOdd: (path: string, why: string) => `What the log serves under ${path} is malformed: ${why}`,
  tokenRefused: (url: string) =>
    `${url} refuses this token; run.json names the right one under "logs", its operator gives it to auditors.`,
  doesNotHold: "It does not hold.",
  evidenceWritten: (file: string) => `Evidence that others can check: lienthong verify ${file}`,
  bundleWritten: (file: string, events: number, size: number) =>
    `${file}: ${events} events, proven under the checkpoint of ${size} leaves.`,
  promiseWritten: (file: string, event: number) => `${file}: the promise for event ${event}.`,
  tryIt: (command: string) => `Verify it, here or anywhere: ${command}`,
  verifiedNow: (file: string) => `The trail above as one file, verified with nothing of the bus (${file}):`,
  again: "To do it again:",
  notVerified: (why: string) =>
    `The trail could not be verified just now (${why}); make a bundle later: lienthong dossier bundle CODE -o FILE`,
  noLedger:
    "This bus has no ledger, so nothing proves its events; start it with `lienthong serve ledger`, or use `lienthong up`.",
  notSealed: (why: string) => `${why} Ask again in a moment; \`lienthong ledger checkpoint\` tells how far it is.`,
  noOwnEvent: (agency: string) =>
    `${agency} said nothing in this dossier that it could be promised; name an event with --event.`,
  eventNotOwn: (event: string) =>
    `Event ${event} is not a statement of this agency, so nobody promised it anything about it.`,
  outboxHasNone: (path: string, dossier: string) => `The outbox ${path} keeps no accepted statement about ${dossier}.`,
  outboxUnreadable: (path: string, why: string) => `The outbox ${path} cannot be read (${why}).`,
};
