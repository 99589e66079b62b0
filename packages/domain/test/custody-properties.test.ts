import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CustodyState, custodyTable, endStates, evolve, heldStates } from "../src/index.ts";
import { CustodyWorld, type Tally } from "./custody-world.ts";
import { Dice } from "./dice.ts";
import { plantedFaults } from "./planted-faults.ts";
import { type Custody, ourCustody } from "./trail-recorder.ts";

/** Sequences over all routes, as many as the project promises. */
const sequences = 10_000;

/** One number per act; what an act is follows from its number and the state it meets. */
const acts = fc.array(fc.nat(0x7fffffff), { minLength: 12, maxLength: 28, size: "max" });

function play(custody: Custody, route: number, numbers: readonly number[], tally: Tally): void {
  const world = new CustodyWorld(custody, route, tally);
  for (const number of numbers) world.act(new Dice(number));
  world.checkTrail();
  // Finishing doubles the length of a trail, so one in five is enough.
  if (numbers[0]! % 5 === 0) {
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
      fc.property(fc.nat(3), acts, (route, numbers) => play(ourCustody, route, numbers, tally)),
      { numRuns: sequences },
    );
    // The run means something only if it met what it is about, often.
    const seen = (what: string) => tally.get(what) ?? 0;
    expect(metAtLeast.filter(([what, least]) => seen(what) < least).map(([what]) => [what, seen(what)])).toEqual([]);
    expect(cellsOfTheTable().filter((cell) => seen(cell) === 0)).toEqual([]);
  });

  test("the same events give the same state, and nothing handed in is changed", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.nat(3), acts, (route, numbers) => {
        const world = new CustodyWorld(ourCustody, route, new Map());
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
  ["accept complete", 1_000],
  ...custodyTable.map(({ statement }): [string, number] => [`accept ${statement}`, 300]),
  ["delivered", 500],
  ["repeat", 1_000],
  ["accepted after a refusal", 1_000],
  ["finished", 1_000],
  ...(
    [
      ...["STATEMENT_ID_REUSED", "AGENCY_UNKNOWN", "AGENCY_NOT_IN_FORCE", "AGENCY_NOT_COMPETENT", "DOSSIER_EXISTS"],
      ...["BRANCH_UNKNOWN", "BRANCH_INVALID", "HANDOFF_UNKNOWN", "NOT_THE_HOLDER", "NOT_THE_RECEIVER", "PRIOR_STALE"],
      ...["STATE_FORBIDS", "STEP_OUT_OF_TURN", "STEP_NOT_COMPLETED", "FORK_INCOMPLETE", "JOIN_INCOMPLETE"],
      ...["FIELD_INVALID", "FIELD_MISSING", "ROUTE_UNKNOWN", "UNIT_UNKNOWN"],
    ] as const
  ).map((reason): [string, number] => [`refuse ${reason}`, 3]),
];

/** Every statement in every state by every role that an agency can have to a branch in that state. */
function cellsOfTheTable(): string[] {
  const states: CustodyState[] = [...heldStates, "FORKED", ...endStates];
  const offered: CustodyState[] = ["HANDED_OVER", "RECALL_ASKED"];
  return custodyTable.flatMap(({ statement }) =>
    states.flatMap((state) => {
      const roles = ["desk", "stranger"];
      if (heldStates.has(state)) roles.push("holder");
      if (offered.includes(state)) roles.push("sender", "receiver");
      return roles.map((role) => `cell ${statement} ${state} ${role}`);
    }),
  );
}

describe("a fault in decide, evolve or the follower's fold is found by these sequences", () => {
  test.each(Object.entries(plantedFaults))("%s", { timeout: 60_000 }, (_, { custody, foundAs }) => {
    const faulty = { ...ourCustody, ...custody };
    const property = fc.property(fc.nat(3), acts, (route, numbers) => play(faulty, route, numbers, new Map()));
    const details = fc.check(property, { numRuns: 5_000, endOnFailure: true });
    expect(details.failed).toBe(true);
    expect(String(details.errorInstance)).toMatch(foundAs);
  });
});
