import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { DocumentState } from "@lienthong/contracts/exchange/v1/document_service";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPartStore } from "../src/part-store.ts";
import { createRecordStore } from "../src/record-store.ts";
import { dayMs, dossierCode, type Ground, hourMs, prepareGround, TestShard, until } from "./harness.ts";

let ground: Ground;
let shard: TestShard;

beforeAll(async () => {
  ground = await prepareGround();
});
afterAll(() => ground.stop());
beforeEach(async () => {
  shard = await TestShard.create(ground);
});
afterEach(() => shard.stop());

const nothing = { unfinished: 0, unnamed: 0, removed: 0, restored: 0, erased: 0 };
const part = 262_144;

const about = ({ documentId }: Document) => ({ shard: shard.name, agency: "ward-a", documentId });
const stateOf = async (document: Document) => (await shard.calls.getUpload(about(document))).state;

async function name(document: Document, dossier: string, receiver = "receiver"): Promise<void> {
  const branches = [
    { branch: "0", step: "s", edge: "e", receiver: { agency: receiver, unit: "" }, documents: [document], copies: [] },
  ];
  await shard.say({ author: "ward-a", dossier, what: { $case: "forward", value: { branches } } });
}

const open = (dossier: string) => shard.say({ author: "ward-a", dossier, what: { $case: "open", value: {} } });

/** An upload of three parts of which one is durable. */
async function unfinished(): Promise<Document> {
  const prepared = await shard.prepare(randomBytes(3 * part));
  const target = { shard: shard.name, agency: "ward-a", dossier: dossierCode() };
  const gone = new AbortController();
  const onProgress = (safe: number) => (safe === 0 ? gone.abort() : undefined);
  const upload = shard.calls.uploadPrepared(prepared, { ...target, onProgress, signal: gone.signal });
  await expect(upload).rejects.toThrow();
  return prepared.document;
}

/** Waits until the index has heard of a document, so that a round finds it. */
async function collectUntil(what: Partial<typeof nothing>): Promise<void> {
  const sum = { ...nothing };
  await until(`${JSON.stringify(what)} was collected, not ${JSON.stringify(sum)}`, async () => {
    const round = await shard.documents.collect();
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += round[key];
    return Object.entries(what).every(([key, count]) => sum[key as keyof typeof sum] >= (count as number));
  });
  expect(sum).toEqual({ ...nothing, ...what });
}

test("an upload without progress for 24 hours is collected, one that moves is not", async () => {
  const document = await unfinished();
  shard.clock.move(23 * hourMs);
  expect(await shard.documents.collect()).toEqual(nothing);
  expect(await stateOf(document)).toBe(DocumentState.DOCUMENT_STATE_UPLOADING);
  shard.clock.move(2 * hourMs);
  await collectUntil({ unfinished: 1 });
  await expect(stateOf(document)).rejects.toMatchObject({ reason: "DOCUMENT_UNKNOWN" });
  expect((await shard.stored()).partBytes).toBeLessThan(1_000);
});

test("a document that no event named for 7 days goes, after the grace period with its bytes; a named one never", async () => {
  const dossier = dossierCode();
  await open(dossier);
  const named = await shard.upload("ward-a", dossier);
  const orphan = await shard.upload("ward-a", dossier, randomBytes(2 * part));
  await name(named.document, dossier);
  shard.clock.move(6 * dayMs);
  expect(await shard.documents.collect()).toEqual(nothing);
  shard.clock.move(dayMs + hourMs);
  await collectUntil({ unnamed: 1 });
  expect(await stateOf(orphan.document)).toBe(DocumentState.DOCUMENT_STATE_DELETED);
  expect((await shard.stored()).partBytes).toBeGreaterThan(2 * part);
  shard.clock.move(23 * hourMs);
  expect(await shard.documents.collect()).toEqual(nothing);
  shard.clock.move(2 * hourMs);
  await collectUntil({ removed: 1 });
  await expect(stateOf(orphan.document)).rejects.toMatchObject({ reason: "DOCUMENT_UNKNOWN" });
  expect((await shard.stored()).partBytes).toBeLessThan(part);
  shard.clock.move(1_000 * dayMs);
  expect(await shard.documents.collect()).toEqual(nothing);
  expect(await shard.mayOpen("receiver", named.document)).toBe(true);
  const again = { shard: shard.name, agency: "ward-a", dossier };
  expect(await shard.calls.uploadPrepared(orphan, again)).toMatchObject({ repeated: false });
});

