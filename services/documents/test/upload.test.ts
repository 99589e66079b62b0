import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGrpcCredentials, grpcChannelOptions } from "@lienthong/chassis/channel";
import { fromServiceError, type ServiceErrorLike } from "@lienthong/chassis/status";
import type { ByteSource, PreparedDocument } from "@lienthong/client";
import {
  DocumentServiceClient,
  DocumentState,
  type UploadDocumentRequest,
  type UploadDocumentResponse,
  type UploadStart,
} from "@lienthong/contracts/exchange/v1/document_service";
import { newSalt } from "@lienthong/statement";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
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
const target = (dossier = dossierCode(), agency = "ward-a") => ({ shard: shard.name, agency, dossier });

/** A client without the SDK's care. */
async function rawClient(of: TestShard = shard): Promise<DocumentServiceClient> {
  const tls = await ground.authority.system("office-system");
  const options = { ...grpcChannelOptions({ sharedConnection: false }), "grpc.ssl_target_name_override": "localhost" };
  const client = new DocumentServiceClient(of.address, createGrpcCredentials(tls), options);
  onTestFinished(() => client.close());
  return client;
}

function startOf(prepared: PreparedDocument, dossier: string, agency = "ward-a"): UploadStart {
  const { document, transferSizeBytes, encrypted, contentSalt, transferSalt } = prepared;
  const transferSize = BigInt(transferSizeBytes);
  return {
    ...{ shard: shard.name, dossier, agency, document, encrypted, contentSalt, transferSalt },
    transferSizeBytes: transferSize,
  };
}

/** One raw upload: sends what it is given, tells what came back. */
async function rawUpload(requests: UploadDocumentRequest[], options: { end?: boolean } = {}) {
  const call = (await rawClient()).uploadDocument();
  for (const request of requests) call.write(request);
  if (options.end !== false) call.end();
  const answers: UploadDocumentResponse[] = [];
  try {
    for await (const answer of call as AsyncIterable<UploadDocumentResponse>) answers.push(answer);
    return { answers, refusal: null };
  } catch (error) {
    return { answers, refusal: fromServiceError(error as ServiceErrorLike) };
  }
}

const startRequest = (start: UploadStart): UploadDocumentRequest => ({ what: { $case: "start", value: start } });
const chunkRequest = (offset: number, data: Uint8Array): UploadDocumentRequest => ({
  what: { $case: "chunk", value: { offset: BigInt(offset), data } },
});

test.each([0, 1, part - 1, part, part + 1, 40 * part + 17])(
  "a document of %i bytes comes back byte for byte, verified",
  async (size) => {
    const bytes = randomBytes(size);
    const progress: number[] = [];
    const prepared = await shard.prepare(bytes);
    const dossier = dossierCode();
    const onProgress = (safe: number) => void progress.push(safe);
    const uploaded = await shard.calls.uploadPrepared(prepared, { ...target(dossier), onProgress });
    expect(uploaded).toMatchObject({ repeated: false, document: prepared.document });
    expect(progress.at(-1)).toBe(size);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    const path = await shard.download("ward-a", prepared.document);
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  },
);

test("a download can begin anywhere", async () => {
  const bytes = randomBytes(37 * part + 5);
  const { document } = await shard.upload("ward-a", dossierCode(), bytes);
  const client = await rawClient();
  for (const offset of [1, part, 16 * part - 1, 17 * part + 3, bytes.length - 1, bytes.length]) {
    const call = client.downloadDocument({
      ...{ shard: shard.name, agency: "ward-a", documentId: document.documentId },
      offset: BigInt(offset),
    });
    const pieces: Buffer[] = [];
    for await (const { what } of call) {
      if (what.$case !== "chunk") continue;
      expect(Number(what.value.offset)).toBe(offset + Buffer.concat(pieces).length);
      pieces.push(what.value.data);
    }
    expect(Buffer.compare(Buffer.concat(pieces), bytes.subarray(offset))).toBe(0);
  }
});

test("a source that is no file is hashed and sent as it comes", async () => {
  async function* pieces(): ByteSource {
    for (let index = 0; index < 5; index++) yield Buffer.alloc(100_000, index);
  }
  const dossier = dossierCode();
  const source = { source: pieces(), kind: "form", mediaType: "application/pdf" };
  const { document } = await shard.calls.uploadDocument({ ...source, ...target(dossier) });
  expect(document.sizeBytes).toBe(500_000n);
  const bytes = await readFile(await shard.download("ward-a", document));
  expect(bytes.every((byte, index) => byte === Math.floor(index / 100_000))).toBe(true);
});

