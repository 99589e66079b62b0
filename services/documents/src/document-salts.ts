import { saltBytes } from "@lienthong/statement";

/** What opens the commitments to a document. Whoever has them and the bytes can prove what was committed to; erasure takes them. */
export interface DocumentSalts {
  /** Empty where the author keeps it to itself. */
  readonly contentSalt: Uint8Array;
  readonly transferSalt: Uint8Array;
}

/** Bytes of the message: the transfer salt, then the content salt if there is one. */
export function encodeSalts({ contentSalt, transferSalt }: DocumentSalts): Uint8Array {
  return Uint8Array.from(Buffer.concat([transferSalt, contentSalt]));
}

/** The inverse of `encodeSalts`. Throws for bytes that it did not write. */
export function decodeSalts(bytes: Uint8Array): DocumentSalts {
  if (bytes.length !== saltBytes && bytes.length !== 2 * saltBytes) {
    throw new Error(`The salts of a document have ${bytes.length} bytes, not ${saltBytes} or ${2 * saltBytes}.`);
  }
  return {
    transferSalt: Uint8Array.from(bytes.subarray(0, saltBytes)),
    contentSalt: Uint8Array.from(bytes.subarray(saltBytes)),
  };
}
