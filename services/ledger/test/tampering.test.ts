import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { decodeBundle, encodeBundle, type SignerKey, signCheckpoint } from "@lienthong/tlog";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { entryOf, type Finding } from "../src/fsck/findings.ts";
import { type FsckReport, fsck, type StreamMessage } from "../src/fsck/fsck.ts";
import { shardRules } from "../src/leaf-rules.ts";
import { keptFileName } from "../src/log-files.ts";
import {
  filesBelow,
  newFolder,
  newSigner,
  openWriter,
  origin,
  shard,
  shardEvents,
  streamOf,
  writeLog,
} from "./small-log.ts";

const size = 9;
const events = shardEvents(size + 3);
const sealed = events.slice(0, size).map(({ payload }) => payload);
let pristine: Awaited<ReturnType<typeof newFolder>>;
let folder: Awaited<ReturnType<typeof newFolder>>;
let signer: SignerKey;

beforeAll(async () => {
  pristine = await newFolder();
  signer = await newSigner();
  await writeLog(pristine.path, signer, sealed, [0, 4, size]);
});
afterAll(async () => {
  await pristine.remove();
  await folder.remove();
});
beforeEach(async () => {
  await folder?.remove();
  folder = await newFolder();
  await cp(pristine.path, folder.path, { recursive: true });
});

const check = (stream?: readonly StreamMessage[]): Promise<FsckReport> =>
  fsck({
    directory: folder.path,
    key: signer,
    ...(stream === undefined ? {} : { stream: streamOf(stream), rules: shardRules(shard, origin) }),
  });
const bundlePath = `tile/entries/000.p/${size}`;

async function edit(path: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const file = join(folder.path, path);
  await writeFile(file, change(await readFile(file)));
}

function flipped(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
}

/** The finding of a wrong entry in a copy. */
function wrongEntry({ findings }: FsckReport, copy: string): Finding | undefined {
  return findings.find((finding) => finding.what === "entry-wrong" && finding.copy === copy);
}

test("an untouched log has no findings, with and without its stream, and what is not sealed yet is counted", async () => {
  expect(await check()).toMatchObject({ findings: [], proven: ["entries", "tiles"], unsealed: null });
  expect(await check(events)).toMatchObject({ findings: [], proven: ["entries", "tiles", "stream"], unsealed: 3 });
});

describe("every byte of every entry of a tiny log, flipped", () => {
  const tiny = 4;
  const tinyBundle = `tile/entries/000.p/${tiny}`;

  beforeEach(async () => {
    await folder.remove();
    folder = await newFolder();
    await writeLog(folder.path, signer, sealed.slice(0, tiny));
  });

  test("in the bundle: that entry is named, by dossier and number", { timeout: 60_000 }, async () => {
    const bytes = await readFile(join(folder.path, tinyBundle));
    let at = 0;
    for (const [index, entry] of sealed.slice(0, tiny).entries()) {
      for (let i = 2; i < entry.length + 2; i++) {
        await writeFile(join(folder.path, tinyBundle), flipped(bytes, at + i));
        const finding = wrongEntry(await check(), "entries");
        expect(finding).toMatchObject({ index, missing: false, count: 1 });
      }
      at += 2 + entry.length;
    }
  });

  test("in the stream: that entry is named", { timeout: 60_000 }, async () => {
    for (const [index, { payload }] of events.slice(0, tiny).entries()) {
      for (let at = 0; at < payload.length; at++) {
        const stream = events
          .slice(0, tiny)
          .with(index, { ...(events[index] as StreamMessage), payload: flipped(payload, at) });
        expect(wrongEntry(await check(stream), "stream")).toMatchObject({ index, missing: false, count: 1 });
      }
    }
  });

  test("in the hash tile: the entry whose hash it is", async () => {
    const bytes = await readFile(join(folder.path, `tile/0/000.p/${tiny}`));
    for (let at = 0; at < bytes.length; at++) {
      await writeFile(join(folder.path, `tile/0/000.p/${tiny}`), flipped(bytes, at));
      expect(wrongEntry(await check(), "tiles")).toMatchObject({ index: Math.floor(at / 32), count: 1 });
    }
  });

  test("in the lengths between them: the bundle is named at the entry", async () => {
    const bytes = await readFile(join(folder.path, tinyBundle));
    let at = 0;
    for (const [index, entry] of sealed.slice(0, tiny).entries()) {
      for (const byte of [0, 1]) {
        await writeFile(join(folder.path, tinyBundle), flipped(bytes, at + byte));
        const entries = (await check()).findings.map(entryOf);
        expect(entries).toContain(index);
      }
      at += 2 + entry.length;
    }
  });
});