describe("an encrypted document", () => {
  const xor = (key: number) =>
    async function* (bytes: ByteSource): ByteSource {
      yield Uint8Array.of(key);
      for await (const piece of bytes) yield piece.map((byte) => byte ^ key);
    };
  const unxor = (key: number) =>
    async function* (bytes: ByteSource): ByteSource {
      let first = true;
      for await (const piece of bytes) {
        yield (first ? piece.subarray(1) : piece).map((byte) => byte ^ key);
        first = false;
      }
    };

  test.each([false, true])("is verified in both forms, its salt withheld from the bus: %s", async (withhold) => {
    const plain = randomBytes(300_000);
    const prepared = await shard.prepare(plain, { encrypt: xor(7), withholdContentSalt: withhold });
    expect(prepared.transferSizeBytes).toBe(300_001);
    await shard.calls.uploadPrepared(prepared, target());
    await prepared.discard();
    const path = join(ground.folder, `plain-${withhold}`);
    const download = { shard: shard.name, agency: "ward-a", document: prepared.document, path };
    await expect(shard.calls.downloadDocument(download)).rejects.toMatchObject({ field: "content_digest" });
    const salt = withhold ? { contentSalt: prepared.contentSalt } : {};
    await expect(shard.calls.downloadDocument({ ...download, ...salt, decrypt: unxor(8) })).rejects.toMatchObject({
      name: "DocumentRejectedError",
      field: "content_digest",
    });
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
    const got = await shard.calls.downloadDocument({ ...download, ...salt, decrypt: unxor(7) });
    expect(got.contentVerified).toBe(true);
    expect(Buffer.compare(await readFile(path), plain)).toBe(0);
    const kept = await shard.calls.downloadDocument({ ...download, keepEncrypted: true });
    expect(kept.contentVerified).toBe(false);
    expect((await readFile(path)).length).toBe(300_001);
  });
});

test("an upload that broke off goes on at the bytes that are durable, also after the service was restarted", async () => {
  const own = await TestShard.create(ground);
  onTestFinished(() => own.stop());
  const bytes = randomBytes(10 * part + 100);
  const prepared = await own.prepare(bytes);
  const dossier = dossierCode();
  const about = { shard: own.name, agency: "ward-a", documentId: prepared.document.documentId };
  await expect(own.calls.getUpload(about)).rejects.toMatchObject({ reason: "DOCUMENT_UNKNOWN" });

  const durableBytes = async () => Number((await own.calls.getUpload(about)).durableBytes);
  const cutAt = async (parts: number, halfSent: number) => {
    const call = (await rawClient(own)).uploadDocument();
    call.on("error", () => {});
    call.write(startRequest({ ...startOf(prepared, dossier), shard: own.name }));
    const from = await durableBytes().catch(() => 0);
    for (let at = from; at < parts * part; at += part) call.write(chunkRequest(at, bytes.subarray(at, at + part)));
    call.write(chunkRequest(parts * part, bytes.subarray(parts * part, parts * part + halfSent)));
    await until(`${parts} parts are durable`, async () => {
      const reached = await durableBytes().catch(() => -1);
      return reached === parts * part;
    });
    call.cancel();
  };
  await cutAt(3, 1_000);
  expect(await own.calls.getUpload(about)).toMatchObject({
    state: DocumentState.DOCUMENT_STATE_UPLOADING,
    durableBytes: BigInt(3 * part),
    transferSizeBytes: BigInt(bytes.length),
  });
  await own.stop();
  await own.start();
  await cutAt(5, 0 + 7);
  const progress: number[] = [];
  const onProgress = (safe: number) => void progress.push(safe);
  await own.calls.uploadPrepared(prepared, { shard: own.name, agency: "ward-a", dossier, onProgress });
  expect(progress[0]).toBe(5 * part);
  const path = await own.download("ward-a", prepared.document);
  expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
});

