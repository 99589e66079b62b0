import {
  type PayloadType,
  preAuthenticationLength,
  writePreAuthenticationEncoding,
} from "./pre-authentication-encoding.ts";

/** An Ed25519 signature over a payload: the key's 32 bytes, 64 bytes of signature. */
export interface SignedPayload {
  readonly point: Uint8Array;
  readonly type: PayloadType;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** The same as a library is asked for it: `message` is the payload's pre-authentication encoding. */
export interface SignedMessage {
  readonly point: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const pointBytes = 32;
const signatureBytes = 64;
const lengthBytes = 4;
/** What stands before a message. */
const placeBytes = lengthBytes + pointBytes + signatureBytes;

/** Many signatures in one piece of memory: handing it to a thread costs as much as handing over one. */
export interface SignatureBatch {
  readonly count: number;
  readonly memory: ArrayBuffer;
}

/** What a thread answers: in the order of the batch, and its memory. */
export interface SignatureVerdicts {
  readonly verdicts: readonly boolean[];
  readonly memory: ArrayBuffer;
}

/** Writes a batch, into `spare` where it fits: new memory for each would keep the garbage collector busy. */
export function writeSignatureBatch(signed: readonly SignedPayload[], spare: ArrayBuffer | undefined): SignatureBatch {
  const lengths = signed.map(({ type, payload }) => preAuthenticationLength(type, payload));
  const size = lengths.reduce((sum, length) => sum + placeBytes + length, 0);
  const bytes = new Uint8Array(spare !== undefined && spare.byteLength >= size ? spare : new ArrayBuffer(size));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, { point, type, payload, signature }] of signed.entries()) {
    const length = lengths[index] as number;
    view.setUint32(at, length);
    bytes.set(point, at + lengthBytes);
    bytes.set(signature, at + lengthBytes + pointBytes);
    writePreAuthenticationEncoding(type, payload, bytes, at + placeBytes);
    at += placeBytes + length;
  }
  return { count: signed.length, memory: bytes.buffer };
}

/** Reads what `writeSignatureBatch` wrote, without copying. */
export function* readSignatureBatch({ count, memory }: SignatureBatch): Generator<SignedMessage> {
  const view = new DataView(memory);
  let at = 0;
  for (let read = 0; read < count; read++) {
    const length = view.getUint32(at);
    const point = new Uint8Array(memory, at + lengthBytes, pointBytes);
    const signature = new Uint8Array(memory, at + lengthBytes + pointBytes, signatureBytes);
    at += placeBytes;
    yield { point, signature, message: new Uint8Array(memory, at, length) };
    at += length;
  }
}
