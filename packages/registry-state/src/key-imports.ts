import type { PublicKey } from "@lienthong/contracts/registry/v1/record";
import { importVerifyingKey, keyIdOf, type VerifyingKey } from "@lienthong/statement";
import { invalid } from "./entry-refused.ts";
import { hexOf } from "./hex.ts";

/**
 * Imported public keys by key id. A key id is the hash of the key, so what is in here is right whatever the state says about
 * the key; whether the key may sign is looked up in the tables.
 */
export class KeyImports {
  readonly #imported = new Map<string, VerifyingKey>();

  byId(keyIdHex: string): VerifyingKey | undefined {
    return this.#imported.get(keyIdHex);
  }

  /** Imports a key once. Throws what `importVerifyingKey` throws. */
  import(publicKey: PublicKey): VerifyingKey {
    const keyIdHex = hexOf(keyIdOf(publicKey.publicKey));
    const known = this.#imported.get(keyIdHex);
    if (known !== undefined && known.algorithm === publicKey.algorithm) return known;
    const key = importVerifyingKey(publicKey.algorithm, publicKey.publicKey);
    this.#imported.set(keyIdHex, key);
    return key;
  }

  /** The same for a key in a record; refuses the entry, naming the field, if the key is not what it says. */
  require(field: string, publicKey: PublicKey | undefined): VerifyingKey {
    if (publicKey === undefined) throw invalid(field, "is not set", "a public key");
    try {
      return this.import(publicKey);
    } catch (error) {
      throw invalid(
        field,
        `cannot be used: ${(error as Error).message.replace(/\.$/, "")}`,
        "a key in SubjectPublicKeyInfo that is what its algorithm says: Ed25519, P-256, or RSA of 2,048 to 4,096 bits",
      );
    }
  }
}
