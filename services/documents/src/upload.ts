import { type BusError, busError, bytesPassed, type Clock } from "@lienthong/chassis";
import { type CommitmentHasher, commitmentHasher, commitmentsEqual } from "@lienthong/statement";
import { nuid } from "@nats-io/nats-core";
import {
  type DocumentRecord,
  differingAttribute,
  partsPerLandmark,
  recordOfStart,
  sameBytes,
} from "./document-record.ts";
import type { DocumentSalts } from "./document-salts.ts";
import { partBytes } from "./document-streams.ts";
import type { PartStore } from "./part-store.ts";
import type { HeldRecord, RecordStore } from "./record-store.ts";
import type { CheckedStart } from "./requests.ts";

/** What an upload stands on. */
export interface UploadDependencies {
  readonly records: RecordStore;
  readonly parts: PartStore;
  /** Real UTC. */
  readonly clock: Clock;
}

/** A document that was complete when its upload was asked for, or an upload to be gone on with. */
export type BegunUpload =
  | { readonly kind: "complete"; readonly record: DocumentRecord }
  | { readonly kind: "open"; readonly upload: Upload };

const attemptsMax = 5;

/** Begins an upload, or goes on with one. Throws DOCUMENT_DIFFERS, DOCUMENT_ERASED, or what the store refuses. */
export async function beginUpload(checked: CheckedStart, on: UploadDependencies): Promise<BegunUpload> {
  const { start, document } = checked;
  const { records, parts, clock } = on;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const held = await records.read(document.documentId);
    const { record } = held;
    if (record === null) {
      const begun = recordOfStart(start, document, nuid.next(), clock.nowMs());
      // A crash after this leaves an upload without salts and parts, to be continued or collected.
      const written = await records.write(begun, held.sequence);
      if (written === null) continue; // Somebody else was first: look at what they wrote.
      // Before the first part, so that a document that is complete has its salts. A crash after this leaves an upload without parts.
      if (!(await parts.putSalts(begun, 0, start))) continue;
      return { kind: "open", upload: new Upload(written, start, on, 0) };
    }
    expectSame(checked, record);
    const salts = await parts.salts(record);
    if (salts !== null) expectSameSalts(start, salts, record);
    switch (record.state) {
      case "complete":
        return { kind: "complete", record };
      case "erased":
        throw busError("DOCUMENT_ERASED", { document: record.documentId, field: "start.document.document_id" });
      case "deleted": {
        // Its bytes are still there: nobody drops them before the record says `removing`.
        const revived: DocumentRecord = { ...record, state: "complete", stateMs: clock.nowMs() };
        if ((await records.write(revived, held.sequence)) !== null) return { kind: "complete", record: revived };
        continue;
      }
      case "removing":
        await parts.drop(record);
        await records.forget(record.documentId, held.sequence);
        continue;
      case "uploading": {
        const upload = await Upload.resume(held as HeldRecord & { record: DocumentRecord }, start, on);
        if (upload !== null) return { kind: "open", upload };
        continue;
      }
    }
  }
  throw busError("UPLOAD_SUPERSEDED", { document: document.documentId });
}

/** Throws DOCUMENT_DIFFERS, naming the field, unless the start says what the record says. */
function expectSame({ start, document }: CheckedStart, record: DocumentRecord): void {
  const attribute = differingAttribute(document, record);
  const field =
    start.agency !== record.agency
      ? "document.document_id"
      : start.dossier !== record.dossier
        ? "dossier"
        : attribute !== null
          ? `document.${attribute}`
          : start.encrypted !== record.encrypted
            ? "encrypted"
            : Number(start.transferSizeBytes) !== record.transferSizeBytes
              ? "transfer_size_bytes"
              : null;
  if (field !== null) throw busError("DOCUMENT_DIFFERS", { field: `start.${field}`, document: document.documentId });
}

/** Throws DOCUMENT_DIFFERS, naming the salt, unless the start has those that are stored. */
function expectSameSalts(start: DocumentSalts, stored: DocumentSalts, { documentId }: DocumentRecord): void {
  const field = !sameBytes(start.transferSalt, stored.transferSalt)
    ? "transfer_salt"
    : !sameBytes(start.contentSalt, stored.contentSalt)
      ? "content_salt"
      : null;
  if (field !== null) throw busError("DOCUMENT_DIFFERS", { field: `start.${field}`, document: documentId });
}

/** One upload under way: bytes go in, parts come out, digests grow. One part is all that it holds in memory. */
export class Upload {
  readonly #on: UploadDependencies;
  readonly #held: { readonly record: DocumentRecord; readonly sequence: number };
  readonly #transfer: CommitmentHasher;
  /** Null if the bytes that travel are not the plain ones: then nobody here can check them. */
  readonly #content: CommitmentHasher | null;
  readonly #landmarks: number[] = [];
  readonly #part: Uint8Array;
  #partFilled = 0;
  #nextIndex = 0;
  readonly #writer: number;
  #received = 0;

