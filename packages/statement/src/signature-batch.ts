/** An Ed25519 signature to verify: the key's 32 bytes, what was signed, 64 bytes of signature. */
export interface SignedMessage {
  readonly point: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const pointBytes = 32;
const signatureBytes = 64;
const lengthBytes = 4;

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
export function writeSignatureBatch(signed: readonly SignedMessage[], spare: ArrayBuffer | undefined): SignatureBatch {
  let size = 0;
  for (const { message } of signed) size += lengthBytes + pointBytes + signatureBytes + message.length;
  const bytes = new Uint8Array(spare !== undefined && spare.byteLength >= size ? spare : new ArrayBuffer(size));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { point, message, signature } of signed) {
    view.setUint32(at, message.length);
    bytes.set(point, at + lengthBytes);
    bytes.set(signature, at + lengthBytes + pointBytes);
    at += lengthBytes + pointBytes + signatureBytes;
    bytes.set(message, at);
    at += message.length;
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
    at += lengthBytes + pointBytes + signatureBytes;
    yield { point, signature, message: new Uint8Array(memory, at, length) };
    at += length;
  }
}
