import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { FolderLock } from "@lienthong/chassis/folder-lock";
import { type FollowedMessage, type Follower, follow, type Reader } from "@lienthong/event-store";
import {
  formatVerifierKey,
  hashesEqual,
  hashesInTile,
  leafHash,
  openCheckpoint,
  type Policy,
  parseCheckpoint,
  parseNote,
  type SignerKey,
  tileWidth,
} from "@lienthong/tlog";
import type { Disk } from "./disk.ts";
import { KeptCheckpoints } from "./kept-checkpoints.ts";
import type { Log, LogOptions } from "./log.ts";
import { keptFileName, LogFiles, publishedFileName, readIfAny } from "./log-files.ts";
import { LogStoppedError, logStopped } from "./log-stopped.ts";
import { type LogWriter, openLogWriter, type SignedHead } from "./log-writer.ts";
import { Publisher } from "./publisher.ts";
import { Waiting } from "./waiting.ts";
import { expectWholeStream } from "./whole-stream.ts";

/** What waits in memory for the next seal is bounded: then reading waits for sealing. */
const unsealedLeavesMax = 16_384;
const unsealedBytesMax = 16 * 1_048_576;
const diskRetryMs = 2_000;
/** What the stream has is asked for this often: under load, each message by itself costs the server far more. */
const restMs = 150;

const emptyHead: SignedHead = { size: 0, root: new Uint8Array(0), note: "" };

/** A log that is kept: what `keepLog` opens. */
export class KeptLog implements Log {
  readonly name: string;
  readonly signer: SignerKey;
  readonly vkey: string;
  readonly files: LogFiles;
  readonly kept: KeptCheckpoints;
  readonly reader: Reader;
  readonly publisher: Publisher;
  readonly #options: LogOptions;
  readonly #lock: FolderLock;
  readonly #disk: Disk;
  readonly #sealed = new Waiting();
  readonly #witnessed = new Waiting();
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  #writer: LogWriter | null = null;
  #follower: Follower | null = null;
  #head: SignedHead = emptyHead;
  #witnessedSize: number;
  #stopped: LogStoppedError | null = null;
  #unsealedBytes = 0;
  #sealedAtMs = Number.NEGATIVE_INFINITY;
  #wakeSealer: () => void = () => {};
  #roomWaiter: () => void = () => {};
  #sealer: Promise<void> = Promise.resolve();
  #reopening: Promise<void> = Promise.resolve();
  #catchUpSize: number | null = null;
  /** Hashes of the leaves in the last, partial tile of the head that was found on disk, to hold the stream against. */
  #overlap: { readonly from: number; readonly hashes: readonly Uint8Array[] } = { from: 0, hashes: [] };

