import { createHash } from "node:crypto";

/** Random numbers that come again with the same seed (sfc32). */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: string) {
    const bytes = createHash("sha256").update(seed).digest();
    this.#a = bytes.readUInt32LE(0);
    this.#b = bytes.readUInt32LE(4);
    this.#c = bytes.readUInt32LE(8);
    this.#d = bytes.readUInt32LE(12);
  }

  /** 32 random bits, as a number from 0. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor((this.bits() / 4_294_967_296) * count);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True so often of one time. */
  chance(probability: number): boolean {
    return this.bits() / 4_294_967_296 < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error("There is nothing to pick from.");
    return items[this.below(items.length)] as T;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 4) {
      const bits = this.bits();
      for (let part = 0; part < 4 && at + part < count; part++) bytes[at + part] = bits >>> (8 * part);
    }
    return bytes;
  }

  /** A 64-bit number, mostly at an edge where readers differ. */
  edgeNumber(): bigint {
    const edge = this.pick(edges);
    return this.chance(0.7) ? edge : (BigInt(this.bits()) << BigInt(this.below(33))) & 0xffff_ffff_ffff_ffffn;
  }
}

const edges = [
  0n,
  1n,
  2n,
  127n,
  128n,
  255n,
  256n,
  1_000n,
  1_001n,
  10_000n,
  10_001n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
