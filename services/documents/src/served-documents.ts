import { busError, type Clock } from "@lienthong/chassis";
import type { DossierTrails } from "./dossier-trails.ts";
import type { PartStore } from "./part-store.ts";
import type { RecordStore } from "./record-store.ts";

/** The documents of one shard, as the ports see them. */
export interface ShardDocuments {
  readonly shard: string;
  readonly records: RecordStore;
  readonly parts: PartStore;
  readonly trails: DossierTrails;
  /** Real UTC. */
  readonly clock: Clock;
  /** Ids of documents that an agency uploaded for a dossier, as the index knows them. */
  uploadedBy(agency: string, dossier: string): string[];
}

/** The shards whose documents one address keeps: a new one joins while the others go on. */
export class ServedDocuments {
  readonly #shards = new Map<string, ShardDocuments>();

  add(documents: ShardDocuments): void {
    this.#shards.set(documents.shard, documents);
  }

  /** Throws SHARD_UNKNOWN, naming the field and what is served. */
  expect(shard: string, field: string): ShardDocuments {
    const found = this.#shards.get(shard);
    if (found === undefined) throw busError("SHARD_UNKNOWN", { field, allowed: [...this.#shards.keys()].join(", ") });
    return found;
  }
}
