import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PreparedDocument } from "@lienthong/client";
import { DocumentState } from "@lienthong/contracts/exchange/v1/document_service";
import { eventStreamName } from "@lienthong/event-store";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRecordStore } from "../src/record-store.ts";
import { dossierCode, type Ground, prepareGround, TestShard, until } from "./harness.ts";

let ground: Ground;
let shard: TestShard;

beforeAll(async () => {
  ground = await prepareGround();
  shard = await TestShard.create(ground);
});
afterAll(async () => {
  await shard.stop();
  await ground.stop();
});

const part = 262_144;

/** Bytes full of a mark, so that any piece of them that is left anywhere is found. */
function marked(mark: string, bytes: number): Uint8Array {
  return Buffer.alloc(bytes, `${mark} `);
}

/** Files of the store, of the service and of the network that hold any of these, in any spelling that we might use. */
async function filesWith(secrets: readonly Uint8Array[]): Promise<string[]> {
  const spellings = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret);
    return [bytes, Buffer.from(bytes.toString("hex")), Buffer.from(bytes.toString("base64").replaceAll("=", ""))];
  });
  const found: string[] = [];
  for (const folder of [join(ground.folder, "nats"), shard.directory]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const content = await readFile(path).catch(() => Buffer.alloc(0));
      if (spellings.some((spelling) => content.includes(spelling))) found.push(path.slice(ground.folder.length));
    }
  }
  return found;
}

const saltsOf = ({ contentSalt, transferSalt }: PreparedDocument) => [contentSalt, transferSalt];
const open = (dossier: string) => shard.say({ author: "ward-a", dossier, what: { $case: "open", value: {} } });
const erase = (dossier: string) =>
  shard.say({ author: "ward-a", dossier, on: [], what: { $case: "erase", value: { reason: 1, documentIds: [] } } });

async function stateOf({ document: { documentId } }: PreparedDocument): Promise<DocumentState> {
  return (await shard.calls.getUpload({ shard: shard.name, agency: "ward-a", documentId })).state;
}

/** An upload that stops when its first MiB is durable. */
async function beginUpload(dossier: string, bytes: Uint8Array): Promise<PreparedDocument> {
  const prepared = await shard.prepare(bytes);
  const gone = new AbortController();
  const upload = shard.calls.uploadPrepared(prepared, {
    ...{ shard: shard.name, agency: "ward-a", dossier, signal: gone.signal },
    onProgress: (safe) => (safe > 0 ? gone.abort() : undefined),
  });
  await expect(upload).rejects.toThrow();
  return prepared;
}

test("what is erased is in no file of the store any more, salts included, whole or half uploaded, after a restart as before", async () => {
  const dossier = dossierCode();
  await open(dossier);
  const mark = `dữ liệu ${randomBytes(12).toString("hex")}`;
  const secret = Buffer.from(mark);
  const whole = await shard.prepare(marked(mark, 3 * part + 1_000));
  await shard.calls.uploadPrepared(whole, { shard: shard.name, agency: "ward-a", dossier });
  const empty = await shard.prepare(new Uint8Array(0));
  await shard.calls.uploadPrepared(empty, { shard: shard.name, agency: "ward-a", dossier });
  const half = await beginUpload(dossier, marked(`${mark} nửa`, 8 * part));
  // Of another dossier, and the last in the stream: the server keeps an empty stream's last block, a full one's it may throw away.
  const kept = await shard.upload("ward-a", dossierCode(), marked("của hồ sơ khác", part));

  const secrets = [secret, ...saltsOf(whole), ...saltsOf(half), ...saltsOf(empty)];
  for (const each of secrets) expect(await filesWith([each])).not.toEqual([]);
  await erase(dossier);
  for (const each of [whole, half, empty]) {
    await until("it is erased", async () => (await stateOf(each)) === DocumentState.DOCUMENT_STATE_ERASED);
  }
  await until("no file has any of it", async () => (await filesWith(secrets)).length === 0);

  await shard.stop();
  await ground.restartNats();
  await shard.start();
  expect(await filesWith(secrets)).toEqual([]);
  expect(await filesWith(saltsOf(kept))).not.toEqual([]);
  expect(await shard.mayOpen("ward-a", kept.document)).toBe(true);
});

