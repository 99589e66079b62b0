import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RecordedStatement, StatementIds } from "../src/index.ts";
import { statementIdOf } from "./trail-recorder.ts";

const recorded = (number: number): RecordedStatement => ({ payloadDigest: new Uint8Array(32).fill(number), number });

describe("the ids of a dossier's statements", () => {
  test("five thousand are all found again, and no others", { timeout: 60_000 }, () => {
    let ids = StatementIds.empty;
    for (let number = 1; number <= 5_000; number++) ids = ids.with("ward-1", statementIdOf(number), recorded(number));
    for (let number = 1; number <= 5_000; number++) {
      expect(ids.get("ward-1", statementIdOf(number))).toEqual(recorded(number));
    }
    expect(ids.get("ward-1", statementIdOf(5_001))).toBeUndefined();
  });

  test("an id belongs to its author: another agency may use the same", () => {
    const ids = StatementIds.empty.with("ward-1", statementIdOf(1), recorded(1));
    expect(ids.get("ward-2", statementIdOf(1))).toBeUndefined();
    const both = ids.with("ward-2", statementIdOf(1), recorded(2));
    expect(both.get("ward-1", statementIdOf(1))?.number).toBe(1);
    expect(both.get("ward-2", statementIdOf(1))?.number).toBe(2);
  });

  test("every earlier version stays as it was, and two may grow out of one", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (before, after) => {
        let common = StatementIds.empty;
        for (let number = 1; number <= before; number++)
          common = common.with("a", statementIdOf(number), recorded(number));
        let left = common;
        let right = common;
        for (let number = before + 1; number <= before + after; number++) {
          left = left.with("a", statementIdOf(number), recorded(number));
          right = right.with("b", statementIdOf(number), recorded(number));
        }
        for (let number = 1; number <= before + after; number++) {
          const shared = number <= before;
          expect(common.get("a", statementIdOf(number)) !== undefined).toBe(shared);
          expect(left.get("a", statementIdOf(number))?.number).toBe(number);
          expect(left.get("b", statementIdOf(number))).toBeUndefined();
          expect(right.get("a", statementIdOf(number)) !== undefined).toBe(shared);
          expect(right.get("b", statementIdOf(number)) !== undefined).toBe(!shared);
        }
      }),
      { numRuns: 30 },
    );
  });
});
