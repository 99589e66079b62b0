import { ShardClock, ShardRecord } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";
import type { RecordedStep, Registrar } from "./registrar.ts";

/** A shard that is to be opened. */
export interface NewShard {
  /** Without generation, e.g. "hanoi-2027q1". 1 to 32 characters of a-z, 0-9 and '-'. */
  readonly name: string;
  /** Origin of its log; no other shard's. */
  readonly origin: string;
  /** Raw Ed25519 key of the log, 32 bytes. */
  readonly logPublicKey: Uint8Array;
  /** Span within which an accepted event must be covered by a checkpoint, in seconds. */
  readonly promiseDelaySeconds: number;
  /** Simulated: for scenarios only. */
  readonly simulated: boolean;
  /** Areas whose dossiers open here. */
  readonly areaCodes: readonly string[];
}

/** Declares a shard: from then on the exchange serves it and opens dossiers there. Declaring it again in the same words records nothing. */
export function declareShard(registrar: Registrar, shard: NewShard): Promise<RecordedStep> {
  return recordShard(registrar, () => ({
    name: shard.name,
    origin: shard.origin,
    logPublicKey: shard.logPublicKey,
    promiseDelay: { seconds: BigInt(shard.promiseDelaySeconds), nanos: 0 },
    clock: shard.simulated ? ShardClock.SHARD_CLOCK_SIMULATED : ShardClock.SHARD_CLOCK_REAL,
    areaCodes: [...shard.areaCodes],
    closed: false,
  }));
}

/** Closes a shard for `open`. What was opened there goes on there to its end. Throws if the registry has no such shard. */
export function closeShard(registrar: Registrar, name: string): Promise<RecordedStep> {
  return recordShard(registrar, (state) => {
    const declared = state.shard(name)?.record;
    if (declared === undefined) {
      const names = [...state.shards()].map(({ id }) => id).join(", ");
      throw new Error(`The registry declares no shard '${name}'; it declares ${names}.`);
    }
    return { ...declared, closed: true };
  });
}

function recordShard(registrar: Registrar, wanted: (state: RegistryState) => ShardRecord): Promise<RecordedStep> {
  const bytes = (record: ShardRecord) => Buffer.from(ShardRecord.encode(record).finish());
  const { name } = wanted(registrar.state);
  return registrar.record({
    subject: name,
    recordedAt(state) {
      const recorded = state.shard(name);
      if (recorded === undefined || !bytes(recorded.record).equals(bytes(wanted(state)))) return null;
      return recorded.number;
    },
    record: (state) => ({ $case: "shard", value: wanted(state) }),
  });
}
