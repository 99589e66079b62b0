import { laterTimestamp } from "@lienthong/chassis";
import type { ShardEvent } from "@lienthong/contracts/exchange/v1/event";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import type { RegistryHead } from "@lienthong/contracts/registry/v1/envelope";
import { type Reader, shardEventSubject } from "@lienthong/event-store";
import { encodeEvent, type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { AppendDraft } from "./append-durably.ts";

/** What the shard says about itself, as its own chain of events tells it. */
export interface ShardChain {
  /** Its events, in order; empty before it was opened. */
  readonly events: readonly ReadEvent[];
}

/** Reads the chain at the leader. */
export async function readShardChain(shard: string, reader: Reader): Promise<ShardChain> {
  const messages = await reader.messagesOfSubject(shardEventSubject(shard));
  return { events: messages.map((message) => readEvent(message.payload)) };
}

/** Generation that the chain is in: 1 until another was started. */
export function generationOf(chain: ShardChain): number {
  let generation = 1;
  for (const event of chain.events) {
    if (event.body.$case === "shard" && event.body.shard.what?.$case === "generationStarted") {
      generation = event.body.shard.what.value.generation;
    }
  }
  return generation;
}

/** Leaves that the present generation took over from those before it; 0 for the first generation. */
export function generationFromOf(chain: ShardChain): number {
  let from = 0;
  for (const event of chain.events) {
    if (event.body.$case === "shard" && event.body.shard.what?.$case === "generationStarted") {
      from = Number(event.body.shard.what.value.from);
    }
  }
  return from;
}

/** Where a simulated clock stands: its start, or where it was advanced to last. */
export function simulatedTimeOf(chain: ShardChain): Timestamp | undefined {
  let time: Timestamp | undefined;
  for (const event of chain.events) {
    const what = event.body.$case === "shard" ? event.body.shard.what : undefined;
    const told =
      what?.$case === "opened"
        ? what.value.simulatedStartTime
        : what?.$case === "clockAdvanced"
          ? what.value.to
          : undefined;
    if (told !== undefined) time = time === undefined ? told : laterTimestamp(time, told);
  }
  return time;
}

/** Where the chain ends: all that its next event needs. */
export interface ShardChainTail {
  /** Number of the last event; 0 for none. */
  readonly number: bigint;
  /** Hash of the last event, 32 bytes; empty for none. */
  readonly hash: Uint8Array;
  /** Stream sequence of the last event; 0 for none. */
  readonly sequence: number;
  readonly recordedTime: Timestamp | undefined;
  readonly wallTime: Timestamp | undefined;
}

/** Reads the end of the chain at the leader. */
export async function readShardChainTail(shard: string, reader: Reader): Promise<ShardChainTail> {
  const last = await reader.lastAtLeader(shardEventSubject(shard));
  if (last === null)
    return { number: 0n, hash: new Uint8Array(0), sequence: 0, recordedTime: undefined, wallTime: undefined };
  const { number, recordedTime, wallTime } = readEvent(last.payload).header;
  return { number, hash: leafHash(last.payload), sequence: last.sequence, recordedTime, wallTime };
}

/** Builds the next event of the chain. */
export function draftShardEvent(
  tail: ShardChainTail,
  event: ShardEvent,
  about: {
    shard: string;
    generation: number;
    replica: string;
    registryHead: RegistryHead;
    recordedTime: Timestamp;
    wallTime: Timestamp;
  },
): AppendDraft & { readonly hash: Uint8Array } {
  const later = (time: Timestamp, before: Timestamp | undefined) =>
    before === undefined ? time : laterTimestamp(before, time);
  const bytes = encodeEvent(
    {
      version: 1,
      shard: about.shard,
      generation: about.generation,
      number: tail.number + 1n,
      previous: tail.hash,
      registryHead: about.registryHead,
      system: about.replica,
      recordedTime: later(about.recordedTime, tail.recordedTime),
      wallTime: later(about.wallTime, tail.wallTime),
    },
    { $case: "shard", value: event },
  );
  return {
    dossier: "",
    subject: shardEventSubject(about.shard),
    bytes,
    expectedSequence: tail.sequence,
    hash: leafHash(bytes),
  };
}
