import { randomInt } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { timestampFromMs, timestampToMs } from "@lienthong/chassis/timestamp";
import { BusCallError, type RegistryCalls } from "@lienthong/client";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import type { Endorsement } from "@lienthong/contracts/registry/v1/entry";
import {
  type AnyRecord,
  hexOf,
  RegistrarPen,
  RegistryEntryRefusedError,
  type RegistryState,
} from "@lienthong/registry-state";
import type { SigningKey } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";
import { RegistryCopy } from "./registry-copy.ts";

/** How often a moved head, or an outcome that stays unknown, is tried. */
const attemptsMax = 20;
const retryPauseMs = 200;
const nanosPerMs = 1_000_000;

/** One entry that shall be in the registry. */
export interface RecordStep {
  /** For people: what it is about, e.g. the key id. */
  readonly subject: string;
  /** Number of the entry if the registry says this already; null if it must be written. Throws EnrolmentRefusedError if it never may. */
  recordedAt(state: RegistryState): bigint | null;
  /** What to write: a record, or bytes that others signed. */
  record(state: RegistryState): AnyRecord | Uint8Array;
  readonly endorsements?: readonly Endorsement[];
}

/** Where it stands in the registry. */
export interface RecordedStep {
  readonly subject: string;
  readonly number: bigint;
  /** Whether this call wrote it. */
  readonly isNew: boolean;
}

/** Who signs entries of the registry. The private key stays in this process; the registry gets signed bytes. */
export class Registrar {
  readonly copy: RegistryCopy;
  readonly key: SigningKey;
  readonly #calls: RegistryCalls;
  readonly #pen: RegistrarPen;

  private constructor(calls: RegistryCalls, key: SigningKey, copy: RegistryCopy) {
    this.#calls = calls;
    this.key = key;
    this.copy = copy;
    this.#pen = new RegistrarPen(copy.state, key);
  }

  /** Reads the whole registry, entry by entry. Throws EnrolmentRefusedError if the key is none of the registrar's in force. */
  static async open(options: {
    readonly registry: RegistryCalls;
    readonly key: SigningKey;
    /** Hash of entry 0 that is trusted; absent: whatever is there. */
    readonly network?: Uint8Array;
  }): Promise<Registrar> {
    const copy = new RegistryCopy(options.registry, options.network ?? null);
    await copy.catchUp();
    const keyId = hexOf(options.key.keyId);
    if (copy.state.registrarKey(keyId)?.revoked !== null) {
      throw new EnrolmentRefusedError("REGISTRAR_KEY_WRONG", { key: keyId });
    }
    return new Registrar(options.registry, options.key, copy);
  }

  get state(): RegistryState {
    return this.copy.state;
  }

  /**
   * Sees to it that the registry has the entry, once: what is there already is found, a head that moved is followed, and after an outcome
   * that is unknown the log itself is read before anything is signed again.
   */
  async record(step: RecordStep): Promise<RecordedStep> {
    const { subject } = step;
    const brought = new Set<string>();
    const sizeBefore = this.state.size;
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      await this.copy.catchUp();
      const number = step.recordedAt(this.state);
      if (number !== null) {
        const own = this.copy.entries.findIndex((entry, at) => at >= sizeBefore && brought.has(hexOf(leafHash(entry))));
        return own < 0 ? { subject, number, isNew: false } : { subject, number: BigInt(own), isNew: true };
      }
      const details = { recordedTime: this.#now(), endorsements: step.endorsements ?? [] };
      const entry = refusing(() => {
        const written = this.#pen.entry(step.record(this.state), details);
        this.state.check(written);
        return written;
      });
      brought.add(hexOf(leafHash(entry)));
      try {
        // The entry becomes durable in this call, or not: the next round reads the log to know.
        await this.#calls.appendEntry(entry);
      } catch (error) {
        if (!(error instanceof BusCallError)) throw error;
        if (error.reason === "REGISTRY_HEAD_MOVED") continue;
        if (error.retry === "terminal" || attempt === attemptsMax) throw error;
        await wait(error.retryAfterMs ?? retryPauseMs);
      }
    }
    throw new EnrolmentRefusedError("REGISTRY_BUSY", { attempts: String(attemptsMax) });
  }

  /**
   * Real UTC to the millisecond, but never before the last entry: the registry refuses a time that runs backwards. What is below the millisecond is
   * drawn: two who record the same in the same millisecond with the same key would sign the same bytes, and both would take the entry for theirs.
   */
  #now(): Timestamp {
    const nowMs = Date.now();
    const last = this.state.lastRecordedTime;
    const aheadMs = last === null ? -1 : timestampToMs(last) - nowMs;
    // Somebody's clock is fast by less than the minute that the registry allows, or that was this very millisecond.
    const { seconds, nanos } = timestampFromMs(aheadMs < 0 || aheadMs > 60_000 ? nowMs : nowMs + aheadMs + 1);
    return { seconds, nanos: nanos + randomInt(nanosPerMs) };
  }
}

/** Refusals of the registry's rules, as refusals of what was asked. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RegistryEntryRefusedError)) throw error;
    const found = error.message.slice(error.field.length + 1, error.message.lastIndexOf("; allowed: "));
    throw refusedContent(error.field, found, error.allowed);
  }
}
