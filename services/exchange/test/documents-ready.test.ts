import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { prepareDocument, type SignedStatement, submitWithRetry } from "@lienthong/client";
import { DocumentState } from "@lienthong/contracts/exchange/v1/document_service";
import { type Document, ErasureReason } from "@lienthong/contracts/exchange/v1/statement";
import { readEvent } from "@lienthong/statement";
import { dossierCode, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf, until } from "./conditions.ts";

const ward = "hn-wold-00001";
const police = "hn-ca-wold-00001";
const insurance = "hn-bhxh-d-001";
const areaCode = testAreas[0];
const procedure = "birth-group-nd63";

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus({ replicas: 2 });
});
afterAll(async () => {
  await bus?.stop();
});

const shard = () => bus.bus.shard.name;
const about = ({ documentId }: Document, agency = ward) => ({ shard: shard(), agency, documentId });
const stateOf = async (document: Document) => (await bus.office(ward).documents.getUpload(about(document))).state;

/** An `open` that names documents. */
const openWith = (documents: readonly Document[], dossier = dossierCode()): SignedStatement =>
  bus.office(ward).signOpen(dossier, areaCode, procedure, documents);

async function mayOpen(agency: string, document: Document): Promise<boolean> {
  const path = join(bus.bus.folder.root, `${document.documentId}-${agency}-${Math.random()}`);
  try {
    await bus.office(agency).documents.downloadDocument({ shard: shard(), agency, document, path });
    return true;
  } catch (error) {
    if ((error as { reason?: string }).reason === "NOT_ENTITLED") return false;
    throw error;
  }
}

test("a statement waits for its documents: refused until they are there as a whole, then accepted as it was signed", async () => {
  const office = bus.office(ward);
  const dossier = dossierCode();
  const bytes = randomBytes(700_000);
  const prepared = await prepareDocument({ source: bytes, kind: "application-form", mediaType: "application/pdf" });
  const signed = openWith([prepared.document], dossier);
  const early = await refusalOf(office.submit(signed));
  expect(early).toMatchObject({
    reason: "DOCUMENT_NOT_READY",
    field: "statement.open.documents[0]",
    retry: "retry-after",
    metadata: { state: "absent" },
  });
  const target = { shard: shard(), agency: ward, dossier };
  const stopped = new AbortController();
  const half = office.documents.uploadPrepared(prepared, {
    ...target,
    signal: stopped.signal,
    onProgress: () => stopped.abort(),
  });
  await expect(half).rejects.toThrow();
  expect((await refusalOf(office.submit(signed))).metadata).toMatchObject({ state: "uploading" });
  const waiting = submitWithRetry((envelope) => office.connection().exchange.submit(envelope), signed.envelope);
  await office.documents.uploadPrepared(prepared, target);
  expect((await waiting).repeatedAnswer).toBe(false);
  await prepared.discard();
});

test("a forward hands each receiver the documents named for it, and to no other", async () => {
  const office = bus.office(ward);
  const dossier = dossierCode();
  const held = await office.complete(await office.open(dossier, areaCode, procedure));
  const forPolice = await office.upload(dossier, randomBytes(1_000), "residence-form");
  const forInsurance = await office.upload(dossier, randomBytes(1_000), "insurance-form");
  const targets = office.targets(held).map((target) => ({
    ...target,
    documents: [target.receiver.agency === police ? forPolice : forInsurance],
  }));
  expect(targets.map(({ receiver }) => receiver.agency)).toEqual([police, insurance]);
  const accepted = await office.submit(office.signForward(held, targets));
  // As a receiver would: the document comes out of the event.
  const { body } = readEvent(accepted.event);
  const what = body.$case === "statement" ? body.statement.what : undefined;
  const named = what?.$case === "forward" ? what.value.branches[0]?.documents[0] : undefined;
  expect(await mayOpen(police, named as Document)).toBe(true);
  expect(await mayOpen(insurance, forInsurance)).toBe(true);
  expect(await mayOpen(police, forInsurance)).toBe(false);
  expect(await mayOpen(insurance, forPolice)).toBe(false);
  const described = await bus.office(police).documents.describeDocuments({ shard: shard(), agency: police, dossier });
  expect(described.map(({ document }) => document?.kind)).toEqual(["residence-form"]);
  expect(await refusalOf(office.documents.deleteDocument(about(forPolice)))).toMatchObject({
    reason: "DOCUMENT_NAMED",
  });

  const [residence] = targets;
  const offered = { ...held, branch: "0.1", step: residence?.step ?? "", head: await headOf(dossier, "0.1") };
  const taken = await bus.office(police).acknowledge(offered);
  // The police sees in the event what was named for the insurance, and may not name it for itself or others.
  const stolen = bus.office(police).pen.complete({ ...taken, outcome: 4, documents: [forInsurance] });
  expect(await refusalOf(bus.office(police).submit(stolen))).toMatchObject({
    reason: "NOT_ENTITLED",
    field: "statement.complete.documents[0]",
  });
});

