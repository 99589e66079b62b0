/**
 * How much a finding weighs. `broken`: what the file says does not hold. `operator`: the bus did what it must not, and what it recorded has
 * its effect all the same. `remark`: a reader should know.
 */
export type Severity = "broken" | "operator" | "remark";

/** Everything that can be found, by where it is looked for. The texts are in words/; programs branch on these. */
export const findingSeverities = {
  // Trust and logs.
  networkOther: "broken",
  policyUnreadable: "broken",
  checkpointInvalid: "broken",
  quorumMissing: "broken",
  checkpointInconsistent: "broken",
  sinceInvalid: "broken",
  sinceInconsistent: "broken",
  sinceNotProven: "broken",
  // The registry's part.
  registryEntryUnreadable: "broken",
  registryEntryNotInLog: "broken",
  registryEntrySignature: "broken",
  registryEndorsement: "broken",
  registryChainBroken: "broken",
  registryChainIncomplete: "broken",
  registryHeadInconsistent: "broken",
  shardUnknown: "broken",
  // Events, one by one.
  eventMissing: "broken",
  eventUnreadable: "broken",
  eventNotInLog: "broken",
  eventOutOfPlace: "broken",
  eventChainBroken: "broken",
  eventHeadUnknown: "broken",
  eventHeadDecreases: "broken",
  eventTimesDecrease: "broken",
  eventTimeImpossible: "broken",
  statementElsewhere: "broken",
  signatureForged: "broken",
  keyUnknown: "broken",
  keyOfAnother: "broken",
  keyRevoked: "broken",
  sealMissing: "broken",
  delegationMissing: "broken",
  custodyBroken: "broken",
  busStatementWrong: "broken",
  priorUnknown: "broken",
  laterEvent: "broken",
  logOther: "broken",
  promiseInvalid: "broken",
  // Named, and of effect.
  revocationNotHeeded: "operator",
  // To know.
  keyDoubted: "remark",
  sealedLate: "remark",
  noQuorum: "remark",
  trustFromFile: "remark",
  eventsWithheld: "remark",
  contentErased: "remark",
} as const satisfies Readonly<Record<string, Severity>>;

/** One of them. */
export type FindingCode = keyof typeof findingSeverities;

/** Something that was found. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Number of the event within the dossier; null where no single event is meant. */
  readonly event: number | null;
  /** Facts that the sentence is made of. */
  readonly values: Readonly<Record<string, string>>;
}

/** Where findings are gathered, in the order in which they are found; each once. */
export class Findings {
  readonly #found: Finding[] = [];
  readonly #seen = new Set<string>();

  add(code: FindingCode, event: number | null, values: Readonly<Record<string, string | number>> = {}): void {
    const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
    const finding: Finding = { code, severity: findingSeverities[code], event, values: texts };
    const key = JSON.stringify(finding);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#found.push(finding);
  }

  /** Takes back what later reading has settled. */
  settle(code: FindingCode): void {
    for (let at = this.#found.length - 1; at >= 0; at--) if (this.#found[at]?.code === code) this.#found.splice(at, 1);
  }

  /** Whether anything of this event does not hold. */
  isBroken(event: number): boolean {
    return this.#found.some((finding) => finding.event === event && finding.severity === "broken");
  }

  /** All of them: what does not hold first; in each severity what all events rest on, then by event. */
  all(): Finding[] {
    const order: readonly Severity[] = ["broken", "operator", "remark"];
    return this.#found.toSorted(
      (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || (a.event ?? 0) - (b.event ?? 0),
    );
  }
}
