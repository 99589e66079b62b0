import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { DurableHeadValue } from "../src/index.ts";
import { openDurableHead } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "durable-head-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshPath = () => join(folder, `head-${files++}`);

const values = fc.record({
  generation: fc.nat(3),
  sequence: fc.oneof(fc.nat(20), fc.maxSafeNat()),
  leafHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});
const value = (sequence: number, fill = sequence): DurableHeadValue => ({
  generation: 1,
  sequence,
  leafHash: new Uint8Array(32).fill(fill),
});

function written(path: string, sequence: DurableHeadValue[]): void {
  const head = openDurableHead(path);
  for (const each of sequence) head.write(each);
  head.close();
}

function reopened(path: string): DurableHeadValue | null {
  const head = openDurableHead(path);
  try {
    return head.read();
  } finally {
    head.close();
  }
}

test("what was written is read back, also after opening again; a new file holds nothing", () => {
  const path = freshPath();
  expect(reopened(path)).toBeNull();
  for (let sequence = 1; sequence < 10; sequence++) {
    written(path, [value(sequence)]);
    expect(reopened(path)).toEqual(value(sequence));
  }
});

test("a head never moves back, and never to another hash at the same place", () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 12 }), (attempts) => {
      const path = freshPath();
      const head = openDurableHead(path);
      let stored: DurableHeadValue | null = null;
      for (const attempt of attempts) {
        const order: number = stored
          ? attempt.generation - stored.generation || attempt.sequence - stored.sequence
          : Number.POSITIVE_INFINITY;
        const same = order === 0 && Buffer.compare(attempt.leafHash, stored!.leafHash) === 0;
        if (order > 0 || same) {
          head.write(attempt);
          stored = attempt;
        } else expect(() => head.write(attempt)).toThrow(/never moves back|another hash/);
        expect(head.read()).toEqual(stored);
      }
      head.close();
      expect(reopened(path)).toEqual(stored);
      rmSync(path);
    }),
    { numRuns: 60 },
  );
});

test("a write that was torn anywhere leaves the value before it or the new one, and the file goes on working", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), fc.nat(200), fc.boolean(), (before, cut, garbage) => {
      const path = freshPath();
      written(
        path,
        Array.from({ length: before }, (_, index) => value(index + 1)),
      );
      if (before === 0) openDurableHead(path).close();
      const old = readFileSync(path);
      // The first write fills both slots in turn; the crash is placed in the first of the two.
      written(path, [value(before + 1)]);
      const complete = readFileSync(path);
      const slotStart = before === 0 || !complete.subarray(0, 4096).equals(old.subarray(0, 4096)) ? 0 : 4096;
      const torn = Buffer.from(old);
      complete.copy(torn, slotStart, slotStart, slotStart + Math.min(cut, 4096));
      if (garbage && cut < 88) torn[slotStart + cut] = complete[slotStart + cut]! ^ 0x55;
      writeFileSync(path, torn);

      const found = reopened(path);
      expect([before, before + 1]).toContain(found?.sequence ?? 0);
      written(path, [value(before + 1), value(before + 2)]);
      expect(reopened(path)).toEqual(value(before + 2));
      rmSync(path);
    }),
    { numRuns: 200 },
  );
});

test("each flipped bit of a slot falls back to the other slot, never to a wrong value", () => {
  const path = freshPath();
  written(path, [value(1), value(2)]);
  const good = readFileSync(path);
  for (const slotStart of [0, 4096]) {
    for (let bit = 0; bit < 88 * 8; bit++) {
      const bad = Buffer.from(good);
      bad[slotStart + (bit >> 3)]! ^= 1 << (bit & 7);
      writeFileSync(path, bad);
      const found = reopened(path);
      expect([1, 2]).toContain(found!.sequence);
      expect(found!.leafHash.every((byte) => byte === found!.sequence)).toBe(true);
    }
  }
});

test("a file that no crash can have left so is refused with a sentence", () => {
  const path = freshPath();
  written(path, [value(1), value(2)]);
  const good = readFileSync(path);
  const bad = Buffer.from(good);
  bad[30]! ^= 1;
  bad[4096 + 30]! ^= 1;
  writeFileSync(path, bad);
  expect(() => openDurableHead(path)).toThrow(/Both slots .* are damaged/);
  writeFileSync(path, good.subarray(0, 5000));
  expect(() => openDurableHead(path)).toThrow(/was cut/);
});

test("values that are no heads are refused", () => {
  const head = openDurableHead(freshPath());
  expect(() => head.write({ ...value(1), sequence: 1.5 })).toThrow(/whole numbers/);
  expect(() => head.write({ ...value(1), leafHash: new Uint8Array(31) })).toThrow(/32 bytes/);
  head.close();
  expect(() => head.write(value(1))).toThrow(/closed/);
});
