import type { DurableHeadValue } from "./durable-head.ts";

const askedIndex = 0;
const closedIndex = 1;
const slotsOffset = 8;
const slotBytes = 48;
const slotCount = 64;

/**
 * Memory that the main thread and the thread of a head share: the newest value is handed over without a message, and that thread goes on to
 * it by itself. Why: a message costs the sender about 50 µs, a twentieth of the main thread at 650 events a second, and a thread that
 * had to be sent each value waited for the main thread between two writes, milliseconds when that is busy.
 */
export interface HeadMailbox {
  /** Main thread: hands a value over and returns its ticket. Each value is later than the one before. */
  put(value: DurableHeadValue): number;
  /** Main thread: nothing more will come. */
  close(): void;
  /** The head's thread: blocks until there is a value newer than the last one taken; null once it is closed and all was taken. */
  take(): { readonly value: DurableHeadValue; readonly ticket: number } | null;
}

/** Memory for a mailbox. */
export function headMailboxMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(slotsOffset + slotCount * slotBytes);
}

/** A side of the mailbox in this memory. */
export function headMailbox(memory: SharedArrayBuffer): HeadMailbox {
  const control = new Int32Array(memory, 0, 2);
  const slot = (ticket: number) => {
    // Tickets are Int32 and wrap; so do slots, whose number is a power of two.
    const offset = slotsOffset + (ticket & (slotCount - 1)) * slotBytes;
    return { numbers: new BigInt64Array(memory, offset, 2), hash: new Uint8Array(memory, offset + 16, 32) };
  };
  let taken = 0;
  return {
    put({ generation, sequence, leafHash }) {
      const ticket = (Atomics.load(control, askedIndex) + 1) | 0;
      const { numbers, hash } = slot(ticket);
      numbers[0] = BigInt(generation);
      numbers[1] = BigInt(sequence);
      hash.set(leafHash);
      Atomics.store(control, askedIndex, ticket);
      Atomics.notify(control, askedIndex);
      return ticket;
    },
    close() {
      Atomics.store(control, closedIndex, 1);
      // Changes the number that is waited for, so that a wait which is just beginning does not miss the end.
      Atomics.add(control, askedIndex, 1);
      Atomics.notify(control, askedIndex);
    },
    take() {
      for (;;) {
        Atomics.wait(control, askedIndex, taken);
        const asked = Atomics.load(control, askedIndex);
        const closed = Atomics.load(control, closedIndex) === 1;
        const ticket = closed ? (asked - 1) | 0 : asked;
        // A notification may come after its value was taken: then there is nothing new, and nothing has ended.
        if (ticket === taken && closed) return null;
        if (ticket === taken) continue;
        const { numbers, hash } = slot(ticket);
        const value = { generation: Number(numbers[0]), sequence: Number(numbers[1]), leafHash: Uint8Array.from(hash) };
        // Were as many values handed over meanwhile as there are slots, this one may be half of two: take the newest instead.
        if (((Atomics.load(control, askedIndex) - ticket) | 0) >= slotCount - 1) continue;
        taken = ticket;
        return { value, ticket };
      }
    },
  };
}
