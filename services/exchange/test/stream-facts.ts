import type { Bus } from "@lienthong/bus";
import { type DossierState, evolve } from "@lienthong/domain";
import { createReader, eventStreamName, follow, subjectOfEvent } from "@lienthong/event-store";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";

/** An event as it lies in the shard's stream. */
export interface StreamEvent {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly event: ReadEvent;
}

/** Number of events in the shard's stream, from its leader. */
export async function streamLength(bus: Bus): Promise<number> {
  const connection = await bus.connectNats("ledger", "test: length");
  try {
    const state = await createReader({ connection, streamName: eventStreamName(bus.shard.name) }).state();
    return state.lastSequence;
  } finally {
    await connection.close();
  }
}

/** The whole stream of the shard. Rejects if a sequence is missing. */
export async function readStream(bus: Bus): Promise<StreamEvent[]> {
  const connection = await bus.connectNats("ledger", "test: reader");
  const events: StreamEvent[] = [];
  try {
    const streamName = eventStreamName(bus.shard.name);
    const { firstSequence, lastSequence, messageCount } = await createReader({ connection, streamName }).state();
    if (messageCount > 0 && (firstSequence !== 1 || messageCount !== lastSequence)) {
      throw new Error(`The stream counts ${messageCount} events from ${firstSequence} to ${lastSequence}.`);
    }
    const broken = Promise.withResolvers<never>();
    const follower = follow({
      connection,
      streamName,
      fromSequence: 1,
      onMessages(messages) {
        for (const { sequence, subject, payload } of messages) {
          const bytes = Uint8Array.from(payload);
          events.push({ sequence, subject, bytes, hash: leafHash(bytes), event: readEvent(bytes) });
        }
      },
      onGap: (expected, got) => broken.reject(new Error(`Event ${expected} is missing; the next one is ${got}.`)),
      onError: broken.reject,
    });
    await Promise.race([follower.caughtUp, broken.promise]);
    await follower.stop();
    return events;
  } finally {
    await connection.close();
  }
}

/** Everything in a stream that contradicts what must always hold; empty for a sound one. */
export function faultsOf(events: readonly StreamEvent[], shard: string): string[] {
  const faults: string[] = [];
  const chains = new Map<string, StreamEvent>();
  const states = new Map<string, DossierState>();
  const said = new Set<string>();
  for (const [index, stored] of events.entries()) {
    const { sequence, subject, event, hash } = stored;
    const fault = (sentence: string) => faults.push(`Event ${sequence} on ${subject}: ${sentence}`);
    if (sequence !== index + 1) fault(`lies at place ${index + 1}.`);
    const derived = subjectOfEvent(shard, event.dossier);
    if (subject !== derived) fault(`its payload belongs on ${derived}.`);
    const before = chains.get(subject);
    chains.set(subject, stored);
    if (event.header.number !== (before?.event.header.number ?? 0n) + 1n) fault("is numbered out of turn.");
    const chained =
      before === undefined ? event.header.previous.length === 0 : hashesEqual(event.header.previous, before.hash);
    if (!chained) fault("is not chained to the one before it.");
    const size = (of: ReadEvent | undefined) => of?.header.registryHead?.size ?? 0n;
    if (size(event) < size(before?.event)) fault("cites an older registry head than the one before it.");
    const identity = identityOf(event);
    if (identity !== null && said.has(identity)) fault(`says ${identity} a second time.`);
    if (identity !== null) said.add(identity);
    if (event.dossier === null) continue;
    try {
      states.set(subject, evolve(states.get(subject) ?? null, event, hash));
    } catch (error) {
      fault((error as Error).message);
    }
  }
  return faults;
}

/** What may be in a dossier once. */
function identityOf({ body, dossier }: ReadEvent): string | null {
  if (body.$case === "statement") {
    return `${dossier} ${body.statement.author?.agency} ${body.statement.statementId}`;
  }
  return body.$case === "bus" ? `${dossier} ${Buffer.from(body.bus.id).toString("hex")}` : null;
}

/** Events of one dossier. */
export function trailOf(events: readonly StreamEvent[], dossier: string): StreamEvent[] {
  return events.filter(({ event }) => event.dossier === dossier);
}

/** What an event says: the statement's or bus statement's case. */
export function saidBy({ body }: ReadEvent): string {
  if (body.$case === "statement") return body.statement.what?.$case ?? "";
  return body.$case === "bus" ? (body.bus.what?.$case ?? "") : (body.shard.what?.$case ?? "");
}

/** True if two byte strings are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
