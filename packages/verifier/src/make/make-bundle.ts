import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { Bundle, BundleCheckpoint } from "../bundle.ts";
import { readEventStrictly } from "../read-trail.ts";
import { citedSubjects } from "./cited-subjects.ts";
import { type CitedHead, type LogProofs, makeSlice } from "./make-slice.ts";
import type { RegistryIndex } from "./registry-index.ts";

/** What a bundle is made of. */
export interface BundleParts {
  readonly shard: string;
  readonly dossier: string;
  /** The whole trail, as the exchange answers it; events that the reader may not see have no bytes. */
  readonly trail: readonly Pick<TrailEntry, "number" | "leafIndex" | "hash" | "event">[];
  readonly policy: string;
  /** The registry's log up to `registryLog.size`. */
  readonly registry: RegistryIndex;
  readonly shardLog: LogProofs;
  readonly registryLog: LogProofs;
  /** Other checkpoints of the shard's log, which date the events. */
  readonly checkpoints: readonly { readonly note: string; readonly size: number }[];
}

/** Makes a bundle. Nothing is verified here: who reads it does that. */
export async function makeBundle(parts: BundleParts): Promise<Bundle> {
  const { shard, dossier, trail, policy, registry, shardLog, registryLog } = parts;
  const visible = trail.filter(({ event }) => event.length > 0).map(({ event }) => readEventStrictly(event));
  const heads: CitedHead[] = visible.flatMap(({ event }) => {
    const { registryHead } = event.header;
    return registryHead === undefined ? [] : [{ size: Number(registryHead.size), root: registryHead.root }];
  });
  const paths = await shardLog.inclusion(trail.map(({ leafIndex }) => Number(leafIndex)));
  const checkpoints: BundleCheckpoint[] = await Promise.all(
    parts.checkpoints.map(async ({ note, size }) => ({
      checkpoint: note,
      consistency: await shardLog.consistency(Math.min(size, shardLog.size), Math.max(size, shardLog.size)),
    })),
  );
  return {
    network: registry.network,
    shard,
    dossier,
    policy,
    trail: {
      checkpoint: shardLog.checkpoint,
      events: trail.map(({ number, leafIndex, hash, event }, position) => ({
        number: Number(number),
        leafIndex: Number(leafIndex),
        event: event.length === 0 ? null : event,
        hash: event.length === 0 ? hash : null,
        path: paths[position] ?? [],
      })),
      checkpoints,
    },
    registry: await makeSlice(registry, citedSubjects(registry, shard, visible), heads, registryLog),
  };
}