test("every flipped byte of head, published and kept checkpoints is noticed", { timeout: 60_000 }, async () => {
  for (const [file, whats] of [
    ["head", ["head-unsigned"]],
    ["checkpoint", ["published-wrong"]],
  ] as const) {
    const bytes = await readFile(join(folder.path, file));
    for (let at = 0; at < bytes.length; at++) {
      await writeFile(join(folder.path, file), flipped(bytes, at));
      expect((await check()).findings.map(({ what }) => what)).toEqual(whats);
    }
    await writeFile(join(folder.path, file), bytes);
  }
  const kept = new DatabaseSync(join(folder.path, keptFileName));
  const note = (kept.prepare("SELECT note FROM checkpoints WHERE size = 4").get() as { note: string }).note;
  const change = kept.prepare("UPDATE checkpoints SET note = ? WHERE size = 4");
  for (let at = 0; at < note.length; at += 3) {
    const other = note[at] === "x" ? "y" : "x";
    change.run(note.slice(0, at) + other + note.slice(at + 1));
    expect((await check()).findings).toMatchObject([{ what: "kept-wrong", size: 4 }]);
  }
  kept.close();
});

test("an entry edited, dropped, swapped or cut off is named in the copy that is wrong", async () => {
  const change = async (make: (entries: Uint8Array[]) => Uint8Array[]) =>
    edit(bundlePath, (bytes) => {
      const entries = make(decodeBundle(bytes, size));
      return Buffer.concat(entries.map((entry) => encodeBundle([entry])));
    });
  await change((entries) => entries.with(5, (events[8] as StreamMessage).payload));
  expect(wrongEntry(await check(events), "entries")).toMatchObject({
    index: 5,
    count: 1,
    event: { dossier: "H26-250505-000003", number: 2, claimed: false },
  });
  await cp(pristine.path, folder.path, { recursive: true });
  await change((entries) => entries.toSpliced(3, 1));
  const dropped = await check(events);
  expect(wrongEntry(dropped, "entries")).toMatchObject({
    index: 3,
    event: { dossier: "H26-250505-000001", number: 1, claimed: false },
  });
  await cp(pristine.path, folder.path, { recursive: true });
  await change((entries) => entries.with(2, entries[6] as Uint8Array).with(6, entries[2] as Uint8Array));
  expect(wrongEntry(await check(events), "entries")).toMatchObject({ index: 2, count: 2 });
  await cp(pristine.path, folder.path, { recursive: true });
  await edit(bundlePath, (bytes) => bytes.subarray(0, bytes.length - 5));
  expect((await check(events)).findings.map(entryOf)).toContain(size - 1);
  await cp(pristine.path, folder.path, { recursive: true });
  await rm(join(folder.path, bundlePath));
  expect(wrongEntry(await check(events), "entries")).toMatchObject({ index: 0, missing: true, count: size });
});

