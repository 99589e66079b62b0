import type { Clock, Logger } from "@lienthong/chassis";
import { createReader } from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";
import { restoreNamed } from "./document-access.ts";
import type { DocumentRecord } from "./document-record.ts";
import { recordStreamName } from "./document-subjects.ts";
import type { DocumentsIndex, Erasure } from "./documents-index.ts";
import type { DossierTrails } from "./dossier-trails.ts";
import type { PartStore } from "./part-store.ts";
import type { RecordStore } from "./record-store.ts";

/** What collecting stands on. */
export interface CollectorOptions {
  readonly shard: string;
  readonly connection: NatsConnection;
  readonly index: DocumentsIndex;
  readonly records: RecordStore;
  readonly parts: PartStore;
  readonly trails: DossierTrails;
  /** Real UTC. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** Unfinished uploads go after so long without progress. */
  readonly unfinishedMs: number;
  /** Complete documents that no event names are hidden after so long. */
  readonly unnamedMs: number;
  /** Bytes of hidden documents go after so long. Far more than a statement can take from its check to the stream. */
  readonly graceMs: number;
}

/** What one round did, in documents. */
export interface Collected {
  readonly unfinished: number;
  readonly unnamed: number;
  readonly removed: number;
  readonly restored: number;
  readonly erased: number;
}

const documentsPerRound = 1_000;
const catchUpWithinMs = 10_000;
const catchUpPauseMs = 10;

/**
 * Takes away what nobody wants: what was never finished, never named, taken back, or erased. The index says where to look; whether an
 * event names a document is read from the dossier's trail at the leader, each time, before anything goes.
 */
