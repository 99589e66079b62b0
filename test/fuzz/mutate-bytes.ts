import type { Dice } from "./dice.ts";

/** Changes bytes without knowing what they mean. `other` is a second valid message to splice with. The original stays as it is. */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  let changed = bytes;
  for (let left = dice.between(1, 3); left > 0; left--) changed = dice.pick(byteChanges)(changed, other, dice);
  return changed;
}

type ByteChange = (bytes: Uint8Array, other: Uint8Array, dice: Dice) => Uint8Array;

const byteChanges: readonly ByteChange[] = [
  (bytes, _other, dice) => {
    const changed = Uint8Array.from(bytes);
    for (let left = dice.between(1, 4); left > 0 && changed.length > 0; left--) {
      const at = dice.below(changed.length);
      changed[at] = (changed[at] as number) ^ (1 << dice.below(8));
    }
    return changed;
  },
  (bytes, _other, dice) => {
    const changed = Uint8Array.from(bytes);
    if (changed.length > 0) changed[dice.below(changed.length)] = dice.pick([0, 1, 0x7f, 0x80, 0xff, dice.below(256)]);
    return changed;
  },
  // A length, or a tag, that is off by a little: the prefix lies about what follows.
  (bytes, _other, dice) => {
    const changed = Uint8Array.from(bytes);
    const at = dice.below(Math.max(1, changed.length));
    if (changed.length > 0) changed[at] = (changed[at] as number) + dice.pick([-2, -1, 1, 2, 8]);
    return changed;
  },
  (bytes, _other, dice) => insert(bytes, dice.below(bytes.length + 1), dice.bytes(dice.between(1, 16))),
  (bytes, _other, dice) => insert(bytes, dice.below(bytes.length + 1), new Uint8Array(dice.between(1, 12)).fill(0xff)),
  (bytes, _other, dice) => {
    const [from, to] = range(bytes, dice);
    return concat(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, _other, dice) => bytes.slice(0, dice.below(bytes.length + 1)),
  (bytes, _other, dice) => bytes.slice(dice.below(bytes.length + 1)),
  (bytes, _other, dice) => {
    const [from, to] = range(bytes, dice);
    return insert(bytes, dice.below(bytes.length + 1), bytes.slice(from, to));
  },
  (bytes, other, dice) =>
    concat(bytes.subarray(0, dice.below(bytes.length + 1)), other.subarray(dice.below(other.length + 1))),
  (bytes, other) => concat(bytes, other),
  (bytes, _other, dice) => dice.bytes(bytes.length),
];

/** Bytes that were never a message. */
export function randomBytes(dice: Dice): Uint8Array {
  return dice.bytes(dice.chance(0.9) ? dice.below(200) : dice.below(20_000));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function insert(bytes: Uint8Array, at: number, added: Uint8Array): Uint8Array {
  return concat(bytes.subarray(0, at), added, bytes.subarray(at));
}

function range(bytes: Uint8Array, dice: Dice): [from: number, to: number] {
  const from = dice.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + dice.between(1, 32))];
}