test("a message dropped, swapped, added under another subject or cut off is named in the stream", async () => {
  const dropped = events.filter(({ sequence }) => sequence !== 4);
  expect(wrongEntry(await check(dropped), "stream")).toMatchObject({ index: 3, missing: true, count: 1 });
  const swapped = events.map(({ sequence }, i) => ({ ...(events[[0, 2, 1][i] ?? i] as StreamMessage), sequence }));
  expect(wrongEntry(await check(swapped), "stream")).toMatchObject({ index: 1, count: 2 });
  const misplaced = events.with(4, { ...(events[4] as StreamMessage), subject: (events[5] as StreamMessage).subject });
  expect((await check(misplaced)).findings).toMatchObject([{ what: "message-odd", index: 4 }]);
  const short = await check(events.slice(0, 6));
  expect(short.findings).toContainEqual({ what: "stream-short", lastIndex: 5, size });
  expect(wrongEntry(short, "stream")).toMatchObject({ index: 6, missing: true, count: 3 });
});

test("entries, tiles and stream changed together do not lead to the signed root, and kept checkpoints say from where", async () => {
  const forged = flipped(sealed[6] as Uint8Array, 30);
  await rm(join(folder.path, "tile"), { recursive: true });
  const other = await newFolder();
  await writeLog(other.path, signer, sealed.with(6, forged), [4, size]);
  await cp(join(other.path, "tile"), join(folder.path, "tile"), { recursive: true });
  await other.remove();
  const stream = events.with(6, { ...(events[6] as StreamMessage), payload: forged });
  const { findings, proven } = await check(stream);
  expect(proven).toEqual([]);
  expect(findings).toContainEqual(expect.objectContaining({ what: "all-changed", from: 4, until: size }));
});

test("an old head that was put back is noticed by fsck, and refused by the ledger", async () => {
  const old = await newFolder();
  await writeLog(old.path, signer, sealed.slice(0, 4));
  await cp(join(old.path, "head"), join(folder.path, "head"));
  await old.remove();
  expect((await check()).findings).toEqual([{ what: "head-old", size: 4, signedSize: size }]);
  await expect(openWriter(folder.path, signer, undefined, size)).rejects.toThrow("an old one was put back");
});

test("a fork signed with the log's own key is found by the entries, and refused by the ledger", async () => {
  const note = await signCheckpoint({ origin, size, root: Buffer.alloc(32, 5) }, signer);
  await writeFile(join(folder.path, "checkpoint"), note);
  expect((await check()).findings).toMatchObject([{ what: "published-wrong", cause: /forked/ }]);
  await writeFile(join(folder.path, "head"), note);
  const { findings } = await check();
  expect(findings.map(({ what }) => what)).toContain("all-changed");
  await expect(openWriter(folder.path, signer)).rejects.toThrow("do not lead to the root");
});

test("a head that is missing is noticed, and refused by the ledger", async () => {
  await rm(join(folder.path, "head"));
  expect((await check()).findings).toEqual([{ what: "head-missing" }]);
  await expect(openWriter(folder.path, signer, undefined, size)).rejects.toThrow("its head is missing");
});

test("a flip anywhere in a log of several tiles is noticed, or is in no file of the log", {
  timeout: 120_000,
}, async () => {
  const larger = await newFolder();
  const many = shardEvents(600).map(({ payload }) => payload);
  await writeLog(larger.path, signer, many, [0, 255, 256, 300, 600]);
  expect((await fsck({ directory: larger.path, key: signer })).findings).toEqual([]);
  const files = (await filesBelow(larger.path)).filter((file) => !file.startsWith(keptFileName));
  for (const file of files) {
    const path = join(larger.path, file);
    const bytes = await readFile(path);
    for (const at of [0, 1, 2, 31, 32, Math.floor(bytes.length / 2), bytes.length - 1]) {
      if (at >= bytes.length) continue;
      await writeFile(path, flipped(bytes, at));
      const { findings } = await fsck({ directory: larger.path, key: signer });
      expect(findings, `${file} byte ${at}`).not.toEqual([]);
    }
    await writeFile(path, bytes);
  }
  await larger.remove();
});
