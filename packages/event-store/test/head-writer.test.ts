import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type DurableHeadValue, openDurableHead, openHeadWriter } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "head-writer-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshPath = () => join(folder, `head-${files++}`);

const value = (sequence: number, generation = 1): DurableHeadValue => ({
  generation,
  sequence,
  leafHash: new Uint8Array(32).fill(sequence & 0xff),
});

function onDisk(path: string): DurableHeadValue | null {
  const head = openDurableHead(path);
  try {
    return head.read();
  } finally {
    head.close();
  }
}

test("what a resolved write promised is on the disk, this value or a later one", async () => {
  const path = freshPath();
  const writer = openHeadWriter(path);
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      await writer.write(value(index + 1));
      expect(onDisk(path)?.sequence).toBeGreaterThanOrEqual(index + 1);
    }),
  );
  expect(writer.written()).toEqual(value(200));
  await writer.close();
  expect(onDisk(path)).toEqual(value(200));
});

test("many writes asked at once share few: the newest is written, the older ones ride along", async () => {
  const path = freshPath();
  const writer = openHeadWriter(path);
  const order: number[] = [];
  await Promise.all([3, 1, 2, 5, 4].map((sequence) => writer.write(value(sequence)).then(() => order.push(sequence))));
  expect(order).toHaveLength(5);
  expect(writer.written()).toEqual(value(5));
  await writer.close();
  expect(onDisk(path)).toEqual(value(5));
});

test("a value that is not later than what is on the disk is not written again; a new generation is later whatever its sequence", async () => {
  const path = freshPath();
  const writer = openHeadWriter(path);
  await writer.write(value(7));
  await writer.write(value(3));
  expect(writer.written()).toEqual(value(7));
  await writer.write(value(1, 2));
  expect(writer.written()).toEqual(value(1, 2));
  await writer.close();
});

test("values that come just as the thread has taken the one before are never left lying: 5,000 of them, one after the other", async () => {
  const path = freshPath();
  const writer = openHeadWriter(path);
  for (let sequence = 1; sequence <= 5_000; sequence += 2) {
    await Promise.all([writer.write(value(sequence)), writer.write(value(sequence + 1))]);
  }
  await writer.close();
  expect(onDisk(path)).toEqual(value(5_000));
}, 30_000);

test("it goes on from what an earlier writer left, and closing waits for the write under way", async () => {
  const path = freshPath();
  const first = openHeadWriter(path);
  const asked = first.write(value(9));
  await first.close();
  await asked;
  const second = openHeadWriter(path);
  expect(second.written()).toEqual(value(9));
  await second.write(value(10));
  await second.close();
  expect(onDisk(path)).toEqual(value(10));
});

test("a head that cannot be read stops whoever opens it, and one that cannot be written fails every later write", async () => {
  const damaged = freshPath();
  writeFileSync(damaged, Buffer.alloc(100));
  expect(() => openHeadWriter(damaged)).toThrow(/was cut/);

  const path = freshPath();
  const writer = openHeadWriter(path);
  await writer.write(value(2));
  // The head refuses a sequence below 0; whatever it refuses, nobody may be answered from then on.
  await expect(writer.write(value(-1, 2))).rejects.toThrow(/whole numbers/);
  await expect(writer.write(value(3, 2))).rejects.toThrow(/whole numbers/);
  await writer.close();
});