describe("a document that is taken back while a statement that names it is on its way", () => {
  test("stays as soon as the event is seen", async () => {
    const dossier = dossierCode();
    await open(dossier);
    const { document } = await shard.upload("ward-a", dossier);
    await shard.calls.deleteDocument(about(document));
    await name(document, dossier);
    await until(
      "it is complete again",
      async () => (await stateOf(document)) === DocumentState.DOCUMENT_STATE_COMPLETE,
    );
    await expect(shard.calls.deleteDocument(about(document))).rejects.toMatchObject({ reason: "DOCUMENT_NAMED" });
  });

  test("is handed out even before that, and stays though nobody saw the event until the grace period was over", async () => {
    const dossier = dossierCode();
    await open(dossier);
    const { document } = await shard.upload("ward-a", dossier);
    await shard.calls.deleteDocument(about(document));
    await shard.stop();
    await name(document, dossier);
    await rm(shard.directory, { recursive: true });
    shard.clock.move(3 * dayMs);
    await shard.start();
    await shard.documents.collect();
    expect(await shard.mayOpen("receiver", document)).toBe(true);
    expect(await stateOf(document)).toBe(DocumentState.DOCUMENT_STATE_COMPLETE);
  });
});

test("a removal that was cut short is gone on with", async () => {
  const dossier = dossierCode();
  const { document } = await shard.upload("ward-a", dossier, randomBytes(part));
  const connection = await ground.connect("documents");
  const records = createRecordStore(connection, shard.name);
  const { record, sequence } = await records.read(document.documentId);
  if (record === null) throw new Error("There is no record.");
  await records.write({ ...record, state: "removing" }, sequence);
  await collectUntil({ removed: 1 });
  const parts = await createPartStore(connection, shard.name);
  expect((await parts.last(record)).index).toBe(-1);
  expect((await records.read(document.documentId)).record).toBeNull();
});

describe("an `erase` of the desk", () => {
  const erase = (dossier: string, documents: readonly Document[]) =>
    shard.say({
      author: "ward-a",
      dossier,
      on: [],
      what: { $case: "erase", value: { reason: 1, documentIds: documents.map(({ documentId }) => documentId) } },
    });
  const erased = async (document: Document) => (await stateOf(document)) === DocumentState.DOCUMENT_STATE_ERASED;

  test("takes salts and bytes of the documents it names, of that dossier only", async () => {
    const [dossier, other] = [dossierCode(), dossierCode()];
    await open(dossier);
    const gone = await shard.upload("ward-a", dossier, randomBytes(2 * part));
    const kept = await shard.upload("ward-a", dossier);
    const foreign = await shard.upload("ward-a", other);
    await name(gone.document, dossier);
    await erase(dossier, [gone.document, foreign.document]);
    await until("it is erased", () => erased(gone.document));
    expect(await stateOf(kept.document)).toBe(DocumentState.DOCUMENT_STATE_COMPLETE);
    expect(await stateOf(foreign.document)).toBe(DocumentState.DOCUMENT_STATE_COMPLETE);
    await until("its bytes are gone", async () => (await shard.stored()).partBytes < part);
    await expect(shard.download("receiver", gone.document)).rejects.toMatchObject({ reason: "DOCUMENT_ERASED" });
    const [described] = await shard.calls.describeDocuments({
      ...{ shard: shard.name, agency: "receiver", dossier },
      documentIds: [gone.document.documentId],
    });
    expect(described?.transferSalt.length).toBe(0);
    expect(described?.contentSalt.length).toBe(0);
    expect(described?.document).toMatchObject({ kind: "form" });
    const again = { shard: shard.name, agency: "ward-a", dossier };
    await expect(shard.calls.uploadPrepared(gone, again)).rejects.toMatchObject({ reason: "DOCUMENT_ERASED" });
    await expect(shard.calls.deleteDocument(about(gone.document))).rejects.toMatchObject({ reason: "DOCUMENT_ERASED" });
  });

  test("that names none takes all there were of the dossier, and none that come later", async () => {
    const dossier = dossierCode();
    await open(dossier);
    const uploads = [];
    for (let index = 0; index < 3; index++) uploads.push(await shard.upload("ward-a", dossier));
    await shard.calls.deleteDocument(about((uploads[0] as { document: Document }).document));
    await erase(dossier, []);
    for (const { document } of uploads) await until("each is erased", () => erased(document));
    shard.clock.move(1_000);
    const later = await shard.upload("ward-a", dossier);
    expect(await stateOf(later.document)).toBe(DocumentState.DOCUMENT_STATE_COMPLETE);
  });

  test("that was said while the service was away, or before its index was lost, has its effect", async () => {
    const dossier = dossierCode();
    await open(dossier);
    const { document } = await shard.upload("ward-a", dossier);
    const { document: second } = await shard.upload("ward-a", dossier);
    await shard.stop();
    await erase(dossier, [document]);
    await shard.start();
    await until("it is erased", () => erased(document));
    await shard.stop();
    await erase(dossier, [second]);
    await rm(shard.directory, { recursive: true });
    await shard.start();
    await until("the second is erased, too", () => erased(second));
  });
});
