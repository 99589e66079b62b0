import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  keepPrivateFile,
  makeFolderDurably,
  makeFolderDurablySync,
  replaceDurably,
  replacePrivateFile,
} from "../src/index.ts";

// What a power cut leaves of such files is tested in test/faults/power-loss, what a full disk does in test/faults/disk.
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lienthong-durable-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("replaces a file as a whole: of many writers at once one has the last word, and nothing is left beside it", async () => {
  const path = join(folder, "policy.txt");
  const texts = Array.from({ length: 12 }, (_, i) => `${i} `.repeat(5_000));
  const reading = (async () => {
    for (let i = 0; i < 40; i++) {
      const seen = await readFile(path, "utf8").catch(() => null);
      if (seen !== null) expect(texts).toContain(seen);
    }
  })();
  await Promise.all(texts.map((text) => replacePrivateFile(path, text)));
  await reading;
  expect(texts).toContain(readFileSync(path, "utf8"));
  expect(readdirSync(folder)).toEqual(["policy.txt"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await replaceDurably(path, new Uint8Array([1, 2]), 0o644);
  expect([...readFileSync(path)]).toEqual([1, 2]);
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

it("keeps the first text of several that are offered at once, and gives it to all", async () => {
  const path = join(folder, "keys", "log.pem");
  const kept = await Promise.all(["a", "b", "c"].map((text) => keepPrivateFile(path, text)));
  expect(new Set(kept)).toEqual(new Set([readFileSync(path, "utf8")]));
  expect(readdirSync(join(folder, "keys"))).toEqual(["log.pem"]);
});

it("makes folders and those above them, for their owner only, and leaves those that are there alone", async () => {
  await makeFolderDurably(join(folder, "a", "b", "c"));
  makeFolderDurablySync(join(folder, "a", "d"));
  makeFolderDurablySync(join(folder, "a"));
  expect(readdirSync(join(folder, "a"))).toEqual(["b", "d"]);
  expect(statSync(join(folder, "a", "b")).mode & 0o777).toBe(0o700);
});
