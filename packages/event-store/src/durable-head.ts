import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** The last event this replica wrote or saw. */
export interface DurableHeadValue {
  /** Generation of the stream, from 1. */
  generation: number;
  /** Sequence in the stream. */
  sequence: number;
  /** RFC 6962 leaf hash of the event there, 32 bytes. */
  leafHash: Uint8Array;
}

/**
 * A head kept outside NATS, so that a stream that came back shorter or different is noticed. One process at a time.
 */
export interface DurableHead {
  /** The newest value that was completely written; null if none ever was. */
  read(): DurableHeadValue | null;
  /**
   * On the disk when this returns. Throws, changing nothing, if the value lies before the stored one in (generation,
   * sequence), or names another hash at the same place. Writing the stored value again does nothing.
   */
  write(value: DurableHeadValue): void;
  close(): void;
}

/**
 * Two slots, written in turn, each in a disk page of its own: a torn write spoils only the slot it was made in, and
 * the other one still holds the value before.
 */
const slotStride = 4096;
const fileBytes = 2 * slotStride;
const magic = Buffer.from("LTHEAD1\n", "latin1");
const bodyBytes = 8 + 8 + 8 + 32;
const slotBytes = bodyBytes + 32;

type Slot = { kind: "empty" } | { kind: "torn" } | { kind: "valid"; value: DurableHeadValue };

/**
 * Opens or creates the file at `path`. Throws if the file is there but holds no readable value and never could have
 * come to that by a torn write: then the head was lost, and only a person may decide to go on without it.
 */
