import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WaitingLine } from "../src/waiting-line.ts";

interface Item {
  readonly dossier: string;
  readonly order: number;
}

let order = 0;
const item = (dossier: string): Item => ({ dossier, order: order++ });

describe("who goes when", () => {
  test("a few of different dossiers go side by side, each by itself", () => {
    const line = new WaitingLine<Item>(3, 100);
    for (const dossier of ["a", "b"]) line.add(item(dossier));
    expect(line.takeRounds().map((round) => round.map(({ dossier }) => dossier))).toEqual([["a"], ["b"]]);
    line.add(item("c"));
    expect(line.takeRounds()).toHaveLength(1);
    line.add(item("d"));
    expect(line.takeRounds()).toEqual([]);
  });

  test("many go together when nothing else is under way", () => {
    const line = new WaitingLine<Item>(2, 100);
    line.add(item("a"));
    const [first] = line.takeRounds();
    for (const dossier of ["b", "c", "d"]) line.add(item(dossier));
    expect(line.takeRounds()).toEqual([]);
    line.end(first as Item[]);
    const rounds = line.takeRounds();
    expect(rounds.map((round) => round.length)).toEqual([3]);
    line.add(item("e"));
    expect(line.takeRounds()).toEqual([]);
  });

  test("what was put back goes before all that came later", () => {
    const line = new WaitingLine<Item>(4, 100);
    line.add(item("a"));
    const [round] = line.takeRounds();
    line.add(item("a"));
    line.end(round as Item[]);
    line.putBack(round as Item[]);
    const [next] = line.takeRounds() as [Item[]];
    expect(next[0]).toBe(round?.[0]);
  });

  test("all that waits for one dossier goes together, and does not push the others into a batch", () => {
    const line = new WaitingLine<Item>(3, 100);
    for (let count = 0; count < 50; count++) line.add(item("raced"));
    for (const dossier of ["b", "c"]) line.add(item(dossier));
    expect(line.takeRounds().map((round) => `${round[0]?.dossier} × ${round.length}`)).toEqual([
      "raced × 50",
      "b × 1",
      "c × 1",
    ]);
  });

  test("a dossier is in one round at a time, its statements in order, and everything goes in the end", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.oneof(fc.constantFrom("a", "b", "c", "d", "e"), fc.constant(null)), { maxLength: 60 }),
        (singlesMax, batchMax, steps) => {
          const line = new WaitingLine<Item>(singlesMax, batchMax);
          const underWay: Item[][] = [];
          const lastOf = new Map<string, number>();
          let added = 0;
          let gone = 0;
          const take = () => {
            for (const round of line.takeRounds()) {
              for (const { dossier, order: position } of round) {
                expect(underWay.flat().some((other) => other.dossier === dossier)).toBe(false);
                expect(position).toBeGreaterThan(lastOf.get(dossier) ?? -1);
                lastOf.set(dossier, position);
              }
              underWay.push(round);
              gone += round.length;
            }
            expect(underWay.length).toBeLessThanOrEqual(singlesMax);
          };
          for (const step of steps) {
            if (step === null) {
              const ended = underWay.shift();
              if (ended !== undefined) line.end(ended);
            } else {
              line.add(item(step));
              added++;
            }
            take();
          }
          while (underWay.length > 0) {
            line.end(underWay.shift() as Item[]);
            take();
          }
          expect(gone).toBe(added);
          expect(line.idle).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
