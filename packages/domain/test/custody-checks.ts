import { isDeepStrictEqual } from "node:util";
import { hashesEqual } from "@lienthong/tlog";
import {
  branchesOfLastEvent,
  type CustodyRow,
  type DossierParties,
  type DossierState,
  endedHandoffs,
  endStates,
  hasEnded,
  heldStates,
  openBranches,
} from "../src/index.ts";
import type { CustodyReplay } from "./custody-replay.ts";
import type { Custody, RecordedEvent, TrailRecorder } from "./trail-recorder.ts";

/** Fails unless a promise is kept. */
export function expectThat(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`Broken: ${promise}.`);
}

/** Invariant 3, against the independent replay. */
export function checkCustody(state: DossierState, replay: CustodyReplay): void {
  expectThat(state.branches.size === replay.holders.size, "state and trail have the same branches");
  for (const [id, branch] of state.branches) {
    const holder = replay.holders.get(id);
    if (branch.state === "FORKED") {
      expectThat(holder === null && branch.holder === "", "a forked branch has no holder");
      expectThat(
        isDeepStrictEqual(branch.fork?.children, replay.children.get(id)),
        "its children are the live ones of the fork",
      );
      for (const child of branch.fork!.children) {
        expectThat(!endStates.has(state.branches.get(child)!.state), "no child ends while its parent is forked");
      }
    } else if (endStates.has(branch.state)) {
      expectThat(holder === undefined && branch.holder === "", "an ended branch has no holder");
    } else {
      expectThat(heldStates.has(branch.state) && branch.holder === holder, `branch ${id} has one holder, ${holder}`);
    }
  }
  // Behind who holds what of all branches: where that is broken, these may be, too, and would be told instead.
  for (const [id, branch] of state.branches) {
    expectThat(branch.state === "FORKED" || branch.fork === null, "only a forked branch has a fork");
    const pending = replay.pending.get(id);
    const offered = branch.state === "HANDED_OVER" || branch.state === "RECALL_ASKED";
    expectThat(
      (branch.pending !== null) === offered && offered === (pending !== undefined),
      "what is offered is pending",
    );
    expectThat(branch.pending?.receiver === pending?.receiver, "a pending handoff is addressed as the forward said");
    const opinion = replay.opinions.get(id);
    const asked = [...state.branches.values()].filter(({ consulted }) => consulted.includes(id));
    expectThat(
      isDeepStrictEqual(
        asked.map((other) => other.branch),
        opinion === undefined ? [] : [opinion.under],
      ),
      "an open opinion belongs to the branch that asked or became of it",
    );
    if (opinion !== undefined) {
      expectThat(branch.consultation?.asker === opinion.asker, "an opinion is given to who asked");
      expectThat(
        !endStates.has(state.branches.get(opinion.under)!.state),
        "an opinion ends with the branch that asked",
      );
      continue;
    }
    if (branch.consultation !== null) {
      expectThat(endStates.has(branch.state), "an opinion that is not open has ended");
      continue;
    }
    expectThat(id === "0" || parentIsForkedFor(state, id), "a live child has a forked parent");
  }
}

/** A statement becomes the head of what it acts on, makes or ends, and of nothing else. */
export function checkHeads(row: CustodyRow, before: DossierState | null, after: DossierState): void {
  const moved = [...after.branches.values()].filter(({ head }) => hashesEqual(head, after.lastEvent));
  if (row.statement === "erase") {
    expectThat(isDeepStrictEqual([...after.branches], [...before!.branches]), "erasing changes no branch");
    return;
  }
  expectThat(
    isDeepStrictEqual(
      branchesOfLastEvent(after),
      moved.map(({ branch }) => branch),
    ),
    "the branches that an event concerns are those it moved",
  );
  for (const [id, branch] of after.branches) {
    if (moved.includes(branch)) continue;
    const was = before!.branches.get(id)!;
    expectThat(
      branch.state === was.state &&
        branch.holder === was.holder &&
        branch.step === was.step &&
        branch.pending === was.pending,
      "what changes a holder, or what may be said, moves the head",
    );
  }
}

