import { type BusError, busError } from "@lienthong/chassis";
import { type Decision, type DossierState, decide, deliveredIsNews, type Rulebook } from "@lienthong/domain";
import { busStatementId, eventBytesMax } from "@lienthong/statement";
import { draftEvent, type EventDraft, type RoundTimes } from "./event-draft.ts";
import type { DeliveredProposal, DossierProposal } from "./proposal.ts";
import type { RegistryInForce } from "./registry-in-force.ts";

/** What a proposal is decided under. */
export interface Circumstances {
  readonly registry: RegistryInForce;
  readonly rules: Rulebook;
  readonly times: RoundTimes;
  /** This replica, named as the system of the bus's own events. */
  readonly replica: string;
}

/** What becomes of a proposal: an event, an error of this exchange, or an answer that cites an event. */
export type Verdict =
  | { readonly kind: "draft"; readonly event: EventDraft }
  | { readonly kind: "error"; readonly error: BusError }
  | Exclude<Decision, { kind: "accept" }>;

/** Field number of `delivered` in BusStatement: part of its derived id. */
const deliveredFieldNumber = 16;

/** Decides one proposal against the state of its dossier, and drafts its event. No side effect. */
export function decideProposal(proposal: DossierProposal, state: DossierState | null, under: Circumstances): Verdict {
  const { registry, rules, times } = under;
  // Cited heads never decrease along a dossier: another replica has seen more of the registry than this one.
  const isBehind = state !== null && state.registrySize > registry.head.size;
  if (proposal.kind === "delivered") {
    if (state === null || !deliveredIsNews(state, proposal.forward, proposal.branch))
      return { kind: "repeat", number: 0 };
    if (isBehind) return { kind: "error", error: busError("REGISTRY_UNCONFIRMED") };
    return { kind: "draft", event: draftDelivered(proposal, state, under) };
  }
  const { statement, envelopeBytes, envelope } = proposal.received;
  const decision = decide(state, statement, proposal.payloadDigest, rules);
  // Had it its effect once, it is answered whatever became of the key that signed it.
  if (decision.kind === "repeat") return decision;
  const keyRefusal = registry.keyRefusal(proposal);
  if (keyRefusal !== null) return { kind: "error", error: keyRefusal };
  if (decision.kind === "refuse") return decision;
  if (!registry.confirmed || isBehind) return { kind: "error", error: busError("REGISTRY_UNCONFIRMED") };
  const read = { $case: "statement" as const, statement, payload: envelope.payload };
  const { dossier, system, payloadDigest } = proposal;
  const event = draftEvent(state, { $case: "statement", envelopeBytes }, read, dossier, system, times, payloadDigest);
  if (event.bytes.length > eventBytesMax) {
    const allowed = `an event of at most ${eventBytesMax} bytes`;
    return { kind: "error", error: busError("ENTRY_TOO_LARGE", { field: "envelope", allowed }) };
  }
  return { kind: "draft", event };
}

function draftDelivered(
  proposal: DeliveredProposal,
  state: DossierState,
  { times, replica }: Circumstances,
): EventDraft {
  const { dossier, forward, branch, receiver, system, subscription } = proposal;
  const bus = {
    id: busStatementId(forward, branch, receiver, deliveredFieldNumber, 0),
    dossier,
    cause: forward,
    branch,
    receiver,
    ordinal: 0,
    what: { $case: "delivered" as const, value: { system, subscription } },
  };
  return draftEvent(state, { $case: "bus", value: bus }, { $case: "bus", bus }, dossier, replica, times);
}
