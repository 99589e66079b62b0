import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { busError, keepPrivateFile } from "@lienthong/chassis";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Tokens that say where a page ended. They are encrypted and authenticated, and bound to the question: nobody can make one, read one, or use one
 * with another question or on behalf of another agency. Lost with the key, which costs callers no more than to begin again.
 */
export class PageTokens {
  readonly #key: Uint8Array;

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Tokens with the key in a file, made if it is not there. */
  static async open(path: string): Promise<PageTokens> {
    const kept = await keepPrivateFile(path, randomBytes(32).toString("hex"));
    const key = Buffer.from(kept.trim(), "hex");
    if (key.length === 32) return new PageTokens(key);
    throw new Error(`${path} is not a key of 64 hexadecimal digits; delete it, and callers begin their lists again.`);
  }

  /** A token for the page behind `position`. */
  seal(question: Uint8Array, position: readonly (string | number)[]): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(digest(question));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(position), "utf8"), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
  }

  /** Where the page before ended; null for the first page. Throws FIELD_INVALID for any token that is not one for this question. */
  open(question: Uint8Array, token: string): readonly (string | number)[] | null {
    if (token === "") return null;
    const bytes = Buffer.from(token, "base64url");
    try {
      if (bytes.toString("base64url") !== token) throw new Error("another spelling of a token");
      const end = bytes.length - tagBytes;
      const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, nonceBytes))
        .setAAD(digest(question))
        .setAuthTag(bytes.subarray(end));
      const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, end)), decipher.final()]).toString("utf8");
      return JSON.parse(text) as (string | number)[];
    } catch (cause) {
      const allowed = "empty, or next_page_token of the page before as it came, with the same question";
      throw busError("FIELD_INVALID", { field: "page_token", allowed }, { cause });
    }
  }
}

function digest(question: Uint8Array): Uint8Array {
  return createHash("sha256").update(question).digest();
}
