import { payloadTypes, type VerifyingKey, verifyPayload, verifyPayloadSync } from "@lienthong/statement";

/** Signatures checked on the main thread in one turn of the event loop. */
const checkedHerePerTurnMax = 2;
/** The same per window: at 0.08 ms each, 4 % of the thread. */
const checkedHerePerWindowMax = 50;
const windowMs = 100;

/**
 * Checks signatures of statements: few at once on this thread, more on others. Why: the way there and back takes 1.5 to 2 ms where two
 * cores are busy, the check itself 0.06 to 0.15; but many in one turn would hold up everybody, and there are more cores.
 * Under load the main thread is what everything waits for: measured at 256 statements in flight, checking nearly all of them on it cost
 * about a tenth of the events per second.
 */
export class SignatureCheck {
  #checkedThisTurn = 0;
  #checkedThisWindow = 0;
  #windowEndsMs = 0;

  /** True if the signature over the statement's payload is this key's. Never throws for a bad one. */
  check(key: VerifyingKey, payload: Uint8Array, signature: Uint8Array): boolean | Promise<boolean> {
    return this.#mayCheckHere(performance.now())
      ? verifyPayloadSync(key, payloadTypes.statement, payload, signature)
      : verifyPayload(key, payloadTypes.statement, payload, signature);
  }

  #mayCheckHere(nowMs: number): boolean {
    if (nowMs >= this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + windowMs;
      this.#checkedThisWindow = 0;
    }
    if (this.#checkedThisTurn >= checkedHerePerTurnMax || this.#checkedThisWindow >= checkedHerePerWindowMax) {
      return false;
    }
    if (this.#checkedThisTurn === 0) {
      setImmediate(() => {
        this.#checkedThisTurn = 0;
      });
    }
    this.#checkedThisTurn += 1;
    this.#checkedThisWindow += 1;
    return true;
  }
}