async function headOf(dossier: string, branch: string): Promise<Uint8Array> {
  const state = await bus.office(ward).connection().exchange.getDossier({ shard: shard(), dossier, agency: ward });
  return state.branches.find((each) => each.branch === branch)?.head ?? new Uint8Array(0);
}

describe("a document that is another than the one named is refused by the attribute", () => {
  const other = new Uint8Array(32).fill(7);
  const changes: [string, Partial<Document>][] = [
    ["kind", { kind: "other-form" }],
    ["media_type", { mediaType: "image/png" }],
    ["size_bytes", { sizeBytes: 5n }],
    ["content_digest", { contentDigest: other }],
    ["transfer_digest", { transferDigest: other }],
  ];
  test.each(changes)("%s", async (attribute, change) => {
    const dossier = dossierCode();
    const document = await bus.office(ward).upload(dossier, randomBytes(100));
    const refusal = await refusalOf(bus.office(ward).submit(openWith([{ ...document, ...change }], dossier)));
    expect(refusal).toMatchObject({
      reason: "DOCUMENT_DIFFERS",
      field: `statement.open.documents[0].${attribute}`,
      retry: "terminal",
    });
  });

  test("or by its id, if it was uploaded for another dossier", async () => {
    const document = await bus.office(ward).upload(dossierCode(), randomBytes(100));
    expect(await refusalOf(bus.office(ward).submit(openWith([document])))).toMatchObject({
      reason: "DOCUMENT_DIFFERS",
      field: "statement.open.documents[0].document_id",
    });
  });
});

test("a document without a transfer digest does not travel and is not looked for", async () => {
  const { document, discard } = await prepareDocument({
    source: randomBytes(9),
    kind: "paper",
    mediaType: "image/png",
  });
  await discard();
  await bus.office(ward).submit(openWith([{ ...document, transferDigest: new Uint8Array(0) }]));
});

test("what its uploader takes back cannot be named any more, until it is uploaded again", async () => {
  const office = bus.office(ward);
  const dossier = dossierCode();
  const prepared = await prepareDocument({ source: randomBytes(9), kind: "paper", mediaType: "image/png" });
  const target = { shard: shard(), agency: ward, dossier };
  await office.documents.uploadPrepared(prepared, target);
  await office.documents.deleteDocument(about(prepared.document));
  const signed = openWith([prepared.document], dossier);
  expect((await refusalOf(office.submit(signed))).metadata).toMatchObject({ state: "deleted" });
  await office.documents.uploadPrepared(prepared, target);
  await office.submit(signed);
  await prepared.discard();
});

test("of a statement and a deletion that race for a document, an accepted statement never names bytes that are gone", async () => {
  const office = bus.office(ward);
  const rounds = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const dossier = dossierCode();
      const bytes = randomBytes(500);
      const document = await office.upload(dossier, bytes);
      const signed = openWith([document], dossier);
      const submit = () =>
        office.submit(signed, index % 2).then(
          () => null,
          (error: unknown) => error,
        );
      const take = () =>
        office.documents.deleteDocument(about(document)).then(
          () => null,
          (error: unknown) => error,
        );
      const both = index % 4 < 2 ? [submit(), take()] : [take(), submit()].reverse();
      const [refused, notTaken] = await Promise.all(both as [ReturnType<typeof submit>, ReturnType<typeof take>]);
      return { document, bytes, refused, notTaken };
    }),
  );
  for (const { document, bytes, refused, notTaken } of rounds) {
    if (refused === null) {
      const path = join(bus.bus.folder.root, document.documentId);
      await office.documents.downloadDocument({ shard: shard(), agency: ward, document, path });
      expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
      await until(
        "it is complete for good",
        async () => (await stateOf(document)) === DocumentState.DOCUMENT_STATE_COMPLETE,
      );
    } else {
      expect(refused).toMatchObject({ reason: "DOCUMENT_NOT_READY" });
    }
    if (notTaken !== null) expect(notTaken).toMatchObject({ reason: "DOCUMENT_NAMED" });
    expect(refused === null || notTaken === null).toBe(true);
  }
});

test("a retry of an accepted statement is answered by either replica though its document was erased; a new one is refused", async () => {
  const office = bus.office(ward);
  const dossier = dossierCode();
  const document = await office.upload(dossier, randomBytes(100));
  const signed = openWith([document], dossier);
  const first = await office.submit(signed);
  const erase = office.pen.sign({
    dossier,
    prior: [],
    what: {
      $case: "erase",
      value: { reason: ErasureReason.ERASURE_REASON_DATA_SUBJECT, documentIds: [document.documentId] },
    },
  });
  await office.submit(erase);
  await until("it is erased", async () => (await stateOf(document)) === DocumentState.DOCUMENT_STATE_ERASED);
  for (const replica of [0, 1]) {
    const again = await office.submit(signed, replica);
    expect(again.repeatedAnswer).toBe(true);
    expect(Buffer.compare(again.event, first.event)).toBe(0);
  }
  const anew = openWith([document], dossier);
  expect(await refusalOf(office.submit(anew))).toMatchObject({
    reason: "DOCUMENT_ERASED",
    field: "statement.open.documents[0]",
    retry: "terminal",
  });
});
