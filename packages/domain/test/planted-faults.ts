import {
  audienceOfEvent,
  type BranchCustody,
  type DossierState,
  decide,
  endStates,
  evolve,
  evolveParties,
  type RefusalCode,
  StatementIds,
} from "../src/index.ts";
import type { Custody } from "./trail-recorder.ts";

/** A fault, and the promise that the sequences find broken first. */
export interface PlantedFault {
  readonly custody: Partial<Custody>;
  readonly foundAs: RegExp;
}

/** `evolve` with something wrong in its result. */
function evolving(
  change: (after: DossierState, says: string, before: DossierState | null) => DossierState,
): Custody["evolve"] {
  return (state, event, hash) => {
    const says = event.body.$case === "statement" ? (event.body.statement.what?.$case ?? "") : event.body.$case;
    return change(evolve(state, event, hash), says, state);
  };
}

/** `evolve` that changes branches once more after a statement. */
function branchesAfter(
  statement: string,
  change: (branch: BranchCustody, before: BranchCustody | undefined) => BranchCustody,
): Custody["evolve"] {
  return evolving((after, says, before) => {
    if (says !== statement) return after;
    const branches = [...after.branches].map(([id, branch]) => [id, change(branch, before?.branches.get(id))] as const);
    return { ...after, branches: new Map(branches) };
  });
}

/** `decide` that accepts what a reason forbids, of one statement or of all. */
function accepting(reason: RefusalCode, statement = ""): Custody["decide"] {
  return (state, said, digest, rules) => {
    const decision = decide(state, said, digest, rules);
    const overlooked = decision.kind === "refuse" && decision.reason === reason;
    return overlooked && (statement === "" || said.what?.$case === statement) ? { kind: "accept" } : decision;
  };
}

