import { laterTimestamp } from "@lienthong/chassis";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import type { RegistryHead } from "@lienthong/contracts/registry/v1/envelope";
import { type DossierState, evolve } from "@lienthong/domain";
import { type EventBody, encodeEvent, type ReadEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";

/** What every event of a round has in common. */
export interface RoundTimes {
  readonly shard: string;
  readonly generation: number;
  readonly registryHead: RegistryHead;
  /** Legal time: the shard's clock. */
  readonly recordedTime: Timestamp;
  /** Real UTC. */
  readonly wallTime: Timestamp;
}

/** An event that was decided and is not yet durable. */
export interface EventDraft {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly wallTime: Timestamp;
  /** What the bytes say, as whoever reads them would. */
  readonly event: ReadEvent;
  readonly after: DossierState;
}

/** Builds the next event of a dossier and the state after it. `payloadDigest`: of a statement's signed bytes, where it is known. */
export function draftEvent(
  before: DossierState | null,
  body: EventBody,
  read: ReadEvent["body"],
  dossier: string,
  system: string,
  round: RoundTimes,
  payloadDigest?: Uint8Array,
): EventDraft {
  const header = {
    version: 1,
    shard: round.shard,
    generation: round.generation,
    number: BigInt((before?.number ?? 0) + 1),
    previous: before?.lastEvent ?? new Uint8Array(0),
    registryHead: round.registryHead,
    system,
    // Neither time decreases along a dossier, whatever the clocks do.
    recordedTime: before === null ? round.recordedTime : laterTimestamp(before.recordedTime, round.recordedTime),
    wallTime: before === null ? round.wallTime : laterTimestamp(before.wallTime, round.wallTime),
  };
  const bytes = encodeEvent(header, body);
  const hash = leafHash(bytes);
  const event = { header, body: read, dossier };
  return { bytes, hash, wallTime: header.wallTime, event, after: evolve(before, event, hash, payloadDigest) };
}
