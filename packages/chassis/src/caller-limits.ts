import { type BusError, busError } from "./bus-error.ts";
import type { LimitSettings } from "./limit-settings.ts";
import type { PeerIdentity } from "./peer-identity.ts";
import { TokenBuckets } from "./token-buckets.ts";

const mebibyte = 1_048_576;

interface UnderWay {
  calls: number;
  streams: number;
}

/**
 * What systems take of one server. Counted by the key of the certificate, not by the system that it names: a stolen certificate that the registry knows no
 * more uses up its own share, not the system's.
 */
export class CallerLimits {
  readonly #limits: LimitSettings;
  readonly #calls: TokenBuckets;
  readonly #bytes: TokenBuckets;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(limits: LimitSettings) {
    this.#limits = limits;
    this.#calls = new TokenBuckets({ perSecond: limits.limitCallsPerSecond, burst: limits.limitCallsBurst });
    this.#bytes = new TokenBuckets({
      perSecond: limits.limitMebibytesPerSecond * mebibyte,
      burst: limits.limitMebibytesBurst * mebibyte,
    });
  }

  /** A call begins. Why it may not, or null; then `end` must be called when nothing of its answer is left to be sent. */
  begin(identity: PeerIdentity | null, isStream: boolean, nowMs: number): BusError | null {
    const [key, system] = keyAndName(identity);
    const { limitCallsUnderWay, limitStreams, limitCallsPerSecond } = this.#limits;
    const own = this.#underWay.get(key);
    if (own !== undefined && own.calls >= limitCallsUnderWay) {
      return limitReached(`system ${system}`, `${limitCallsUnderWay} calls under way at a time`, 500);
    }
    if (isStream && own !== undefined && own.streams >= limitStreams) {
      return limitReached(`system ${system}`, `${limitStreams} streams at a time`, 5_000);
    }
    const waitMs = this.#calls.take(key, 1, nowMs);
    if (waitMs > 0) return limitReached(`system ${system}`, `${limitCallsPerSecond} calls a second`, waitMs);
    if (own === undefined) this.#underWay.set(key, { calls: 1, streams: isStream ? 1 : 0 });
    else {
      own.calls += 1;
      if (isStream) own.streams += 1;
    }
    return null;
  }

  /** A call that was begun has ended. */
  end(identity: PeerIdentity | null, isStream: boolean): void {
    const [key] = keyAndName(identity);
    const own = this.#underWay.get(key);
    if (own === undefined) return;
    own.calls -= 1;
    if (isStream) own.streams -= 1;
    if (own.calls === 0) this.#underWay.delete(key);
  }

  /** Bytes of a single call arrived. Why it is not answered, or null. */
  takeBytes(identity: PeerIdentity | null, byteCount: number, nowMs: number): BusError | null {
    const [key, system] = keyAndName(identity);
    const waitMs = this.#bytes.take(key, byteCount, nowMs);
    const { limitMebibytesPerSecond } = this.#limits;
    return waitMs === 0 ? null : limitReached(`system ${system}`, `${limitMebibytesPerSecond} MiB a second`, waitMs);
  }

  /** Bytes of a stream arrived; nothing further is read of it for so many milliseconds. */
  spendBytes(identity: PeerIdentity | null, byteCount: number, nowMs: number): number {
    return this.#bytes.spend(keyAndName(identity)[0], byteCount, nowMs);
  }
}

/** Those without a certificate of ours share one key; their calls are refused by every port. */
function keyAndName(identity: PeerIdentity | null): [key: string, system: string] {
  return identity === null ? ["", ""] : [identity.certificateKeyDigestHex, identity.systemId];
}

/** The refusal of whoever takes more than its share. `of`: "system …" or "agency …"; `allowed`: how much, in words. */
export function limitReached(of: string, allowed: string, retryAfterMs: number): BusError {
  return busError("LIMIT_REACHED", { of, allowed }, { retryAfterMs });
}