/** Faults by what is wrong. */
export const plantedFaults: Readonly<Record<string, PlantedFault>> = {
  "evolve moves custody with the forward": {
    custody: {
      evolve: evolving((after) => {
        const branches = [...after.branches].map(([id, branch]) => {
          return [id, branch.pending === null ? branch : { ...branch, holder: branch.pending.receiver }] as const;
        });
        return { ...after, branches: new Map(branches) };
      }),
    },
    foundAs: /has one holder/,
  },
  "evolve forgets statement ids": {
    custody: { evolve: evolving((after) => ({ ...after, statementIds: StatementIds.empty })) },
    foundAs: /said again gets event/,
  },
  "evolve moves the head with delivered": {
    custody: {
      evolve(state, event, hash) {
        const after = evolve(state, event, hash);
        if (event.body.$case !== "bus") return after;
        const branch = after.branches.get(event.body.bus.branch)!;
        return { ...after, branches: new Map(after.branches).set(branch.branch, { ...branch, head: hash }) };
      },
    },
    foundAs: /delivered moves no head/,
  },
  "evolve loses the pending handoff of a fork's last child": {
    custody: {
      evolve: evolving((after) => {
        const [last] = [...after.branches.values()].filter(({ owedEdge }) => owedEdge !== "").slice(-1);
        if (last === undefined) return after;
        return { ...after, branches: new Map(after.branches).set(last.branch, { ...last, pending: null }) };
      }),
    },
    foundAs: /what is offered is pending/,
  },
  "evolve gives custody to the desk that brings papers": {
    custody: {
      evolve: evolving((after, says, before) => {
        if (says !== "bringSupplement") return after;
        const branches = [...after.branches].map(([id, branch]) => {
          return [id, branch === before?.branches.get(id) ? branch : { ...branch, holder: after.openedBy }] as const;
        });
        return { ...after, branches: new Map(branches) };
      }),
    },
    foundAs: /has one holder/,
  },
  "evolve keeps the handoff pending after an agreed recall": {
    custody: {
      evolve: branchesAfter("agreeRecall", (branch, before) => ({ ...branch, pending: before?.pending ?? null })),
    },
    foundAs: /what is offered is pending/,
  },
  "evolve gives a recalled branch to the receiver": {
    custody: {
      evolve: branchesAfter("agreeRecall", (branch, before) =>
        before?.pending == null || branch.pending !== null ? branch : { ...branch, holder: before.pending.receiver },
      ),
    },
    foundAs: /has one holder/,
  },
  "evolve leaves opinions open when the result is returned": {
    custody: {
      evolve: branchesAfter("return", (branch, before) =>
        before !== undefined && before.consultation !== null && !endStates.has(before.state) ? before : branch,
      ),
    },
    foundAs: /an ended branch has no holder|has one holder/,
  },
  "evolve waits for a child that was stopped": {
    custody: {
      evolve: branchesAfter("stop", (branch, before) =>
        branch.fork === null ? branch : { ...branch, fork: before!.fork },
      ),
    },
    foundAs: /its children are the live ones/,
  },
  "evolve leaves a branch forked whose last child was stopped": {
    custody: { evolve: branchesAfter("stop", (branch, before) => (before?.state === "FORKED" ? before : branch)) },
    foundAs: /a forked branch has no holder|its children are the live ones|ended/,
  },
  "evolve leaves a branch out of a withdrawal": {
    custody: {
      evolve: branchesAfter("withdraw", (branch, before) =>
        branch.branch === "0.1" && before !== undefined ? before : branch,
      ),
    },
    foundAs: /leads where the table says|an ended branch|has one holder|a forked branch has no holder/,
  },
  "evolve moves the asking branch when an opinion is given": {
    custody: {
      evolve: evolving((after, says) => {
        if (says !== "complete") return after;
        const given = [...after.branches.values()].find((branch) => branch.headNumber === after.number);
        const asking = after.branches.get(given?.branch.replace(/\.\d+$/, "") ?? "");
        if (given?.state !== "JOINED" || asking === undefined || endStates.has(asking.state)) return after;
        return { ...after, branches: new Map(after.branches).set(asking.branch, { ...asking, state: "COMPLETED" }) };
      }),
    },
    foundAs: /moves the head|the table allows was refused|what is offered is pending|has one holder/,
  },
  "evolve forgets that a duty is to be paid": {
    custody: { evolve: branchesAfter("pause", (branch) => ({ ...branch, proofOwed: false })) },
    foundAs: /resumes without the proof/,
  },
  "evolve forgets who asked the citizen": {
    custody: { evolve: evolving((after) => ({ ...after, supplementRequests: new Map() })) },
    foundAs: /asks the citizen twice/,
  },
  "evolve forgets that the date was moved": {
    custody: { evolve: evolving((after) => ({ ...after, extendedBy: 0 })) },
    foundAs: /a second time/,
  },
  "decide lets anyone acknowledge": {
    custody: { decide: accepting("NOT_THE_RECEIVER") },
    foundAs: /is accepted from the receiver/,
  },
  "decide lets anyone act as the desk": {
    custody: { decide: accepting("AGENCY_NOT_COMPETENT", "withdraw") },
    foundAs: /withdraw is accepted from the desk/,
  },
  "decide lets a receiver ask the recall": {
    custody: { decide: accepting("NOT_THE_HOLDER", "askRecall") },
    foundAs: /askRecall is accepted from the sender/,
  },
  "decide withdraws what is not named": {
    custody: { decide: accepting("FIELD_INVALID", "withdraw") },
    foundAs: /withdraws other branches|prior names the branches|said of the present head/,
  },
  "decide resumes on any hash": {
    custody: { decide: accepting("FIELD_INVALID", "resume") },
    foundAs: /ends another pause|prior names the branches/,
  },
  "decide takes papers that another event asked for": {
    custody: { decide: accepting("FIELD_INVALID", "bringSupplement") },
    foundAs: /answers another request|prior names the branches/,
  },
  "decide lets opinions be asked under ids that were used": {
    custody: { decide: accepting("BRANCH_INVALID", "consult") },
    foundAs: /uses branch|belongs to the branch that asked|moves the head|parties are the same/,
  },
  "decide overlooks that a prior is stale": {
    custody: {
      decide(state, statement, digest, rules) {
        const prior = statement.prior.map((item) => ({
          ...item,
          head: state?.branches.get(item.branch)?.head ?? item.head,
        }));
        return decide(state, { ...statement, prior }, digest, rules);
      },
    },
    foundAs: /said of the present head/,
  },
  "decide joins what has not arrived": {
    custody: { decide: accepting("JOIN_INCOMPLETE") },
    foundAs: /join is accepted|has not arrived|joins/,
  },
  "decide looks at delivered": {
    custody: {
      decide(state, statement, digest, rules) {
        const branch = state?.branches.get(statement.prior[0]?.branch ?? "");
        const undelivered = branch?.pending?.delivered === false && statement.what?.$case === "acknowledge";
        if (!undelivered) return decide(state, statement, digest, rules);
        return { kind: "refuse", reason: "HANDOFF_UNKNOWN", field: "", message: "Not delivered." };
      },
    },
    foundAs: /the table allows was refused|no decision depends on delivered|who is not in force is refused/,
  },
  "the follower's fold keeps a branch that was stopped": {
    custody: {
      evolveParties(before, event, hash) {
        const after = evolveParties(before, event, hash);
        const stops = event.body.$case === "statement" && event.body.statement.what?.$case === "stop";
        return stops ? before : after;
      },
    },
    foundAs: /parties are the same/,
  },
  "the follower's fold forgets who asked for an opinion": {
    custody: {
      evolveParties(before, event, hash) {
        const after = evolveParties(before, event, hash);
        if (after === null) return null;
        const branches = [...after.branches].map(([id, branch]) => [id, { ...branch, asker: "" }] as const);
        return { ...after, branches: new Map(branches) };
      },
    },
    foundAs: /parties are the same/,
  },
  "nobody tells the receiver of a handoff that its branch was stopped": {
    custody: {
      audienceOfEvent(event, before) {
        const told = audienceOfEvent(event, before);
        const stops = event.body.$case === "statement" && event.body.statement.what?.$case === "stop";
        if (!stops || event.body.$case !== "statement") return told;
        const receiver = before?.branches.get(event.body.statement.prior[0]?.branch ?? "")?.receiver;
        return told.filter(({ agency }) => agency !== receiver);
      },
    },
    foundAs: /the end of a (branch|handoff) reaches/,
  },
};
