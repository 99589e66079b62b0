import { busError } from "@lienthong/chassis";
import type { Reader } from "@lienthong/event-store";
import type { RegistryState } from "@lienthong/registry-state";
import { hashesEqual, leafHash } from "@lienthong/tlog";

/** Entries asked for at once; each is one request to the leader. */
const entriesAtOnce = 64;
/** An answer ends behind this many bytes, well under the 4 MiB that gRPC clients take. */
const answerBytesMax = 2_097_152;

export type EntryReader = Pick<Reader, "atSequence">;

/** Entries from a number on, byte for byte as stored; fewer than asked for where they are many or large. */
export async function readEntries(
  dependencies: { readonly state: RegistryState; readonly reader: EntryReader },
  fromNumber: bigint,
  countMax: number,
): Promise<{ readonly entries: Uint8Array[]; readonly nextNumber: bigint }> {
  const { state, reader } = dependencies;
  const size = state.size;
  const from = Number(fromNumber > BigInt(size) ? BigInt(size) : fromNumber);
  const until = Math.min(size, from + countMax);
  const entries: Uint8Array[] = [];
  let bytes = 0;
  for (let next = from; next < until && bytes < answerBytesMax; ) {
    const numbers = Array.from({ length: Math.min(entriesAtOnce, until - next) }, (_, index) => next + index);
    const messages = await Promise.all(numbers.map((number) => reader.atSequence(number + 1)));
    for (const [index, message] of messages.entries()) {
      const number = numbers[index]!;
      // The store could have rotted since the entry was folded: what is handed out is what was checked.
      if (message === null || !hashesEqual(leafHash(message.payload), state.entryHash(BigInt(number))!)) {
        throw busError(
          "INTERNAL",
          {},
          {
            cause: new Error(
              `Entry ${number} of the registry cannot be read from its stream any more; restore it from a mirror.`,
            ),
          },
        );
      }
      if (entries.length > 0 && bytes + message.payload.length > answerBytesMax) {
        return { entries, nextNumber: BigInt(number) };
      }
      entries.push(message.payload);
      bytes += message.payload.length;
    }
    next += numbers.length;
  }
  return { entries, nextNumber: BigInt(from + entries.length) };
}