test("the client goes on by itself when the service goes away in the middle of an upload and of a download", async () => {
  const own = await TestShard.create(ground);
  const bytes = randomBytes(60 * part);
  const prepared = await own.prepare(bytes);
  // Both ends of the client must find the service again: it comes back on another port, so a proxy keeps the address.
  const { openProxy } = await import("./cutting-proxy.ts");
  const proxy = await openProxy(own.address);
  onTestFinished(async () => {
    await proxy.close();
    await own.stop();
  });
  const { connect } = await import("@lienthong/client");
  const tls = await ground.authority.system("office-system");
  const connection = connect({ address: proxy.address, tls, channel: { sharedConnection: false } });
  onTestFinished(() => connection.close());
  const about = { shard: own.name, agency: "ward-a" };
  let cuts = 0;
  const cutAfter = (bytesMin: number) => (safe: number) => {
    if (cuts === 0 && safe >= bytesMin) {
      cuts += 1;
      proxy.cut();
    }
  };
  await connection.documents.uploadPrepared(prepared, {
    ...about,
    dossier: dossierCode(),
    onProgress: cutAfter(4 * part),
  });
  expect(cuts).toBe(1);
  cuts = 0;
  const path = join(ground.folder, "through-cuts");
  const download = { ...about, document: prepared.document, path, onProgress: cutAfter(20 * part) };
  await connection.documents.downloadDocument(download);
  expect(cuts).toBe(1);
  expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
});

describe("bytes that are not those committed to", () => {
  test("are refused by the service, dropped, and named by the digest", async () => {
    const prepared = await shard.prepare(randomBytes(3 * part));
    const { documentId } = prepared.document;
    const before = await shard.stored();
    const flipped = await readFile(prepared.path);
    flipped[2 * part] = (flipped[2 * part] ?? 0) ^ 1;
    await writeFile(prepared.path, flipped);
    await expect(shard.calls.uploadPrepared(prepared, target())).rejects.toMatchObject({
      reason: "DOCUMENT_DIFFERS",
      field: "start.document.transfer_digest",
    });
    const about = { shard: shard.name, agency: "ward-a", documentId };
    await expect(shard.calls.getUpload(about)).rejects.toMatchObject({ reason: "DOCUMENT_UNKNOWN" });
    expect((await shard.stored()).partBytes - before.partBytes).toBeLessThan(1_000);
    flipped[2 * part] = (flipped[2 * part] ?? 0) ^ 1;
    await writeFile(prepared.path, flipped);
    expect(await shard.calls.uploadPrepared(prepared, target())).toMatchObject({ repeated: false });
  });

  test("are noticed by the content digest, too, when the plain bytes travel", async () => {
    const prepared = await shard.prepare(randomBytes(10));
    const document = { ...prepared.document, contentDigest: newSalt() };
    await expect(shard.calls.uploadPrepared({ ...prepared, document }, target())).rejects.toMatchObject({
      reason: "DOCUMENT_DIFFERS",
      field: "start.document.content_digest",
    });
  });

  test.each(["transferDigest", "contentDigest"] as const)(
    "are not left in the receiver's file if the event says otherwise: %s",
    async (digest) => {
      const prepared = await shard.upload("ward-a", dossierCode());
      const path = join(ground.folder, `rejected-${digest}`);
      await writeFile(path, "what was there before");
      const document = { ...prepared.document, [digest]: newSalt() };
      const download = { shard: shard.name, agency: "ward-a", document, path };
      await expect(shard.calls.downloadDocument(download)).rejects.toMatchObject({
        name: "DocumentRejectedError",
        field: digest.replace("D", "_d"),
      });
      expect(await readFile(path, "utf8")).toBe("what was there before");
    },
  );
});

