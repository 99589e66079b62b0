import { Promise as InclusionPromise } from "@lienthong/contracts/ledger/v1/promise";
import { PromiseKeyRecord, RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { publicKeyOf } from "@lienthong/registry-state";
import { promiseBatch, type SigningKey } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { fixedKey, possession } from "../../registry-state/test/registry-fixture.ts";
import type { PromiseFile } from "../src/index.ts";
import { makeSlice, RegistryIndex, subjectsOfPromise } from "../src/make/index.ts";
import { dossier, shard, startMs, timestamp, World } from "./world.ts";

export const promiseKey = fixedKey("exchange-1");
export const dueMs = startMs + 86_400_000;

/** A world in which one event was promised, and the file that its author kept. */
export async function promised(
  options: { readonly key?: SigningKey; readonly origin?: string } = {},
): Promise<{ world: World; file: PromiseFile }> {
  const world = await World.create();
  const record = {
    $case: "promiseKey" as const,
    value: PromiseKeyRecord.fromPartial({
      replica: "exchange-1",
      publicKey: publicKeyOf(promiseKey),
      status: RecordStatus.RECORD_STATUS_ACTIVE,
    }),
  };
  world.registry.add(record, world.registry.endorsed(record, [possession, promiseKey]));
  world.filler(4);
  world.open();
  const event = world.trail[0]?.event as Uint8Array;
  const promises = promiseBatch(options.key ?? promiseKey, {
    network: world.registry.state.network,
    origin: options.origin ?? world.shardLog.signer.name,
    leafHashes: [leafHash(new Uint8Array([1])), leafHash(event)],
    includeBy: timestamp(dueMs),
  });
  const promise = promises[1] as InclusionPromise;
  world.registryLog.entries.push(...world.registry.log);
  const index = new RegistryIndex(world.registry.log);
  const log = await world.registryLog.proofs(index.size, world.witnesses);
  return {
    world,
    file: {
      network: index.network,
      shard,
      dossier,
      leafIndex: 4,
      event,
      promise: InclusionPromise.encode(promise).finish(),
      policy: world.policy,
      registry: await makeSlice(index, subjectsOfPromise(index, shard, promise.keyId), [], log),
    },
  };
}

/** The log as it is served, without the event, witnessed at some moment. */
export async function logWithout(world: World, witnessedMs: number) {
  world.shardLog.entries.splice(4, 1);
  const witnesses = world.witnesses.map(({ key }) => ({ key, time: Math.floor(witnessedMs / 1_000) }));
  return { checkpoint: await world.shardLog.checkpoint(undefined, witnesses), leafHashes: world.shardLog.hashes };
}
