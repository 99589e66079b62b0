import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, evolve, StatementIds } from "../src/index.ts";
import { CustodyWorld, type Tally } from "./custody-world.ts";
import { Dice } from "./dice.ts";
import type { Custody } from "./trail-recorder.ts";

/** Sequences over all routes, as many as the project promises. */
const sequences = 10_000;

/** One number per act; what an act is follows from its number and the state it meets. */
const acts = fc.array(fc.nat(0x7fffffff), { minLength: 16, maxLength: 48, size: "max" });

function play(custody: Custody, route: number, numbers: readonly number[], tally: Tally): void {
  const world = new CustodyWorld(custody, route, tally);
  for (const number of numbers) world.act(new Dice(number));
  world.checkTrail();
  // Finishing doubles the length of a trail, so one in four is enough.
  if (numbers[0]! % 4 === 0) {
    world.finish(new Dice(numbers.at(-1)!));
    world.checkTrail();
    tally.set("finished", (tally.get("finished") ?? 0) + 1);
  }
}

describe("whatever agencies say, in whatever order", () => {
  test("effects happen once, each branch has one holder, every handoff's end reaches its sender, and no dossier is stuck", {
    timeout: 240_000,
  }, () => {
    const tally: Tally = new Map();
    fc.assert(
      fc.property(fc.nat(2), acts, (route, numbers) => play({ decide, evolve }, route, numbers, tally)),
      { numRuns: sequences },
    );
    // The run means something only if it met what it is about, often.
    const seen = (what: string) => tally.get(what) ?? 0;
    for (const [what, least] of metAtLeast) expect({ what, met: seen(what) >= least }).toEqual({ what, met: true });
  });

  test("the same events give the same state, and nothing handed in is changed", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.nat(2), acts, (route, numbers) => {
        const world = new CustodyWorld({ decide, evolve }, route, new Map());
        for (const number of numbers) world.act(new Dice(number));
        const { trail, state } = world.recorder;
        const bytesBefore = trail.map(({ bytes }) => Buffer.from(bytes).toString("hex"));
        const again = trail.reduce<typeof state>((before, { event, hash }) => evolve(before, event, hash), null);
        expect(again).toEqual(state);
        for (const { said, number } of world.accepted) {
          const { author, statementId } = said.statement;
          expect(again?.statementIds.get(author!.agency, statementId)).toEqual({ payloadDigest: said.digest, number });
        }
        expect(trail.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual(bytesBefore);
      }),
      { numRuns: 200 },
    );
  });
});

const metAtLeast: readonly [what: string, times: number][] = [
  ["accept open", 5_000],
  ["accept forward", 10_000],
  ["accept acknowledge", 5_000],
  ["accept refuse", 500],
  ["accept complete", 1_000],
  ["accept join", 500],
  ["accept return", 500],
  ["delivered", 500],
  ["repeat", 1_000],
  ["accepted after a refusal", 1_000],
  ["finished", 1_000],
  ...(
    [
      ...["STATEMENT_ID_REUSED", "AGENCY_UNKNOWN", "AGENCY_NOT_IN_FORCE", "AGENCY_NOT_COMPETENT", "DOSSIER_EXISTS"],
      ...["BRANCH_UNKNOWN", "BRANCH_INVALID", "HANDOFF_UNKNOWN", "NOT_THE_HOLDER", "NOT_THE_RECEIVER", "PRIOR_STALE"],
      ...["STATE_FORBIDS", "STEP_OUT_OF_TURN", "STEP_NOT_COMPLETED", "FORK_INCOMPLETE", "JOIN_INCOMPLETE"],
      ...["FIELD_INVALID", "ROUTE_UNKNOWN"],
    ] as const
  ).map((reason): [string, number] => [`refuse ${reason}`, 10]),
];

describe("a fault in decide or evolve is found by these sequences", () => {
  const faults: Record<string, Custody> = {
    "evolve moves custody with the forward": {
      decide,
      evolve(state, event, hash) {
        const after = evolve(state, event, hash);
        const branches = new Map(after.branches);
        for (const [id, branch] of branches) {
          if (branch.pending !== null) branches.set(id, { ...branch, holder: branch.pending.receiver });
        }
        return { ...after, branches };
      },
    },
    "evolve forgets statement ids": {
      decide,
      evolve: (state, event, hash) => ({ ...evolve(state, event, hash), statementIds: StatementIds.empty }),
    },
    "evolve moves the head with delivered": {
      decide,
      evolve(state, event, hash) {
        const after = evolve(state, event, hash);
        if (event.body.$case !== "bus") return after;
        const branch = after.branches.get(event.body.bus.branch)!;
        return { ...after, branches: new Map(after.branches).set(branch.branch, { ...branch, head: hash }) };
      },
    },
    "evolve loses the pending handoff of a fork's last child": {
      decide,
      evolve(state, event, hash) {
        const after = evolve(state, event, hash);
        const [last] = [...after.branches.values()].filter(({ owedEdge }) => owedEdge !== "").slice(-1);
        if (last === undefined) return after;
        return { ...after, branches: new Map(after.branches).set(last.branch, { ...last, pending: null }) };
      },
    },
    "decide lets anyone acknowledge": {
      decide(state, statement, digest, rules) {
        const decision = decide(state, statement, digest, rules);
        return decision.kind === "refuse" && decision.reason === "NOT_THE_RECEIVER" ? { kind: "accept" } : decision;
      },
      evolve,
    },
    "decide overlooks that a prior is stale": {
      decide(state, statement, digest, rules) {
        const prior = statement.prior.map((item) => ({
          ...item,
          head: state?.branches.get(item.branch)?.head ?? item.head,
        }));
        return decide(state, { ...statement, prior }, digest, rules);
      },
      evolve,
    },
    "decide joins what has not arrived": {
      decide(state, statement, digest, rules) {
        const decision = decide(state, statement, digest, rules);
        return decision.kind === "refuse" && decision.reason === "JOIN_INCOMPLETE" ? { kind: "accept" } : decision;
      },
      evolve,
    },
    "decide looks at delivered": {
      decide(state, statement, digest, rules) {
        const branch = state?.branches.get(statement.prior[0]?.branch ?? "");
        const undelivered = branch?.pending?.delivered === false && statement.what?.$case === "acknowledge";
        if (!undelivered) return decide(state, statement, digest, rules);
        return { kind: "refuse", reason: "HANDOFF_UNKNOWN", field: "", message: "Not delivered." };
      },
      evolve,
    },
  };

  /** What the sequences find first. */
  const foundAs: Record<string, RegExp> = {
    "evolve moves custody with the forward": /has one holder/,
    "evolve forgets statement ids": /said again gets event/,
    "evolve moves the head with delivered": /delivered moves no head/,
    "evolve loses the pending handoff of a fork's last child": /what is offered is pending/,
    "decide lets anyone acknowledge": /is accepted from the receiver/,
    "decide overlooks that a prior is stale": /said of the present head/,
    "decide joins what has not arrived": /join is accepted|has not arrived|joins/,
    "decide looks at delivered": /the table allows was refused|no decision depends on delivered/,
  };

  test.each(Object.entries(foundAs))("%s", { timeout: 60_000 }, (fault, found) => {
    const property = fc.property(fc.nat(2), acts, (route, numbers) => play(faults[fault]!, route, numbers, new Map()));
    const details = fc.check(property, { numRuns: 1_000, endOnFailure: true });
    expect(details.failed).toBe(true);
    expect(String(details.errorInstance)).toMatch(found);
  });
});