export function openDurableHead(path: string): DurableHead {
  if (!existsSync(path)) createFile(path);
  // Written synchronously on purpose: 0.3 ms measured (bench/append.ts), against 0.6 ms through an idle thread pool and
  // 7 ms when 64 signature checks are queued there before it. Once per batch, that is a few percent of the main thread.
  // On a disk that takes 5 ms to sync this choice should be measured again.
  const descriptor = openSync(path, "r+");
  let slots: [Slot, Slot];
  let current: DurableHeadValue | null;
  try {
    slots = readSlots(descriptor, path);
    current = newestOf(slots, path);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  let closed = false;

  /** Which slot to overwrite: never the one that holds the current value. */
  function spareSlot(): 0 | 1 {
    const [first] = slots;
    return first.kind === "valid" && isAtPlace(first.value, current) ? 1 : 0;
  }

  function writeSlot(index: 0 | 1, value: DurableHeadValue): void {
    const bytes = encodeSlot(value);
    if (writeSync(descriptor, bytes, 0, bytes.length, index * slotStride) !== bytes.length) {
      throw new Error(`The durable head ${path} could not be written completely; is the disk full?`);
    }
    // A crash before this returns leaves this slot old, new or torn, and the other slot as it was.
    fdatasyncSync(descriptor);
    slots[index] = { kind: "valid", value };
  }

  return {
    read: () => current && { ...current, leafHash: current.leafHash.slice() },

    write(value) {
      if (closed) throw new Error(`The durable head ${path} is closed.`);
      checkValue(value);
      const next = { ...value, leafHash: Uint8Array.from(value.leafHash) };
      if (current !== null) {
        const order = compare(next, current);
        if (order < 0) {
          throw new RangeError(
            `The durable head ${path} stands at ${described(current)} and never moves back, so ${described(next)} was not written. ` +
              `The stream may have lost events: compare it with the ledger before anything is appended.`,
          );
        }
        if (order === 0) {
          if (Buffer.compare(next.leafHash, current.leafHash) === 0) return;
          throw new RangeError(
            `The durable head ${path} holds another hash for ${described(current)}: the stream there is not the one this ` +
              `replica saw. Compare it with the ledger before anything is appended.`,
          );
        }
      }
      const isFirst = current === null;
      writeSlot(spareSlot(), next);
      current = next;
      // From the first value on both slots are filled, so one unreadable slot beside an empty one can only be a first
      // write that was torn, and never the loss of a value that was acknowledged.
      if (isFirst) writeSlot(spareSlot(), next);
    },

    close() {
      if (closed) return;
      closed = true;
      closeSync(descriptor);
    },
  };
}

/** Made aside and renamed into place, so that a file under this name is always complete. */
function createFile(path: string): void {
  const temporaryPath = `${path}.new`;
  rmSync(temporaryPath, { force: true });
  const descriptor = openSync(temporaryPath, "wx", 0o600);
  try {
    writeSync(descriptor, Buffer.alloc(fileBytes));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporaryPath, path);
  // Without this the file's name may be gone after a power cut, and with it the head.
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readSlots(descriptor: number, path: string): [Slot, Slot] {
  const bytes = Buffer.alloc(fileBytes);
  const { size } = fstatSync(descriptor);
  if (size !== fileBytes || readSync(descriptor, bytes, 0, fileBytes, 0) !== fileBytes) {
    throw new Error(
      `The durable head ${path} has ${size} bytes, not ${fileBytes}, so it was cut or added to. Restore it, or compare the ` +
        `stream with the ledger and then remove the file.`,
    );
  }
  return [decodeSlot(bytes.subarray(0, slotBytes)), decodeSlot(bytes.subarray(slotStride, slotStride + slotBytes))];
}

function newestOf([first, second]: [Slot, Slot], path: string): DurableHeadValue | null {
  if (first.kind === "valid" && second.kind === "valid") {
    return compare(first.value, second.value) >= 0 ? first.value : second.value;
  }
  if (first.kind === "valid") return first.value;
  if (second.kind === "valid") return second.value;
  if (first.kind === "torn" && second.kind === "torn") {
    throw new Error(
      `Both slots of the durable head ${path} are damaged, which no crash can cause. Restore it, or compare the stream ` +
        `with the ledger and then remove the file.`,
    );
  }
  return null;
}

function encodeSlot({ generation, sequence, leafHash }: DurableHeadValue): Buffer {
  const bytes = Buffer.alloc(slotBytes);
  magic.copy(bytes, 0);
  bytes.writeBigUInt64BE(BigInt(generation), 8);
  bytes.writeBigUInt64BE(BigInt(sequence), 16);
  bytes.set(leafHash, 24);
  bytes.set(checksum(bytes.subarray(0, bodyBytes)), bodyBytes);
  return bytes;
}

function decodeSlot(bytes: Buffer): Slot {
  if (bytes.every((byte) => byte === 0)) return { kind: "empty" };
  const body = bytes.subarray(0, bodyBytes);
  if (!body.subarray(0, 8).equals(magic) || !checksum(body).equals(bytes.subarray(bodyBytes))) return { kind: "torn" };
  return {
    kind: "valid",
    value: {
      generation: Number(body.readBigUInt64BE(8)),
      sequence: Number(body.readBigUInt64BE(16)),
      leafHash: Uint8Array.from(body.subarray(24)),
    },
  };
}

function checksum(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest();
}

function compare(a: DurableHeadValue, b: DurableHeadValue): number {
  return a.generation - b.generation || a.sequence - b.sequence;
}

function isAtPlace(a: DurableHeadValue, b: DurableHeadValue | null): boolean {
  return b !== null && compare(a, b) === 0;
}

function checkValue({ generation, sequence, leafHash }: DurableHeadValue): void {
  if (!(Number.isSafeInteger(generation) && generation >= 0 && Number.isSafeInteger(sequence) && sequence >= 0)) {
    throw new RangeError(`Generation ${generation} and sequence ${sequence} must be whole numbers from 0 up.`);
  }
  if (leafHash.length !== 32) throw new RangeError(`A leaf hash has 32 bytes, not ${leafHash.length}.`);
}

function described({ generation, sequence }: DurableHeadValue): string {
  return `generation ${generation}, sequence ${sequence}`;
}
