import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { leafHash, rootOf, type SignerKey } from "@lienthong/tlog";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Disk } from "../src/disk.ts";
import { fsck } from "../src/fsck/fsck.ts";
import { newFolder, newSigner, openWriter, realDisk, someEntries } from "./small-log.ts";

let folder: Awaited<ReturnType<typeof newFolder>>;
let signer: SignerKey;

beforeEach(async () => {
  folder = await newFolder();
  signer = await newSigner();
});
afterEach(() => folder.remove());

class PowerCut extends Error {}

/** A disk that fails at its n-th write of a file: before it, or after it though the caller is told that it failed. */
function failingDisk(at: number, landed: boolean): Disk & { readonly writes: number } {
  let writes = 0;
  return {
    get writes() {
      return writes;
    },
    async putFiles(files) {
      for (const file of files) {
        const fails = writes === at;
        writes += 1;
        if (!fails || landed) await realDisk.putFiles([file]);
        if (fails) throw new PowerCut(`write ${at} (${file.path})`);
      }
    },
    removeFolders: realDisk.removeFolders,
  };
}

const entries = someEntries(700);
/** How the log grows before and during the cut. */
const rounds = [3, 256, 260, 600];

test.each([
  ["lost", false],
  ["landed, though it was told to have failed", true],
])(
  "a cut at any durable step, its write %s: the normal code goes on, and the head never goes back",
  { timeout: 120_000 },
  async (_, landed) => {
    for (let at = 0; ; at++) {
      const log = await newFolder();
      const disk = failingDisk(at, landed);
      let shown = -1;
      let cut = false;
      for (const size of rounds) {
        const writer = await openWriter(log.path, signer, disk, shown);
        expect(writer.size).toBeGreaterThanOrEqual(Math.max(0, shown));
        for (const entry of entries.slice(writer.size, size)) writer.append(entry);
        try {
          shown = (await writer.seal()).size;
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          cut = true;
          // The same writer must not go on: it cannot know what reached the disk.
          await expect(writer.seal()).rejects.toThrow("failed before");
        }
      }
      const writer = await openWriter(log.path, signer, realDisk, shown);
      expect(writer.size).toBeGreaterThanOrEqual(shown);
      for (const entry of entries.slice(writer.size)) writer.append(entry);
      const head = await writer.seal();
      expect(head.size).toBe(entries.length);
      expect(Buffer.from(head.root)).toEqual(Buffer.from(rootOf(entries.map((entry) => leafHash(entry)))));
      expect((await fsck({ directory: log.path, key: signer })).findings).toEqual([]);
      await log.remove();
      if (!cut) {
        expect(at).toBeGreaterThan(10);
        return;
      }
    }
  },
);

test("two ledgers that got past the lock: the one that finds another head than its own signs nothing", async () => {
  const first = await openWriter(folder.path, signer);
  first.append(entries[0] as Uint8Array);
  await first.seal();
  const second = await openWriter(folder.path, signer);
  second.append(entries[1] as Uint8Array);
  first.append(entries[2] as Uint8Array);
  await first.seal();
  await expect(second.seal()).rejects.toThrow("another ledger, or a person, changed it");
  expect(await readFile(join(folder.path, "head"), "utf8")).toBe(first.head?.note);
});

test("killed with SIGKILL again and again while it seals, a log never goes back and is whole at the end", {
  timeout: 120_000,
}, async () => {
  const seed = Buffer.alloc(32, 4).toString("hex");
  const script = new URL("./sealing-process.ts", import.meta.url).pathname;
  const seen = join(folder.path, "seen");
  await appendFile(seen, "");
  for (let kill = 0; kill < 8; kill++) {
    const child = spawn(process.execPath, [script, join(folder.path, "log"), seed], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let sealed = 0;
    child.stdout.on("data", (text: Buffer) => {
      for (const line of text.toString().trim().split("\n")) {
        void appendFile(seen, `${line}\n`);
        // Somewhere inside a later seal, at another place each time.
        if (++sealed === 3 + kill) setTimeout(() => child.kill("SIGKILL"), kill);
      }
    });
    const [code, signal] = await once(child, "exit");
    expect({ code, signal }).toEqual({ code: null, signal: "SIGKILL" });
  }
  const sizes = (await readFile(seen, "utf8")).trim().split("\n").map(Number);
  expect(sizes.length).toBeGreaterThan(20);
  for (const [i, size] of sizes.entries()) expect(size).toBeGreaterThanOrEqual(sizes[i - 1] ?? 0);
  const { keyOfSeed } = await import("./sealing-process.ts");
  const key = await keyOfSeed(seed);
  const writer = await openWriter(join(folder.path, "log"), key, realDisk, sizes.at(-1));
  expect(writer.size).toBeGreaterThanOrEqual(sizes.at(-1) ?? 0);
  expect((await fsck({ directory: join(folder.path, "log"), key })).findings).toEqual([]);
});