  constructor(options: LogOptions, lock: FolderLock, reader: Reader) {
    this.#options = options;
    this.#lock = lock;
    this.#disk = options.disk;
    this.name = options.name;
    this.signer = options.signer;
    this.vkey = formatVerifierKey(options.signer);
    this.reader = reader;
    this.files = new LogFiles(options.directory);
    this.kept = new KeptCheckpoints(join(options.directory, keptFileName));
    this.#witnessedSize = this.kept.newest(true)?.size ?? -1;
    this.#caughtUp.promise.catch(() => {}); // whoever does not await it has chosen not to know
    this.publisher = new Publisher({
      name: options.name,
      files: this.files,
      disk: this.#disk,
      kept: this.kept,
      policy: options.policy,
      logger: options.logger,
      witnessTimeoutMs: options.witnessTimeoutMs ?? 2_000,
      onPublished: (size, witnessed) => {
        if (!witnessed) return;
        this.#witnessedSize = Math.max(this.#witnessedSize, size);
        this.#witnessed.reached(size);
      },
      onFailed: (error) =>
        options.logger.error(
          { err: error, log: options.name },
          "A checkpoint could not be published; the next one is tried again.",
        ),
    });
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  head(): SignedHead {
    return this.#head;
  }

  stopped(): LogStoppedError | null {
    return this.#stopped;
  }

  policy(): Policy {
    return this.#options.policy.policy;
  }

  waitUntilSealed(index: number, signal: AbortSignal): Promise<void> {
    if (index < this.#head.size) return Promise.resolve();
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    const waiting = this.#sealed.until(index, signal);
    this.#follower?.hurry();
    this.#wakeSealer();
    return waiting;
  }

  waitUntilWitnessed(index: number, signal: AbortSignal): Promise<void> {
    if (index < this.#witnessedSize) return Promise.resolve();
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    const waiting = this.#witnessed.until(index, signal);
    this.#follower?.hurry();
    this.#wakeSealer();
    // Sealed already but not witnessed, perhaps because the witnesses were away.
    if (index < this.#head.size) this.publisher.askAgain();
    return waiting;
  }

  /** Opens the folder, compares it with the stream, and begins to follow. The same after a start, a crash, and a disk that failed. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      if (!(error instanceof LogStoppedError)) throw error;
      await this.#showWhatWasSigned();
      this.#stop(error);
      return;
    }
    this.#sealer = this.#keepSealing();
    this.#follow();
  }

  async #open(): Promise<void> {
    const { directory, signer } = this.#options;
    const shownSize = Math.max(this.kept.signedSize(), await this.#publishedSize());
    const writer = await openLogWriter({ name: this.name, directory, signer, disk: this.#disk, shownSize });
    this.#writer = writer;
    if (writer.head === null) await this.#sealOnce(writer);
    else {
      this.#head = writer.head;
      // A crash between head and record left it out.
      this.kept.record(writer.head.size, writer.head.note, this.#options.clock.nowMs());
      this.publisher.publish(writer.head);
    }
    const { size } = this.#head;
    const width = size === 0 ? 0 : ((size - 1) % tileWidth) + 1;
    const tile = { level: 0, index: Math.floor(Math.max(0, size - 1) / tileWidth), width };
    const bytes = width === 0 ? new Uint8Array(0) : await this.files.tile(tile);
    if (bytes === null) throw logStopped(this.name, `the tile of its last ${width} leaves is missing.`);
    this.#overlap = { from: tile.index * tileWidth, hashes: hashesInTile(bytes, width) };
  }

  /** A log that could not be opened still answers for the last head that it kept. */
  async #showWhatWasSigned(): Promise<void> {
    const note = this.kept.newest(false)?.note;
    if (note === undefined || this.#head.note !== "") return;
    const opened = await openCheckpoint(note, this.signer).catch(() => null);
    if (opened !== null) this.#head = { size: opened.size, root: opened.root, note };
  }

  async #publishedSize(): Promise<number> {
    const bytes = await readIfAny(join(this.#options.directory, publishedFileName));
    if (bytes === null) return -1;
    try {
      return parseCheckpoint(parseNote(bytes).text).size;
    } catch (cause) {
      throw logStopped(this.name, `its published checkpoint cannot be read (${(cause as Error).message})`, cause);
    }
  }

  #follow(): void {
    const { connection, streamName, logger } = this.#options;
    const begin = async (): Promise<void> => {
      await expectWholeStream(this.reader, this.#head.size, {
        log: this.name,
        signal: this.#ending.signal,
        logger: this.#options.logger,
      });
      if (this.#ending.signal.aborted) return;
      this.#follower = follow({
        connection,
        streamName,
        fromSequence: this.#overlap.from + 1,
        restMs,
        onMessages: (batch) => this.#take(batch),
        onCaughtUp: () => {
          this.#catchUpSize = this.#writer?.size ?? 0;
          this.#noteCaughtUp();
        },
        onGap: (expected, got) =>
          this.#stop(
            logStopped(
              this.name,
              got < expected
                ? `the stream ends at message ${got - 1}, but ${expected - 1} were read from it.`
                : `the stream has no message ${expected} (entry ${expected - 1}); the next one is ${got}.`,
            ),
          ),
        onError: (error) => {
          if (error instanceof LogStoppedError) this.#stop(error);
          else if (!this.#ending.signal.aborted)
            this.#stop(logStopped(this.name, `its stream cannot be followed: ${error.message}.`, error));
        },
        onInterruption: (reason) => logger.debug({ log: this.name, reason }, "The log waits for its stream."),
      });
    };
    begin().catch((error: unknown) => {
      if (this.#ending.signal.aborted) return;
      this.#stop(
        error instanceof LogStoppedError
          ? error
          : logStopped(this.name, `its stream cannot be read: ${(error as Error).message}`, error),
      );
    });
  }

  async #take(batch: readonly FollowedMessage[]): Promise<void> {
    const writer = this.#writer as LogWriter;
    for (const { sequence, subject, payload } of batch) {
      const index = sequence - 1;
      const leaf = { index, subject, payload };
      if (index < this.#overlap.from + this.#overlap.hashes.length) {
        if (!hashesEqual(leafHash(payload), this.#overlap.hashes[index - this.#overlap.from] as Uint8Array)) {
          throw logStopped(
            this.name,
            `message ${sequence} of the stream (entry ${index}) holds other bytes than were sealed.`,
          );
        }
        this.#options.rules.remember(leaf);
        continue;
      }
      const refusal = this.#options.rules.refusal(leaf, () => writer.root());
      if (refusal !== null) throw logStopped(this.name, refusal);
      writer.append(payload);
      this.#unsealedBytes += payload.length;
    }
    this.#wakeSealer();
    while (!this.#ending.signal.aborted && this.#stopped === null && this.#isFull()) {
      await new Promise<void>((resolve) => {
        this.#roomWaiter = resolve;
      });
    }
  }

  #isFull(): boolean {
    const writer = this.#writer as LogWriter;
    return writer.size - this.#head.size >= unsealedLeavesMax || this.#unsealedBytes >= unsealedBytesMax;
  }

  async #keepSealing(): Promise<void> {
    const { sealEveryMs = 1_000, sealSoonMs = 200, logger } = this.#options;
    while (!this.#ending.signal.aborted && this.#stopped === null) {
      const writer = this.#writer as LogWriter;
      if (writer.size === this.#head.size) {
        await this.#sleep(null);
        continue;
      }
      const dueMs = (): number => {
        if (this.#isFull() || this.#catchUpSize === null) return 0;
        const waited = this.#sealed.count + this.#witnessed.count > 0;
        const sinceMs = performance.now() - this.#sealedAtMs;
        return waited ? sealSoonMs - sinceMs : sealEveryMs - sinceMs;
      };
      // The first after a silence waits a little for its neighbours; a stream that is being caught up with is sealed as memory fills.
      const pauseMs =
        this.#catchUpSize === null
          ? this.#isFull()
            ? 0
            : sealSoonMs
          : Math.min(sealEveryMs, Math.max(sealSoonMs / 4, dueMs()));
      if (pauseMs > 0 && !this.#isFull()) {
        await this.#sleep(pauseMs);
        // Woken early by a message or a caller: look again how long there is to wait.
        if (!this.#ending.signal.aborted && !this.#isFull() && this.#catchUpSize !== null && dueMs() > 0) continue;
      }
      if (this.#stopped !== null || this.#ending.signal.aborted) return;
      try {
        await this.#sealOnce(writer);
      } catch (error) {
        if (error instanceof LogStoppedError) this.#stop(error);
        else {
          // The disk is full or failing: what reached it is only known from it. Open the folder again and go on from there.
          logger.error({ err: error, log: this.name }, "The log could not be sealed; it is opened again.");
          this.#reopening = this.#reopen();
        }
        return;
      }
    }
  }

  async #sealOnce(writer: LogWriter): Promise<void> {
    this.#unsealedBytes = 0;
    const head = await writer.seal();
    this.#sealedAtMs = performance.now();
    // After the head: a crash between the two is made good at the next start.
    this.kept.record(head.size, head.note, this.#options.clock.nowMs());
    this.#head = head;
    this.#sealed.reached(head.size);
    this.#roomWaiter();
    this.publisher.publish(head);
    this.#noteCaughtUp();
  }

  #noteCaughtUp(): void {
    if (this.#catchUpSize !== null && this.#head.size >= this.#catchUpSize) this.#caughtUp.resolve();
    else this.#wakeSealer();
  }

  async #reopen(): Promise<void> {
    this.#roomWaiter();
    const follower = this.#follower;
    this.#follower = null;
    this.#catchUpSize = null;
    // What is handed over meanwhile goes into a writer that nobody seals any more.
    await follower?.stop();
    while (!this.#ending.signal.aborted && this.#stopped === null) {
      await wait(diskRetryMs, undefined, { signal: this.#ending.signal }).catch(() => {});
      if (this.#ending.signal.aborted) return;
      try {
        await this.start();
        return;
      } catch (error) {
        this.#options.logger.error({ err: error, log: this.name }, "The log still cannot be opened.");
      }
    }
  }

  #sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wakeSealer = () => {
        // Only a caller that waits, or memory that fills, cuts a pause short; messages alone do not.
        if (
          ms !== null &&
          !this.#isFull() &&
          this.#sealed.count + this.#witnessed.count === 0 &&
          !this.#ending.signal.aborted &&
          this.#stopped === null
        )
          return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #stop(error: LogStoppedError): void {
    if (this.#stopped !== null || this.#ending.signal.aborted) return;
    this.#stopped = error;
    this.#options.logger.error({ err: error, log: this.name }, error.message);
    this.#caughtUp.reject(error);
    this.#sealed.tellOff(error);
    this.#witnessed.tellOff(error);
    this.#wakeSealer();
    this.#roomWaiter();
    void this.#follower?.stop();
    this.#options.onStateChanged?.();
  }

  async close(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#wakeSealer();
    this.#roomWaiter();
    await this.#reopening;
    await this.#follower?.stop();
    await this.#sealer;
    const writer = this.#writer;
    if (this.#stopped === null && writer !== null && writer.size > this.#head.size) {
      // What was read is sealed; were it not, the next start would read it again.
      await this.#sealOnce(writer).catch((error: unknown) =>
        this.#options.logger.warn({ err: error, log: this.name }, "What was read last is sealed at the next start."),
      );
    }
    await this.publisher.close();
    const ended = new Error(`The log ${this.name} is closed: the ledger is ending.`);
    this.#caughtUp.reject(ended);
    this.#sealed.tellOff(ended);
    this.#witnessed.tellOff(ended);
    this.kept.close();
    this.#lock.release();
  }
}
