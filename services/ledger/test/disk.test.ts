import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDisk, type ThreadDisk } from "../src/disk.ts";

describe("the ledger's disk", () => {
  let disk: ThreadDisk;
  let directory = "";

  beforeAll(async () => {
    disk = openDisk();
    directory = await mkdtemp(join(tmpdir(), "lienthong-disk-"));
  });

  afterAll(async () => {
    await disk.close();
    await rm(directory, { recursive: true, force: true });
  });

  test("makes folders that several of its threads need at the same time", async () => {
    for (let round = 0; round < 40; round++) {
      const files = Array.from({ length: 16 }, (_, file) => ({
        path: join(directory, `log-${round}`, "tile", "0", `x${file % 4}`, String(file)),
        bytes: Uint8Array.of(round, file),
      }));
      await disk.putFiles(files);
      for (const { path, bytes } of files) expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    }
  });

  test("writes bytes that were given away as it writes others", async () => {
    const kept = new Uint8Array(5_000).fill(7);
    const files = [
      { path: join(directory, "kept"), bytes: kept },
      { path: join(directory, "given"), bytes: kept.slice(), isGivenAway: true as const },
      // A part of its buffer only, as a full bundle is.
      { path: join(directory, "part"), bytes: kept.slice().subarray(0, 1_234), isGivenAway: true as const },
    ];
    await disk.putFiles(files);
    expect(kept.length).toBe(5_000);
    const found = await Promise.all(files.map(({ path }) => readFile(path)));
    expect(found.map(({ length }) => length)).toEqual([5_000, 5_000, 1_234]);
    for (const bytes of found) expect(new Set(bytes)).toEqual(new Set([7]));
  });
});