/** The follower's light fold agrees with `evolve`, and survives its store. */
export function checkParties(
  recorder: TrailRecorder,
  custody: Custody,
  before: DossierParties | null,
  stateBefore: DossierState | null,
): void {
  const { parties, state, trail } = recorder;
  expectThat(isDeepStrictEqual(parties, partiesOf(state!)), "parties are the same as custody tells them");
  const recorded = trail.at(-1)!;
  const author = authorOf(recorded);
  const told = custody.audienceOfEvent(recorded.event, before);
  for (const { agency, role } of told) {
    expectThat(agency !== author || role === "receiver", "the author is told of its own forward at most");
  }
  // Whoever holds, is offered or waits for a branch hears of its end.
  for (const [id, branch] of state!.branches) {
    const was = stateBefore?.branches.get(id);
    if (was === undefined || branch.state === was.state || !endStates.has(branch.state)) continue;
    // Who joins holds all that it joins.
    if (saysOf(recorded) === "join") continue;
    const concerned = [
      was.holder,
      was.pending?.receiver ?? "",
      was.consultation?.asker ?? "",
      was.consultation?.lead ?? "",
    ];
    const deaf = concerned.find(
      (agency) => agency !== "" && agency !== author && !told.some((one) => one.agency === agency),
    );
    expectThat(deaf === undefined, `the end of a branch reaches ${deaf}`);
  }
}

function parentIsForkedFor(state: DossierState, id: string): boolean {
  const parent = state.branches.get(id.slice(0, id.lastIndexOf(".")))!;
  const live = !endStates.has(state.branches.get(id)!.state);
  return live === (parent.fork?.children.includes(id) ?? false);
}

/**
 * Invariant 6: every handoff is pending and visible, or ended by an event that names it and reaches its sender; and the
 * follower's fold tells the same as the trail.
 */
export function checkHandoffs(recorder: TrailRecorder, replay: CustodyReplay, custody: Custody): void {
  let parties: DossierParties | null = null;
  let pendingInTrail = 0;
  const audiences = new Map<unknown, readonly string[]>();
  const endedBy = Map.groupBy(replay.ended, ([, { by }]) => by.hash);
  for (const { event, hash } of recorder.trail) {
    const audience = custody.audienceOfEvent(event, parties);
    audiences.set(
      hash,
      audience.map(({ agency }) => agency),
    );
    const ended = endedHandoffs(event, parties).map(({ forward, branch }) => `${hexOf(forward)}/${branch}`);
    const inTrail = (endedBy.get(hash) ?? []).map(([handoff]) => handoff);
    expectThat(isDeepStrictEqual(ended.toSorted(), inTrail.toSorted()), "an event ends the handoffs that it ends");
    parties = custody.evolveParties(parties, event, hash);
    if (event.body.$case !== "statement") continue;
    const { what } = event.body.statement;
    if (what?.$case !== "forward" && what?.$case !== "consult") continue;
    for (const target of what.value.branches) {
      const receiver = target.receiver!.agency;
      expectThat(
        audience.some((member) => member.agency === receiver && member.role === "receiver"),
        "a forward reaches each receiver",
      );
      if (replay.ended.has(`${hexOf(hash)}/${target.branch}`)) continue;
      pendingInTrail++;
      const pending = recorder.state?.branches.get(target.branch)?.pending;
      expectThat(
        pending != null && hashesEqual(pending.forward, hash),
        "an unanswered handoff is pending in the state",
      );
    }
  }
  for (const { by, sender, receiver } of replay.ended.values()) {
    const told = audiences.get(by.hash) ?? [];
    const author = authorOf(by);
    expectThat(told.includes(sender) || author === sender, "the end of a handoff reaches its sender");
    expectThat(told.includes(receiver) || author === receiver, "the end of a handoff reaches its receiver");
  }
  const pendingInState = [...(recorder.state?.branches.values() ?? [])].filter(({ pending }) => pending !== null);
  expectThat(pendingInState.length === pendingInTrail, "no handoff is pending that the trail does not have");
}

/** The parties of a dossier, told from the whole custody state. */
function partiesOf(state: DossierState): DossierParties | null {
  if (hasEnded(state)) return null;
  const branches = openBranches(state).map(({ branch, holder, pending, consultation }) => {
    const { asker, lead, leadBranch } = consultation ?? { asker: "", lead: "", leadBranch: "" };
    const forward = pending === null ? "" : hexOf(pending.forward);
    return [branch, { holder, receiver: pending?.receiver ?? "", forward, asker, lead, leadBranch }] as const;
  });
  return { desk: state.openedBy, branches: new Map(branches) };
}

function authorOf({ event }: { event: RecordedEvent["event"] }): string {
  return event.body.$case === "statement" ? event.body.statement.author!.agency : "";
}

function saysOf({ event }: { event: RecordedEvent["event"] }): string {
  return event.body.$case === "statement" ? event.body.statement.what!.$case : "";
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
