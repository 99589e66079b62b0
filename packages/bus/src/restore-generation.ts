import { laterTimestamp, realClock } from "@lienthong/chassis";
import type { Appender } from "@lienthong/event-store";
import type { ProvenEntries } from "@lienthong/ledger";
import { encodeEvent, readEvent } from "@lienthong/statement";

/** Fewer where messages are large: what a server holds of an open batch is bounded. */
const batchMessages = 500;
const batchBytesMax = 8 * 1024 * 1024;

/** The event that declares a generation over exactly these leaves. `oldCheckpoint`: the last head of the log that is known, empty for none. */
export function declareGeneration(
  entries: ProvenEntries,
  shard: string,
  origin: string,
  oldCheckpoint: string,
): { bytes: Uint8Array; generation: number } {
  const last = readEvent(entries.last).header;
  const own = readEvent(entries.lastOfShard.payload).header;
  const generation = last.generation + 1;
  const wallTime = last.wallTime === undefined ? realClock.now() : laterTimestamp(last.wallTime, realClock.now());
  const bytes = encodeEvent(
    {
      version: 1,
      shard,
      generation,
      number: own.number + 1n,
      previous: Buffer.from(entries.lastOfShard.hash),
      registryHead: last.registryHead,
      system: own.system,
      recordedTime: last.recordedTime,
      wallTime,
    },
    {
      $case: "shard",
      value: {
        what: {
          $case: "generationStarted",
          value: {
            generation,
            from: BigInt(entries.size),
            prefixRoot: Buffer.from(entries.root()),
            oldOrigin: origin,
            oldCheckpoint: oldCheckpoint.length <= 4_096 ? Buffer.from(oldCheckpoint) : Buffer.alloc(0),
            origin,
          },
        },
      },
    },
  );
  return { bytes, generation };
}

/** Appends all leaves to an empty stream, in order. Rejects where the stream takes one elsewhere: somebody else writes, too. */
export async function appendLeaves(
  appender: Appender,
  messages: AsyncIterable<{ subject: string; payload: Uint8Array }>,
): Promise<void> {
  const lastOf = new Map<string, number>();
  let sequence = 0;
  let batch: { subject: string; payload: Uint8Array; expectedLastSubjectSequence: number | null }[] = [];
  let batchBytes = 0;
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    const outcome = await appender.appendBatch(batch);
    if (outcome.kind !== "appended" || outcome.firstSequence !== sequence - batch.length + 1) {
      throw new Error(
        `The new stream did not take the leaves in order (${JSON.stringify(outcome)}); run the same command again.`,
      );
    }
    batch = [];
    batchBytes = 0;
  };
  for await (const { subject, payload } of messages) {
    sequence += 1;
    const last = lastOf.get(subject) ?? 0;
    const isInBatch = last >= sequence - batch.length && last > 0;
    batch.push({ subject, payload, expectedLastSubjectSequence: isInBatch ? null : last });
    lastOf.set(subject, sequence);
    batchBytes += payload.length;
    if (batch.length === batchMessages || batchBytes >= batchBytesMax) await send();
  }
  await send();
}
