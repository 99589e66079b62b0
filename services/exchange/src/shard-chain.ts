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
  /** Hash of the last one, 32 bytes; empty for none. */
  readonly lastHash: Uint8Array;
  /** Stream sequence of the last one; 0 for none. */
  readonly sequence: number;
}

/** Reads the chain at the leader. */
export async function readShardChain(shard: string, reader: Reader): Promise<ShardChain> {
  const messages = await reader.messagesOfSubject(shardEventSubject(shard));
  const last = messages.at(-1);
  return {
    events: messages.map((message) => readEvent(message.payload)),
    lastHash: last === undefined ? new Uint8Array(0) : leafHash(last.payload),
    sequence: last?.sequence ?? 0,
  };
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

/** Builds the next event of the chain. */
export function draftShardEvent(
  chain: ShardChain,
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
  const previous = chain.events.at(-1)?.header;
  const later = (time: Timestamp, before: Timestamp | undefined) =>
    before === undefined ? time : laterTimestamp(before, time);
  const bytes = encodeEvent(
    {
      version: 1,
      shard: about.shard,
      generation: about.generation,
      number: BigInt(chain.events.length + 1),
      previous: chain.lastHash,
      registryHead: about.registryHead,
      system: about.replica,
      recordedTime: later(about.recordedTime, previous?.recordedTime),
      wallTime: later(about.wallTime, previous?.wallTime),
    },
    { $case: "shard", value: event },
  );
  return {
    dossier: "",
    subject: shardEventSubject(about.shard),
    bytes,
    expectedSequence: chain.sequence,
    hash: leafHash(bytes),
  };
}
