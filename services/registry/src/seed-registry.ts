import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { type Appender, batchMessagesMax, type Reader, registrySubject } from "@lienthong/event-store";
import { compareTimes, type Head, hexOf, RegistrarPen, RegistryState, subjectOf } from "@lienthong/registry-state";
import type { SigningKey } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import { planSeed, type SeedContent } from "./seed-plan.ts";

/** How often a batch whose outcome stays unknown is tried. */
const attemptsMax = 20;
const attemptPauseMs = 500;

/** What a registry is seeded with, and through what. */
export interface SeedRegistryOptions extends SeedContent {
  readonly append: Pick<Appender, "appendBatch">;
  /** Of the registry's stream. */
  readonly reader: Pick<Reader, "messagesOfSubject">;
  /** Signs every entry; named by the genesis. */
  readonly registrarKey: SigningKey;
  /** Name of a new network, 1 to 64 of a-z, 0-9 and '-'; nobody reads it when the genesis is there already. */
  readonly networkName: string;
  /** 32 bytes for a new network; absent: random. */
  readonly nonce?: Uint8Array;
  /** Real UTC. An entry that is there already may be later; then its time is used. */
  readonly recordedTime: Timestamp;
  /** Told of progress in whole sentences. */
  readonly report?: (line: string) => void;
}

/** What was done. */
export interface SeededRegistry {
  readonly network: Uint8Array;
  readonly head: Head;
  /** Entries written now; 0 if all were there. */
  readonly written: number;
  /** Entries that were there before. */
  readonly found: number;
}

/**
 * Writes the genesis and everything a registry begins with, in atomic batches of 1,000. It can be run again at any time: subjects
 * that have an entry are left as they are, whatever it says, so a run that was cut off goes on where it stopped.
 * @throws an Error with a sentence if the registry belongs to another registrar, or somebody else writes at the same time.
 */
export async function seedRegistry(options: SeedRegistryOptions): Promise<SeededRegistry> {
  const { append, reader, registrarKey } = options;
  const report = options.report ?? (() => {});
  const state = new RegistryState();
  const stored = await reader.messagesOfSubject(registrySubject);
  await state.applyMany(stored.map(({ payload }) => payload));
  const found = state.size;
  const pen = new RegistrarPen(state, registrarKey);
  const recordedTime =
    state.lastRecordedTime !== null && compareTimes(state.lastRecordedTime, options.recordedTime) > 0
      ? state.lastRecordedTime
      : options.recordedTime;

  let batch: Uint8Array[] = [];
  const keep = (bytes: Uint8Array): void => {
    state.apply(bytes);
    batch.push(bytes);
  };
  const flush = async (total: number): Promise<void> => {
    if (batch.length === 0) return;
    await appendEntries(append, reader, batch, state.size - batch.length);
    batch = [];
    report(`The registry has ${state.size} of ${total} entries.`);
  };

  if (found === 0) {
    keep(pen.genesis({ name: options.networkName, nonce: options.nonce ?? randomBytes(32), recordedTime }));
  } else if (state.registrarKey(hexOf(registrarKey.keyId))?.revoked !== null) {
    throw new Error(
      `The registry that is here (network ${hexOf(state.network)}) does not name the registrar key ${hexOf(registrarKey.keyId)}, or has revoked it. Use the key it began with, or another data folder.`,
    );
  }
  const missing = planSeed(options).filter(({ record }) => {
    const { kind, id } = subjectOf(record);
    return state.lastEntryOf(kind, id) === undefined;
  });
  const total = state.size + missing.length;
  for (const { record, validFrom, validUntil, endorsements } of missing) {
    const details = { recordedTime, validFrom, validUntil, endorsements: endorsements(state.network) };
    keep(pen.entry(record, details));
    if (batch.length === batchMessagesMax) await flush(total);
  }
  await flush(total);
  return { network: state.network, head: state.head, written: state.size - found, found };
}

async function appendEntries(
  append: Pick<Appender, "appendBatch">,
  reader: Pick<Reader, "messagesOfSubject">,
  entries: readonly Uint8Array[],
  sizeBefore: number,
): Promise<void> {
  const messages = entries.map((payload, index) => ({
    subject: registrySubject,
    payload,
    expectedLastSubjectSequence: index === 0 ? sizeBefore : null,
  }));
  for (let attempt = 1; ; attempt++) {
    // The whole batch becomes durable in this call, or none of it: a crash here leaves a registry that the next run
    // continues, at most 1,000 entries back.
    const outcome = await append.appendBatch(messages);
    if (outcome.kind === "appended") {
      if (outcome.firstSequence === sizeBefore + 1) return;
      throw new Error(
        `Entry ${sizeBefore} of the registry was stored as message ${outcome.firstSequence}; the stream holds something else as well. Start with an empty stream.`,
      );
    }
    if (outcome.kind === "refused") {
      if (attempt >= attemptsMax) {
        throw new Error(`The registry could not be written: ${outcome.description} (${outcome.errorCode}).`);
      }
    } else {
      const stored = await isStored(reader, entries, sizeBefore);
      // An earlier attempt had landed, and its acknowledgement was lost.
      if (stored === true) return;
      if (stored === false && outcome.kind === "conflict") {
        throw new Error(
          `Somebody else wrote to the registry at the same time (${outcome.description}); run the seed again once they are done.`,
        );
      }
      if (attempt >= attemptsMax) {
        throw new Error(`It is not known whether entries from ${sizeBefore} on were stored; run the seed again.`);
      }
    }
    await wait(attemptPauseMs);
  }
}

async function isStored(
  reader: Pick<Reader, "messagesOfSubject">,
  entries: readonly Uint8Array[],
  sizeBefore: number,
): Promise<boolean | "out of reach"> {
  try {
    const [first] = await reader.messagesOfSubject(registrySubject, { fromSequence: sizeBefore + 1 });
    return first !== undefined && hashesEqual(leafHash(first.payload), leafHash(entries[0]!));
  } catch {
    // The next attempt, with the same expectation, settles it.
    return "out of reach";
  }
}
