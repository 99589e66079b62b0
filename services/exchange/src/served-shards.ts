import { busError, type Clock } from "@lienthong/chassis";
import type { ShardRecord } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";
import type { DocumentsCheck } from "./documents-ready.ts";
import type { DossierStore } from "./dossier-store.ts";
import type { WritePath } from "./write-path.ts";

/** A shard that this process serves. */
export interface ServedShard {
  readonly name: string;
  /** As the registry declared it when the shard was started. */
  readonly record: ShardRecord;
  readonly generation: number;
  readonly clock: Clock;
  readonly writePath: WritePath;
  readonly dossiers: DossierStore;
  /** Null: this process knows no documents, and statements that name travelling ones are refused. */
  readonly documents: DocumentsCheck | null;
  /** Events that this process knows of. */
  eventCount(): number;
}

/** The shards behind one address: a new one is opened while the others go on. */
export class ServedShards {
  readonly #shards = new Map<string, ServedShard>();

  add(shard: ServedShard): void {
    this.#shards.set(shard.name, shard);
  }

  remove(name: string): void {
    this.#shards.delete(name);
  }

  has(name: string): boolean {
    return this.#shards.has(name);
  }

  /** The shard with this name. Throws SHARD_UNKNOWN, naming the field and what is served. */
  expect(name: string, field: string): ServedShard {
    const shard = this.#shards.get(name);
    if (shard === undefined) throw busError("SHARD_UNKNOWN", { field, allowed: [...this.#shards.keys()].join(", ") });
    return shard;
  }

  /** Where dossiers are opened now: the newest shard that the registry has not closed; the newest of all if every one is closed. */
  forOpening(registry: RegistryState): ServedShard {
    const newestFirst = [...this.#shards.values()].reverse();
    const open = newestFirst.find(({ name }) => registry.shard(name)?.record.closed !== true) ?? newestFirst[0];
    if (open === undefined)
      throw busError("SHARD_UNKNOWN", { field: "shard", allowed: "none: no shard is served yet" });
    return open;
  }
}