  /** `writer`: 0 for the one that began the upload. */
  constructor(held: HeldRecord, salts: DocumentSalts, on: UploadDependencies, writer: number) {
    const record = held.record as DocumentRecord;
    this.#on = on;
    this.#writer = writer;
    this.#held = { record, sequence: held.sequence };
    this.#transfer = commitmentHasher(salts.transferSalt, record.kind);
    this.#content = record.encrypted ? null : commitmentHasher(salts.contentSalt, record.kind);
    this.#part = new Uint8Array(Math.min(partBytes, record.transferSizeBytes));
  }

  /**
   * Goes on behind the parts that are durable. They are read again: the digests must cover what is stored, not what was once sent. Null:
   * yet another call took it over. Throws DOCUMENT_DIFFERS if it began with other salts.
   */
  static async resume(
    held: HeldRecord & { readonly record: DocumentRecord },
    salts: DocumentSalts,
    on: UploadDependencies,
  ): Promise<Upload | null> {
    const { record } = held;
    const writer = await on.parts.takeOver(record);
    // Asked after taking over: now nobody else can put them.
    const stored = await on.parts.salts(record);
    if (stored !== null) expectSameSalts(salts, stored, record);
    else if (!(await on.parts.putSalts(record, writer, salts))) return null;
    const upload = new Upload(held, salts, on, writer);
    const last = await on.parts.last(record);
    if (last.index < 0) return upload;
    for await (const { index, sequence, data } of on.parts.read(record, { index: 0, sequence: 1 })) {
      if (index > last.index) break;
      upload.#partIsDurable(index, sequence, data);
      bytesPassed(data.length);
    }
    if (upload.#nextIndex !== last.index + 1) {
      throw new Error(
        `Document ${record.documentId} has ${upload.#nextIndex} parts that can be read, of ${last.index + 1}.`,
      );
    }
    return upload;
  }

  get documentId(): string {
    return this.#held.record.documentId;
  }

  get transferSizeBytes(): number {
    return this.#held.record.transferSizeBytes;
  }

  /** Bytes taken, durable or not: where the next chunk begins. */
  get received(): number {
    return this.#received + this.#partFilled;
  }

  /** Bytes that are durable. */
  get durableBytes(): number {
    return this.#received;
  }

  /** Takes the next bytes. Throws UPLOAD_SUPERSEDED if another call writes this upload. */
  async add(data: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < data.length) {
      const room = Math.min(this.#part.length - this.#partFilled, data.length - taken);
      this.#part.set(data.subarray(taken, taken + room), this.#partFilled);
      this.#partFilled += room;
      taken += room;
      if (this.#partFilled === this.#part.length) await this.#storePart();
    }
  }

  /** All bytes are in: verifies the digests, and makes the document complete. A mismatch drops the upload and names the digest. */
  async finish(): Promise<DocumentRecord> {
    const { record, sequence } = this.#held;
    const { records, parts, clock } = this.#on;
    if (this.#partFilled > 0) await this.#storePart();
    const differing = !commitmentsEqual(this.#transfer.digest(), record.transferDigest)
      ? "transfer_digest"
      : this.#content !== null && !commitmentsEqual(this.#content.digest(), record.contentDigest)
        ? "content_digest"
        : null;
    if (differing !== null) {
      // Forgotten first: parts without a record are dropped below, a record without parts would be resumed by nobody.
      if (await records.forget(record.documentId, sequence)) await parts.drop(record);
      throw busError("DOCUMENT_DIFFERS", {
        field: `start.document.${differing}`,
        document: record.documentId,
        message: `The bytes that arrived do not match ${differing}; they were dropped. Commit to the bytes that you send, and upload again.`,
      });
    }
    const completed: DocumentRecord = {
      ...record,
      state: "complete",
      stateMs: clock.nowMs(),
      landmarks: this.#landmarks,
    };
    // Every part is fsynced. A crash before this leaves a whole upload that needs no byte more; after it the document is complete.
    if ((await records.write(completed, sequence)) !== null) return completed;
    const now = await records.read(record.documentId);
    if (now.record?.state === "complete" && now.record.token === record.token) return now.record;
    throw await this.#ended(now);
  }

  async #storePart(): Promise<void> {
    const data = this.#part.subarray(0, this.#partFilled);
    const sequence = await this.#on.parts.append(this.#held.record, this.#writer, this.#nextIndex, data);
    if (sequence === null) {
      throw await this.#ended(await this.#on.records.read(this.documentId));
    }
    this.#partFilled = 0;
    this.#partIsDurable(this.#nextIndex, sequence, data);
  }

  #partIsDurable(index: number, sequence: number, data: Uint8Array): void {
    this.#transfer.update(data);
    this.#content?.update(data);
    if (index % partsPerLandmark === 0) this.#landmarks.push(sequence);
    this.#nextIndex = index + 1;
    this.#received += data.length;
  }

  /** Why somebody else had the last word. If the record went away, or began anew, while a part of ours was on its way, that part belongs to nobody. */
  async #ended({ record }: HeldRecord): Promise<BusError> {
    if (record?.token !== this.#held.record.token) await this.#on.parts.drop(this.#held.record);
    const reason = record?.state === "erased" ? "DOCUMENT_ERASED" : "UPLOAD_SUPERSEDED";
    return busError(reason, { document: this.documentId });
  }
}
