import type { FindingCode } from "../finding.ts";

type Values = Readonly<Record<string, string>>;

/** English. Names of offices come from the registry and stay Vietnamese. */
export const en = {
  verdict: {
    holds: (dossier: string) => `The trail of ${dossier} holds.`,
    broken: (dossier: string) => `The trail of ${dossier} does NOT hold.`,
  },
  complete: (event: number, size: string, origin: string) =>
    `Complete to event ${event} as of checkpoint ${size} of ${origin}.`,
  wholeLog: (size: string) =>
    `The whole log was read, ${size} entries: it has no later event of this dossier and no other than those here.`,
  wholeLogHashes: (size: string) =>
    `The hashes of all ${size} leaves lead to the signed head; entries were not read, so later events are not excluded.`,
  laterPossible: "Whether events came after that checkpoint, only the whole log tells (--log URL).",
  witnessed: (names: string) => `Witnesses: ${names}.`,
  witnessAt: (name: string, time: string) => `${name} (${time})`,
  missing: (names: string) => `Witnesses of the policy that did not sign it: ${names}.`,
  scenario: "Times of custody are those of a scenario, not of this world.",
  custody: "Who held it:",
  branch: (branch: string) => (branch === "0" ? "the dossier" : `branch ${branch}`),
  held: (branch: string, who: string, from: string, fromEvent: number, until: string, untilEvent: number) =>
    `${who} held ${branch} from ${from} (event ${fromEvent}) to ${until} (event ${untilEvent}).`,
  holds_: (branch: string, who: string, from: string, fromEvent: number) =>
    `${who} has held ${branch} since ${from} (event ${fromEvent}).`,
  uncertain: "As far as the events shown tell; withheld ones may say more.",
  ended: "Every branch has ended; nobody holds the dossier.",
  sealed: (after: string, by: string) => `Witnesses bear out that its events were sealed between ${after} and ${by}.`,
  sealedBy: (by: string) => `Witnesses bear out that its events were sealed by ${by}.`,
  sinceHolds: (size: string, origin: string) =>
    `The log has only grown since the checkpoint that you kept (${size} of ${origin}).`,
  erased: (event: number, what: string) =>
    `Content erased (event ${event}): ${what}. What was committed to stays proven.`,
  erasedAll: "all documents, and the applicant",
  event: (event: number, sentence: string) => `Event ${event}: ${sentence}`,
  severity: { broken: "Does not hold:", operator: "Fault of the operator, named:", remark: "To know:" },
  promise: {
    kept: (event: string, leaf: string, size: string) =>
      `The promise was kept: event ${event} is leaf ${leaf} of the log, under the checkpoint of ${size}.`,
    pending: (event: string, by: string) =>
      `The promise is open: event ${event} is not in the log yet, and has time until ${by}.`,
    broken: (event: string, by: string, size: string) =>
      `The promise is BROKEN: event ${event} had to be in the log by ${by}, and enough witnesses saw later that the log of ${size} leaves lacks it. This is evidence against the operator.`,
    overdue: (event: string, by: string) =>
      `By this machine's clock the promise is overdue: event ${event} had to be in the log by ${by} and is not. No witness dates the checkpoint, so this convinces nobody else; ask again once witnesses have signed.`,
    invalid: "This is not the bus's word.",
    unchecked: (event: string, by: string) =>
      `The promise is the bus's word: event ${event} is to be in the log by ${by}. Whether it is, the log tells (--log URL).`,
  },
  findings: {
    networkOther: (v) => `the registry shown is that of another network (${v.found}); trusted is ${v.trusted}.`,
    policyUnreadable: (v) => `the policy cannot be read: ${v.why}`,
    checkpointInvalid: (v) => `a checkpoint of the log ${v.log} does not hold: ${v.why}`,
    quorumMissing: (v) => `too few witnesses signed the checkpoint of ${v.log}; missing: ${v.missing}.`,
    checkpointInconsistent: (v) => `the checkpoints of ${v.size} and ${v.other} leaves are not of one log that grew.`,
    sinceInvalid: (v) => `the older checkpoint given does not hold: ${v.why}`,
    sinceInconsistent: (v) =>
      `the log has been changed since the older checkpoint of ${v.size} leaves of ${v.origin}: another root for the same size.`,
    sinceNotProven: (v) =>
      `nothing here connects to the older checkpoint of ${v.size} leaves of ${v.origin}; make the bundle with --since.`,
    registryEntryUnreadable: (v) => `registry entry at position ${v.position} cannot be read: ${v.why}`,
    registryEntryNotInLog: (v) => `registry entry ${v.entry} is not in the registry's log at its number.`,
    registryEntrySignature: (v) => `registry entry ${v.entry} is not signed by a key of the registrar in force.`,
    registryEndorsement: (v) => `registry entry ${v.entry} lacks a valid signature of those who had to agree to it.`,
    registryChainBroken: (v) => `entries of the registry about ${v.kind} ${v.id} are missing in between.`,
    registryChainIncomplete: (v) => `it is not proven that nothing later was recorded about ${v.kind} ${v.id}.`,
    registryHeadInconsistent: (v) => `the registry head of ${v.size} entries is not a beginning of the registry's log.`,
    shardUnknown: (v) => `the registry shown does not declare the shard ${v.shard}.`,
    eventMissing: () => "it is missing from the file.",
    eventUnreadable: (v) => `it cannot be read: ${v.why}`,
    eventNotInLog: (v) => `it is not leaf ${v.leaf} of the log under the checkpoint of ${v.size} leaves.`,
    eventOutOfPlace: (v) => `it is of another dossier, shard or number, or stands at a leaf out of order (${v.leaf}).`,
    eventChainBroken: (v) => `it does not follow on event ${v.before}: it names another hash.`,
    eventHeadUnknown: (v) => `it cites a registry head of ${v.size} entries that is not the registry's.`,
    eventHeadDecreases: (v) => `it cites the registry at ${v.size} entries, the event before at ${v.before}.`,
    eventTimesDecrease: (v) => `it says to be from ${v.wall}, before the event before it.`,
    eventTimeImpossible: (v) =>
      `it says to be from ${v.wall}; witnesses saw it sealed between ${v.after || "?"} and ${v.by || "?"}.`,
    statementElsewhere: (v) => `its statement was made for another network or shard (${v.shard}).`,
    signatureForged: (v) => `a signature of ${v.agency} is forged: it is not by the key ${v.key}.`,
    keyUnknown: (v) => `the key ${v.key} that signed for ${v.agency} is not in the registry at the head cited.`,
    keyOfAnother: (v) => `the key ${v.key} that signed for ${v.agency} is one of ${v.owner}.`,
    keyRevoked: (v) =>
      `the key ${v.key} of ${v.agency} had been revoked by registry entry ${v.entry}, which the bus knew.`,
    sealMissing: (v) => `no seal of ${v.agency} signed it.`,
    delegationMissing: (v) => `the system ${v.system} had no leave to speak for ${v.agency}.`,
    custodyBroken: (v) => `it could not be said then: ${v.why}`,
    busStatementWrong: (v) => `what the bus says there is not so: ${v.why}`,
    priorUnknown: (v) => `it cites an event that is not in this trail (${v.hash}).`,
    laterEvent: (v) =>
      `the log has an event of this dossier that the file has not: number ${v.number}, leaf ${v.leaf}.`,
    logOther: (v) => `the log ${v.origin} as it is served (${v.size} leaves) is not the one of the file.`,
    promiseInvalid: (v) => `the promise does not hold: ${v.why}`,
    revocationNotHeeded: (v) =>
      `decided at ${v.decided} under a registry of ${v.size} entries, though ${v.subject} had been revoked at ${v.revoked} (entry ${v.entry}). The signature is genuine; the event keeps its effect.`,
    keyDoubted: (v) => `the key ${v.key} was revoked later (entry ${v.entry}) and is in doubt since ${v.since}.`,
    sealedLate: (v) => `recorded at ${v.wall}, sealed only after ${v.after}.`,
    noQuorum: () => "The policy asks for no witness: that the log was not forked rests on the operator's word alone.",
    trustFromFile: (v) =>
      `What is trusted came with the file itself (${v.what}). Compare the network with what the registrar published, and use a policy of your own: --network HASH --policy FILE.`,
    eventsWithheld: (v) =>
      `${v.count} events are withheld (${v.events}): that they are in the log is proven, what they say is not shown, and whether each was allowed cannot be said.`,
    contentErased: () => "content was erased here; that it was committed to stays proven.",
  } satisfies Record<FindingCode, (values: Values) => string>,
};

/** The form of a catalogue. */
export type Words = typeof en;
