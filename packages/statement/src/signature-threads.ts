import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type SignatureVerdicts, type SignedPayload, writeSignatureBatch } from "./signature-batch.ts";

/** A batch this large is sent at once; a smaller one at the end of the turn of the event loop. */
const batchSignaturesMax = 64;
/** So many signatures in one turn are worth a message to a thread, and starting the threads. Fewer go one by one to Node's thread pool. */
const worthThreadsMin = 8;

/** Pieces of memory kept for the next batches of a thread. */
const sparesMax = 4;

/** A signature on its way. */
interface Waiting extends SignedPayload {
  settle(valid: boolean): void;
  /** Verifies it without the threads. */
  otherwise(): Promise<boolean>;
}

interface Thread {
  readonly worker: Worker;
  /** Batches it was given and has not answered, oldest first. */
  readonly underWay: (readonly Waiting[])[];
  /** Memory of batches that it answered. */
  readonly spares: ArrayBuffer[];
}

/**
 * Threads that verify Ed25519 signatures in batches, one for each core, started when many signatures come at once. Why own threads: Node's
 * thread pool runs OpenSSL's Ed25519 only, one signature a task, and each task costs the thread that asks 7 to 30 µs; a share of a batch costs
 * it 2.
 */
export class SignatureThreads {
  readonly #script: URL;
  #threads: Thread[] | null = null;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #isBroken = false;

  /** `script`: what a thread runs. */
  constructor(script = new URL("./signature-thread.ts", import.meta.url)) {
    this.#script = script;
  }

  /** `otherwise` verifies it without threads: where few wait, or should a thread break. */
  verify({ point, type, payload, signature }: SignedPayload, otherwise: () => Promise<boolean>): Promise<boolean> {
    return new Promise((settle) => {
      this.#waiting.push({ point, type, payload, signature, settle, otherwise });
      if (this.#waiting.length >= batchSignaturesMax) this.#send();
      else this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    if (this.#isBroken || batch.length < worthThreadsMin) {
      verifyOtherwise(batch);
      return;
    }
    this.#threads ??= Array.from({ length: availableParallelism() }, () => this.#start());
    const [first, ...others] = this.#threads as [Thread, ...Thread[]];
    const idlest = others.reduce((a, b) => (b.underWay.length < a.underWay.length ? b : a), first);
    const written = writeSignatureBatch(batch, idlest.spares.pop());
    // The process stays while something is under way.
    idlest.worker.ref();
    idlest.underWay.push(batch);
    idlest.worker.postMessage(written, [written.memory]);
  }

  #start(): Thread {
    const worker = new Worker(this.#script);
    const thread: Thread = { worker, underWay: [], spares: [] };
    worker.on("message", ({ verdicts, memory }: SignatureVerdicts) => {
      if (thread.spares.length < sparesMax) thread.spares.push(memory);
      const batch = thread.underWay.shift() as readonly Waiting[];
      if (thread.underWay.length === 0) worker.unref();
      for (const [index, { settle }] of batch.entries()) settle(verdicts[index] as boolean);
    });
    // A thread that cannot start or breaks decides nothing: what it had is verified without it, and everything after.
    worker.on("error", () => {
      this.#isBroken = true;
      for (const batch of thread.underWay.splice(0)) verifyOtherwise(batch);
    });
    // After the listeners, which hold the process: a thread without work keeps nobody from ending.
    worker.unref();
    return thread;
  }
}

function verifyOtherwise(batch: readonly Waiting[]): void {
  for (const { settle, otherwise } of batch) void otherwise().then(settle);
}