describe("a complete document", () => {
  test("is answered again for the same upload, and never becomes another", async () => {
    const dossier = dossierCode();
    const bytes = randomBytes(2 * part);
    const prepared = await shard.prepare(bytes);
    await shard.calls.uploadPrepared(prepared, target(dossier));
    expect(await shard.calls.uploadPrepared(prepared, target(dossier))).toMatchObject({ repeated: true });
    const { documentId } = prepared.document;
    const other = await shard.prepare(randomBytes(2 * part), { documentId });
    await expect(shard.calls.uploadPrepared(other, target(dossier))).rejects.toMatchObject({
      reason: "DOCUMENT_DIFFERS",
      field: "start.document.content_digest",
    });
    for (const [change, field] of [
      [{ dossier: dossierCode() }, "start.dossier"],
      [{ agency: "ward-b" }, "start.document.document_id"],
    ] as const) {
      await expect(shard.calls.uploadPrepared(prepared, { ...target(dossier), ...change })).rejects.toMatchObject({
        reason: "DOCUMENT_DIFFERS",
        field,
      });
    }
    const path = await shard.download("ward-a", prepared.document);
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  });

  test("can be taken back and brought back by its uploader while no event names it", async () => {
    const dossier = dossierCode();
    const prepared = await shard.upload("ward-a", dossier);
    const about = { shard: shard.name, agency: "ward-a", documentId: prepared.document.documentId };
    await expect(shard.calls.deleteDocument({ ...about, agency: "ward-b" })).rejects.toMatchObject({
      reason: "DOCUMENT_UNKNOWN",
    });
    await shard.calls.deleteDocument(about);
    await shard.calls.deleteDocument(about);
    expect((await shard.calls.getUpload(about)).state).toBe(DocumentState.DOCUMENT_STATE_DELETED);
    await expect(shard.download("ward-a", prepared.document)).rejects.toMatchObject({ reason: "DOCUMENT_NOT_READY" });
    expect(await shard.calls.uploadPrepared(prepared, target(dossier))).toMatchObject({ repeated: true });
    await rm(await shard.download("ward-a", prepared.document));
  });
});

test("an unfinished upload that is taken back is gone, and its writer is told", async () => {
  const prepared = await shard.prepare(randomBytes(3 * part));
  const { documentId } = prepared.document;
  const about = { shard: shard.name, agency: "ward-a", documentId };
  const bytes = await readFile(prepared.path);
  const call = (await rawClient()).uploadDocument();
  const ended = new Promise<ServiceErrorLike>((resolve) => call.on("error", resolve));
  call.resume();
  call.write(startRequest(startOf(prepared, dossierCode())));
  call.write(chunkRequest(0, bytes.subarray(0, part)));
  await until("a part is durable", async () =>
    shard.calls.getUpload(about).then(
      ({ durableBytes }) => durableBytes > 0n,
      () => false,
    ),
  );
  await shard.calls.deleteDocument(about);
  call.write(chunkRequest(part, bytes.subarray(part, 2 * part)));
  expect(fromServiceError(await ended)).toMatchObject({ reason: "UPLOAD_SUPERSEDED" });
  await expect(shard.calls.getUpload(about)).rejects.toMatchObject({ reason: "DOCUMENT_UNKNOWN" });
});

test("a second call takes an upload over from one that stands still", async () => {
  const prepared = await shard.prepare(randomBytes(4 * part));
  const dossier = dossierCode();
  const call = (await rawClient()).uploadDocument();
  const ended = new Promise<ServiceErrorLike>((resolve) => call.on("error", resolve));
  const begun = new Promise((resolve) => call.once("data", resolve));
  call.resume();
  call.write(startRequest(startOf(prepared, dossier)));
  call.write(chunkRequest(0, (await readFile(prepared.path)).subarray(0, part + 5_000 - 5_000)));
  await begun;
  expect(await shard.calls.uploadPrepared(prepared, target(dossier))).toMatchObject({ repeated: false });
  expect(fromServiceError(await ended)).toMatchObject({ reason: "UPLOAD_SUPERSEDED" });
});

test("of many calls that upload the same document at once, what becomes complete is whole", async () => {
  const bytes = randomBytes(6 * part);
  const prepared = await shard.prepare(bytes);
  const dossier = dossierCode();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, () => shard.calls.uploadPrepared(prepared, target(dossier))),
  );
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ reason: "UPLOAD_SUPERSEDED" });
  }
  expect(outcomes.some(({ status }) => status === "fulfilled")).toBe(true);
  expect(Buffer.compare(await readFile(await shard.download("ward-a", prepared.document)), bytes)).toBe(0);
});