export class Collector {
  readonly #options: CollectorOptions;
  #running: Promise<Collected> | null = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** One round. Asked for while one runs: that one's answer. Rejects if a store cannot be reached; the next round goes on. */
  collect(): Promise<Collected> {
    this.#running ??= this.#collect().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Does what `erase` statements ask for. Repeatable: each is forgotten when all its documents are gone. */
  async erase(): Promise<number> {
    let erased = 0;
    for (const erasure of this.#options.index.erasures()) {
      for (const documentId of await this.#documentsOf(erasure)) {
        if (await this.#eraseOne(documentId, erasure)) erased += 1;
      }
      // A crash before this does the same again, and finds nothing left to do.
      this.#options.index.erasureDone(erasure.sequence);
    }
    if (erased > 0) this.#options.logger.info({ erased }, "Documents were erased, as statements in the trail ask.");
    return erased;
  }

  /** Brings hidden documents back that an event names after all. */
  async restore(documentIds: readonly string[]): Promise<number> {
    let restored = 0;
    for (const documentId of documentIds) {
      const held = await this.#options.records.read(documentId);
      if (held.record?.state !== "deleted" || !(await this.#isNamed(held.record))) continue;
      await restoreNamed(held, this.#options);
      restored += 1;
    }
    if (restored > 0) {
      this.#options.logger.info(
        { restored },
        "Documents that were taken back stay: a statement on its way named them.",
      );
    }
    return restored;
  }

  async #collect(): Promise<Collected> {
    const erased = await this.erase();
    const unfinished = await this.#collectUnfinished();
    const unnamed = await this.#hideUnnamed();
    const { removed, restored } = await this.#removeHidden();
    const collected: Collected = { unfinished, unnamed, removed, restored, erased };
    if (unfinished + unnamed + removed + restored > 0) {
      this.#options.logger.info({ ...collected }, "Documents were collected.");
    }
    return collected;
  }

  #inStateSince(state: DocumentRecord["state"], ageMs: number, unnamedOnly = false) {
    const { index, clock } = this.#options;
    return index.inStateSince(state, clock.nowMs() - ageMs, unnamedOnly, documentsPerRound);
  }

  async #collectUnfinished(): Promise<number> {
    const { records, parts, clock, unfinishedMs } = this.#options;
    let count = 0;
    for (const { documentId } of this.#inStateSince("uploading", unfinishedMs)) {
      const { record, sequence } = await records.read(documentId);
      if (record?.state !== "uploading") continue;
      const { storedMs } = await parts.last(record);
      if (Math.max(storedMs, record.stateMs) > clock.nowMs() - unfinishedMs) continue;
      if (await this.#remove(record, sequence)) count += 1;
    }
    return count;
  }

  /** Hides as its uploader would: bytes go after the grace period, and an event that names it meanwhile brings it back. */
  async #hideUnnamed(): Promise<number> {
    const { records, clock, unnamedMs } = this.#options;
    let count = 0;
    for (const { documentId } of this.#inStateSince("complete", unnamedMs, true)) {
      const { record, sequence } = await records.read(documentId);
      if (record?.state !== "complete" || record.stateMs > clock.nowMs() - unnamedMs) continue;
      if (await this.#isNamed(record)) continue;
      const hidden: DocumentRecord = { ...record, state: "deleted", stateMs: clock.nowMs() };
      if ((await records.write(hidden, sequence)) !== null) count += 1;
    }
    return count;
  }

  async #removeHidden(): Promise<{ removed: number; restored: number }> {
    const { records, clock, graceMs } = this.#options;
    let removed = 0;
    let restored = 0;
    for (const { documentId } of [...this.#inStateSince("deleted", graceMs), ...this.#inStateSince("removing", 0)]) {
      const held = await records.read(documentId);
      const { record, sequence } = held;
      if (record?.state === "deleted") {
        if (record.stateMs > clock.nowMs() - graceMs) continue;
        if (await this.#isNamed(record)) {
          await restoreNamed(held, this.#options);
          restored += 1;
          continue;
        }
      } else if (record?.state !== "removing") continue;
      if (await this.#remove(record, sequence)) removed += 1;
    }
    return { removed, restored };
  }

  /** Removes a document for good. Whoever revives or finishes it at the same moment wins or loses the compare-and-set, whole. */
  async #remove(record: DocumentRecord, sequence: number): Promise<boolean> {
    const { records, parts, clock } = this.#options;
    const removing =
      record.state === "removing"
        ? { sequence }
        : await records.write({ ...record, state: "removing", stateMs: clock.nowMs() }, sequence);
    if (removing === null) return false;
    // A crash from here on leaves `removing`: the next round drops the parts again and forgets the record.
    await parts.drop(record);
    return records.forget(record.documentId, removing.sequence);
  }

  async #isNamed(record: DocumentRecord): Promise<boolean> {
    const trail = await this.#options.trails.documents(record.dossier);
    return trail.names(record.documentId, record.transferDigest);
  }

  async #documentsOf(erasure: Erasure): Promise<readonly string[]> {
    if (erasure.documentIds.length > 0) return erasure.documentIds;
    await this.#indexIsCurrent();
    return this.#options.index.documentsOf(erasure.dossier).map(({ documentId }) => documentId);
  }

  /** Waits until the index has seen every record that was there when this was asked. */
  async #indexIsCurrent(): Promise<void> {
    const { connection, shard, index } = this.#options;
    const { lastSequence } = await createReader({ connection, streamName: recordStreamName(shard) }).state();
    const deadline = performance.now() + catchUpWithinMs;
    while ((index.recordPosition()?.sequence ?? 0) < lastSequence) {
      if (performance.now() > deadline) throw new Error("The index of documents lags behind; erasing is tried again.");
      await new Promise((resume) => setTimeout(resume, catchUpPauseMs));
    }
  }

  async #eraseOne(documentId: string, { dossier, wallMs, sequence: erasedAt }: Erasure): Promise<boolean> {
    const { records, parts, trails, clock } = this.#options;
    for (;;) {
      const { record, sequence } = await records.read(documentId);
      // Ids come from the statement; one of another dossier is none of its business.
      if (record === null || record.dossier !== dossier) return false;
      if (record.createdMs > wallMs) {
        // It began later, or the clock of its service was ahead of the exchange's: one that was named before was there before.
        const before = await trails.documents(dossier, erasedAt);
        if (!before.names(documentId, record.transferDigest)) return false;
      }
      if (record.state === "erased" && record.token === "") return false;
      const erased: DocumentRecord = { ...record, state: "erased", stateMs: clock.nowMs(), landmarks: [] };
      const written = record.state === "erased" ? { sequence } : await records.write(erased, sequence);
      if (written === null) continue;
      // From here on nobody is given it. A crash leaves the token in the record: salts and parts are dropped when this is done again.
      if (record.token !== "") await parts.drop(record);
      if ((await records.write({ ...erased, token: "" }, written.sequence)) !== null) return true;
    }
  }
}
