import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { BackupRefusedError } from "./backup-error.ts";

/** A message of a stream as a backup holds it. */
export interface BackedUpMessage {
  /** Where it lay in the stream. */
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** A file that was written whole. */
export interface WrittenFile {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

const magic = Buffer.from("LTSTREAM1\n", "latin1");
const recordHeadBytes = 8 + 2 + 4;
const subjectBytesMax = 1_024;
/** What nats-server takes, with room. */
const payloadBytesMax = 2 * 1024 * 1024;
const writtenAtOnceBytes = 1024 * 1024;
const readAtOnceBytes = 4 * 1024 * 1024;

/** Writes messages one after the other: length, place, subject, payload. Nothing counts before `finish`, which fsyncs. */
export class MessageFileWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash("sha256");
  #waiting: Buffer[] = [magic];
  #waitingBytes = magic.length;
  #bytes = 0;
  /** Messages so far. */
  count = 0;
  /** Place of the last one; 0 before the first. */
  lastSequence = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<MessageFileWriter> {
    return new MessageFileWriter(await open(path, "wx", 0o600));
  }

  async write({ sequence, subject, payload }: BackedUpMessage): Promise<void> {
    const name = Buffer.from(subject, "utf8");
    const head = Buffer.alloc(recordHeadBytes);
    head.writeBigUInt64BE(BigInt(sequence), 0);
    head.writeUInt16BE(name.length, 8);
    head.writeUInt32BE(payload.length, 10);
    // Copied: the payload may be a window into a buffer that is used again.
    this.#waiting.push(head, name, Buffer.from(payload));
    this.#waitingBytes += head.length + name.length + payload.length;
    this.count += 1;
    this.lastSequence = sequence;
    if (this.#waitingBytes >= writtenAtOnceBytes) await this.#flush();
  }

  /** Durable under its name only after the folder is fsynced, too. */
  async finish(): Promise<WrittenFile> {
    try {
      await this.#flush();
      await this.#file.sync();
      return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    } finally {
      await this.#file.close();
    }
  }

  /** Gives up. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.#file.appendFile(bytes);
  }
}

/** Reads such a file. Throws BackupRefusedError, naming the file, where it cannot be taken apart. Whether it is the one that was written, its hash says. */
export async function* readMessageFile(path: string, name: string): AsyncGenerator<BackedUpMessage> {
  const odd = (what: string) => new BackupRefusedError(`${name} is damaged: ${what}. Take another copy of the backup.`);
  const file = await open(path, "r").catch((cause: Error) => {
    throw new BackupRefusedError(`${name} is missing or cannot be read (${cause.message}).`, { cause });
  });
  try {
    let rest: Buffer = Buffer.alloc(0);
    let ended = false;
    const need = async (bytes: number): Promise<boolean> => {
      while (rest.length < bytes && !ended) {
        const chunk = Buffer.alloc(Math.max(readAtOnceBytes, bytes - rest.length));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
        if (bytesRead === 0) ended = true;
        else rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      }
      return rest.length >= bytes;
    };
    if (!(await need(magic.length)) || !rest.subarray(0, magic.length).equals(magic))
      throw odd("it does not begin as a file of messages does");
    rest = rest.subarray(magic.length);
    for (;;) {
      if (!(await need(recordHeadBytes))) {
        if (rest.length === 0) return;
        throw odd("it ends in the middle of a message");
      }
      const sequence = Number(rest.readBigUInt64BE(0));
      const subjectBytes = rest.readUInt16BE(8);
      const payloadBytes = rest.readUInt32BE(10);
      if (subjectBytes > subjectBytesMax || payloadBytes > payloadBytesMax)
        throw odd(`the message behind place ${sequence} is longer than any that a stream takes`);
      const bytes = recordHeadBytes + subjectBytes + payloadBytes;
      if (!(await need(bytes))) throw odd("it ends in the middle of a message");
      const at = recordHeadBytes + subjectBytes;
      yield {
        sequence,
        subject: rest.toString("utf8", recordHeadBytes, at),
        payload: Uint8Array.from(rest.subarray(at, bytes)),
      };
      rest = rest.subarray(bytes);
    }
  } finally {
    await file.close();
  }
}