describe("what is refused", () => {
  const refusedStarts: [string, string, (start: UploadStart) => Partial<UploadStart>][] = [
    ["SHARD_UNKNOWN", "start.shard", () => ({ shard: "elsewhere" })],
    ["FIELD_INVALID", "start.dossier", () => ({ dossier: "H26" })],
    ["FIELD_INVALID", "start.agency", () => ({ agency: "Ward" })],
    ["DELEGATION_MISSING", "start.agency", () => ({ agency: "stranger" })],
    ["FIELD_MISSING", "start.document", () => ({ document: undefined })],
    [
      "FIELD_INVALID",
      "start.document.document_id",
      ({ document }) => ({ document: { ...document!, documentId: "x" } }),
    ],
    ["FIELD_INVALID", "start.document.kind", ({ document }) => ({ document: { ...document!, kind: "A b" } })],
    [
      "FIELD_INVALID",
      "start.document.media_type",
      ({ document }) => ({ document: { ...document!, mediaType: "pdf" } }),
    ],
    [
      "FIELD_INVALID",
      "start.document.content_digest",
      ({ document }) => ({ document: { ...document!, contentDigest: new Uint8Array(31) } }),
    ],
    [
      "FIELD_MISSING",
      "start.document.transfer_digest",
      ({ document }) => ({ document: { ...document!, transferDigest: new Uint8Array(0) } }),
    ],
    ["FIELD_INVALID", "start.transfer_size_bytes", () => ({ transferSizeBytes: 11n })],
    ["DOCUMENT_TOO_LARGE", "start.transfer_size_bytes", () => ({ transferSizeBytes: 1_073_741_825n, encrypted: true })],
    ["FIELD_INVALID", "start.content_salt", () => ({ contentSalt: new Uint8Array(0) })],
    ["FIELD_INVALID", "start.transfer_salt", () => ({ transferSalt: new Uint8Array(33) })],
    ["FIELD_INVALID", "start.transfer_salt", ({ contentSalt }) => ({ transferSalt: contentSalt })],
  ];
  test.each(refusedStarts)("a start: %s, %s", async (reason, field, change) => {
    const start = startOf(await shard.prepare(randomBytes(10)), dossierCode());
    const { refusal } = await rawUpload([startRequest({ ...start, ...change(start) })]);
    expect(refusal).toMatchObject({ reason, field });
  });

  test("a chunk before the start, out of place, empty, too long or beyond the end; an end before the last byte", async () => {
    const bytes = randomBytes(400_000);
    const start = startRequest(startOf(await shard.prepare(bytes), dossierCode()));
    const refusedChunks: [string, string | null, UploadDocumentRequest[]][] = [
      ["FIELD_MISSING", "start", [chunkRequest(0, bytes)]],
      ["FIELD_MISSING", "start", [{ what: undefined } as unknown as UploadDocumentRequest]],
      ["FIELD_MISSING", "chunk", [start, start]],
      ["FIELD_INVALID", "chunk.offset", [start, chunkRequest(1, bytes.subarray(0, 10))]],
      ["FIELD_INVALID", "chunk.data", [start, chunkRequest(0, new Uint8Array(0))]],
      ["FIELD_INVALID", "chunk.data", [start, chunkRequest(0, bytes.subarray(0, part + 1))]],
      [
        "FIELD_INVALID",
        "chunk.data",
        [start, chunkRequest(0, bytes.subarray(0, part)), chunkRequest(part, bytes.subarray(0, part))],
      ],
    ];
    for (const [reason, field, requests] of refusedChunks) {
      expect((await rawUpload(requests)).refusal).toMatchObject({ reason, field });
    }
    const ended = await rawUpload([start]);
    expect(ended.refusal).toMatchObject({ reason: "DOCUMENT_NOT_READY", retry: "retry-after" });
  });

  test("a system that the registry does not know", async () => {
    const connection = await shard.connectAs("unknown-system");
    const prepared = await shard.prepare(randomBytes(10));
    await expect(connection.documents.uploadPrepared(prepared, target())).rejects.toMatchObject({
      reason: "SYSTEM_UNKNOWN",
    });
    connection.close();
  });
});

test("a full store refuses parts, keeps what it has, and says when to come again", async () => {
  const small = await TestShard.create(ground, { partBytesMax: 4 * part });
  onTestFinished(() => small.stop());
  const prepared = await small.prepare(randomBytes(8 * part));
  const upload = { shard: small.name, agency: "ward-a", dossier: dossierCode(), attemptsMax: 1 };
  await expect(small.calls.uploadPrepared(prepared, upload)).rejects.toMatchObject({
    reason: "DOCUMENT_STORE_FULL",
    retryAfterMs: 60_000,
  });
  const { documentId } = prepared.document;
  const { durableBytes } = await small.calls.getUpload({ shard: small.name, agency: "ward-a", documentId });
  expect(durableBytes).toBe(BigInt(3 * part));
});
