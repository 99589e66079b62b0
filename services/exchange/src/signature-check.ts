import { payloadTypes, type VerifyingKey, verifyPayload, verifyPayloadSync } from "@lienthong/statement";

/** Signatures checked on the main thread in one turn of the event loop. */
const checkedHerePerTurnMax = 2;

/**
 * Checks signatures of statements: few at once on this thread, more on the thread pool. Why: the way to the pool and back takes 1.5 to 2 ms
 * where two cores are busy, the check itself 0.06 to 0.15; but many in one turn would hold up everybody, and the pool has more cores.
 */
export class SignatureCheck {
  #checkedThisTurn = 0;

  /** True if the signature over the statement's payload is this key's. Never throws for a bad one. */
  check(key: VerifyingKey, payload: Uint8Array, signature: Uint8Array): boolean | Promise<boolean> {
    if (this.#checkedThisTurn >= checkedHerePerTurnMax)
      return verifyPayload(key, payloadTypes.statement, payload, signature);
    if (this.#checkedThisTurn === 0) {
      setImmediate(() => {
        this.#checkedThisTurn = 0;
      });
    }
    this.#checkedThisTurn += 1;
    return verifyPayloadSync(key, payloadTypes.statement, payload, signature);
  }
}