test("a document that spans several files of the store leaves none, whatever was erased before it", async () => {
  const dossier = dossierCode();
  await open(dossier);
  const mark = `dài ${randomBytes(12).toString("hex")}`;
  const documents: PreparedDocument[] = [];
  for (const parts of [3, 36]) {
    const prepared = await shard.prepare(marked(mark, parts * part));
    await shard.calls.uploadPrepared(prepared, { shard: shard.name, agency: "ward-a", dossier });
    documents.push(prepared);
  }
  const secrets = [Buffer.from(mark), ...documents.flatMap(saltsOf)];
  expect((await filesWith([Buffer.from(mark)])).length).toBeGreaterThan(1);
  await erase(dossier);
  for (const each of documents) {
    await until("it is erased", async () => (await stateOf(each)) === DocumentState.DOCUMENT_STATE_ERASED);
  }
  await until("no file has any of it", async () => (await filesWith(secrets)).length === 0);
});

test("what is taken back or collected leaves no more in the store's files", async () => {
  const dossier = dossierCode();
  const mark = `thu hồi ${randomBytes(12).toString("hex")}`;
  const half = await beginUpload(dossier, marked(mark, 8 * part));
  const secrets = [Buffer.from(mark), ...saltsOf(half)];
  expect(await filesWith(secrets)).not.toEqual([]);
  const { documentId } = half.document;
  await shard.calls.deleteDocument({ shard: shard.name, agency: "ward-a", documentId });
  await until("no file has any of it", async () => (await filesWith(secrets)).length === 0);
});

test("an erasure that was cut short when the record had been marked is gone on with", async () => {
  const dossier = dossierCode();
  await open(dossier);
  const mark = `dở dang ${randomBytes(12).toString("hex")}`;
  const prepared = await shard.prepare(marked(mark, 2 * part));
  await shard.calls.uploadPrepared(prepared, { shard: shard.name, agency: "ward-a", dossier });
  await shard.stop();
  await erase(dossier);
  const records = createRecordStore(await ground.connect("documents"), shard.name);
  const { record, sequence } = await records.read(prepared.document.documentId);
  if (record === null) throw new Error("There is no record.");
  await records.write({ ...record, state: "erased", landmarks: [] }, sequence);
  const secrets = [Buffer.from(mark), ...saltsOf(prepared)];
  expect(await filesWith(secrets)).not.toEqual([]);
  await shard.start();
  await until("no file has any of it", async () => (await filesWith(secrets)).length === 0);
});

test("clocks that disagree keep nothing from being erased that an event had named", async () => {
  const dossier = dossierCode();
  await open(dossier);
  shard.clock.move(60_000);
  const named = await shard.upload("ward-a", dossier);
  const value = {
    branches: [
      {
        branch: "0",
        step: "s",
        edge: "e",
        receiver: { agency: "b", unit: "" },
        documents: [named.document],
        copies: [],
      },
    ],
  };
  await shard.say({ author: "ward-a", dossier, what: { $case: "forward", value } });
  const later = await shard.upload("ward-a", dossier);
  shard.clock.move(-60_000);
  await erase(dossier);
  await until("it is erased", async () => (await stateOf(named)) === DocumentState.DOCUMENT_STATE_ERASED);
  expect(await stateOf(later)).toBe(DocumentState.DOCUMENT_STATE_COMPLETE);
});

test("an upload that goes on while its dossier is erased ends, and leaves nothing", async () => {
  const dossier = dossierCode();
  await open(dossier);
  const mark = `đang gửi ${randomBytes(12).toString("hex")}`;
  const prepared = await shard.prepare(marked(mark, 60 * part));
  let saidErase: Promise<unknown> | null = null;
  const upload = shard.calls.uploadPrepared(prepared, {
    ...{ shard: shard.name, agency: "ward-a", dossier },
    onProgress: (safe) => {
      if (safe > 0) saidErase ??= erase(dossier);
    },
  });
  await expect(upload).rejects.toMatchObject({ reason: "DOCUMENT_ERASED" });
  await saidErase;
  const secrets = [Buffer.from(mark), ...saltsOf(prepared)];
  await until("no file has any of it", async () => (await filesWith(secrets)).length === 0);
});

test("the right to overwrite documents overwrites no event", async () => {
  const dossier = dossierCode();
  await open(dossier);
  const connection = await ground.connect("documents");
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const stream = eventStreamName(shard.name);
  const { sequence } = shard.dossiers.get(dossier) as { sequence: number };
  await expect(manager.streams.deleteMessage(stream, sequence, true)).rejects.toThrow(/delete/);
  expect(await manager.streams.getMessage(stream, { seq: sequence })).not.toBeNull();
});
