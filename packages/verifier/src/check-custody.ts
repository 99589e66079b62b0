import { type DossierState, decide, deliveredIsNews, evolve, type Rulebook } from "@lienthong/domain";
import { hexOf } from "@lienthong/registry-state";
import { busStatementId, type ReadEvent } from "@lienthong/statement";
import { hashesEqual, sha256 } from "@lienthong/tlog";
import { type CustodyPeriod, PeriodRecorder, recordStatement, recordStates } from "./custody-periods.ts";
import type { Findings } from "./finding.ts";
import { legalDateOf } from "./instants.ts";
import type { TrailItem } from "./read-trail.ts";
import type { RegistrySlice } from "./registry-slice.ts";
import { isDelegated, sliceRulebook } from "./slice-rulebook.ts";

/** Field number of `delivered` in BusStatement: part of its derived id. */
const deliveredFieldNumber = 16;

/** What custody came to. */
export interface CustodyStory {
  readonly periods: readonly CustodyPeriod[];
  /** The state after the last event; null where events are withheld or did not hold. */
  readonly state: DossierState | null;
}

/**
 * Decides every event anew, as the exchange did, and folds it. Where events are withheld, no state can be folded from there on: statements are
 * then held against the hashes of the events before them, and custody is told from what they say.
 */
export function checkCustody(
  items: readonly TrailItem[],
  slice: RegistrySlice,
  shard: string,
  findings: Findings,
): CustodyStory {
  const recorder = new PeriodRecorder();
  const rulebooks = new Map<string, Rulebook>();
  const rulesFor = (event: ReadEvent): Rulebook => {
    const size = Number(event.header.registryHead?.size ?? 0n);
    const date = event.header.recordedTime === undefined ? "" : legalDateOf(event.header.recordedTime);
    const key = `${size} ${date}`;
    const known = rulebooks.get(key) ?? sliceRulebook(slice, { shard, size, date });
    rulebooks.set(key, known);
    return known;
  };
  let state: DossierState | null = null;
  let isFolding = true;
  // Asked for only once events cannot be folded any more.
  const known = new Set<string>();
  let knownItems = 0;
  const before = (position: number): ReadonlySet<string> => {
    for (const { hash } of items.slice(knownItems, position)) known.add(hexOf(hash));
    knownItems = position;
    return known;
  };
  for (const [position, item] of items.entries()) {
    const { number, event, hash } = item;
    if (event === null) {
      isFolding = false;
    } else if (isFolding) {
      const digest = event.body.$case === "statement" ? sha256(event.body.payload) : undefined;
      const problem: string | null = problemOf(event, digest, state, slice, rulesFor);
      if (problem === null) {
        state = evolve(state, event, hash, digest);
        recordStates(recorder, state, event);
      } else {
        findings.add(event.body.$case === "statement" ? "custodyBroken" : "busStatementWrong", number, {
          why: problem,
        });
        isFolding = false;
      }
    } else {
      checkPriors(event, number, before(position), findings);
      if (event.body.$case === "statement") recordStatement(recorder, event.body.statement, event);
    }
  }
  return { periods: recorder.periods(), state: isFolding ? state : null };
}

/** Why an event cannot follow the state before it, in a sentence; null if it can. */
function problemOf(
  event: ReadEvent,
  digest: Uint8Array | undefined,
  state: DossierState | null,
  slice: RegistrySlice,
  rulesFor: (event: ReadEvent) => Rulebook,
): string | null {
  const { body } = event;
  if (body.$case === "shard") return "An event about the shard stands in a dossier's trail.";
  if (body.$case === "statement") {
    const decision = decide(state, body.statement, digest ?? sha256(body.payload), rulesFor(event));
    if (decision.kind === "accept") return null;
    return decision.kind === "refuse"
      ? `${decision.reason}: ${decision.message}`
      : `This statement had its effect in event ${decision.number} already.`;
  }
  const { bus } = body;
  if (bus.what?.$case !== "delivered")
    return `This version knows no rule for what the bus says here (${bus.what?.$case}).`;
  if (state === null || !deliveredIsNews(state, bus.cause, bus.branch)) {
    return "The handoff that it reports as delivered is not pending, or was reported before.";
  }
  if (state.branches.get(bus.branch)?.pending?.receiver !== bus.receiver)
    return "It names another receiver than the handoff.";
  const id = busStatementId(bus.cause, bus.branch, bus.receiver, deliveredFieldNumber, bus.ordinal);
  if (!hashesEqual(id, bus.id)) return "Its id does not follow from what it says.";
  const size = Number(event.header.registryHead?.size ?? 0n);
  if (isDelegated(slice, bus.receiver, bus.what.value.system, size)) return null;
  return `The system ${bus.what.value.system} that settled it does not speak for ${bus.receiver}.`;
}

/** What a statement cites must be events of this trail, before it. */
function checkPriors(event: ReadEvent, number: number, hashes: ReadonlySet<string>, findings: Findings): void {
  const cited: Uint8Array[] = [];
  if (event.body.$case === "bus") cited.push(event.body.bus.cause);
  if (event.body.$case === "statement") {
    const { prior, what } = event.body.statement;
    cited.push(...prior.map(({ head }) => head));
    if (what !== undefined && "handoff" in what.value && what.value.handoff !== undefined) {
      cited.push(what.value.handoff.forward);
    }
  }
  const unknown = cited.find((hash) => !hashes.has(hexOf(hash)));
  if (unknown !== undefined) findings.add("priorUnknown", number, { hash: hexOf(unknown) });
}
