import { join } from "node:path";
import type { Logger } from "@lienthong/chassis";
import { addSignatureLines, consistencyProof, openNote, type Policy, parseNote, quorumHolds } from "@lienthong/tlog";
import { collectCosignatures } from "@lienthong/witness";
import type { Disk } from "./disk.ts";
import type { KeptCheckpoints, MissingWitness } from "./kept-checkpoints.ts";
import { type LogFiles, publishedFileName } from "./log-files.ts";
import type { SignedHead } from "./log-writer.ts";
import type { PolicySource } from "./policy-file.ts";

/** What publishing stands on. */
export interface PublisherOptions {
  readonly name: string;
  readonly files: LogFiles;
  readonly disk: Disk;
  readonly kept: KeptCheckpoints;
  /** The witness policy as it is now: the operator may change the file. */
  readonly policy: PolicySource;
  readonly logger: Logger;
  /** Longest wait for witnesses before a head is published without them, milliseconds. */
  readonly witnessTimeoutMs: number;
  /** After a head was published; `witnessed` if its cosignatures satisfy the policy. */
  readonly onPublished: (size: number, witnessed: boolean) => void;
  /** The disk did not take it. */
  readonly onFailed: (error: unknown) => void;
}

/** How soon witnesses that did not sign are asked again while no new head is there. */
const retryMs = 5_000;

/**
 * Collects cosignatures for signed heads and publishes them, one at a time and never a smaller one; what is signed meanwhile waits, and only the
 * newest of it is published. Sealing does not wait for this.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #knownSizes = new Map<string, number>();
  #next: SignedHead | null = null;
  #publishedSize = -1;
  #working: Promise<void> | null = null;
  #missing: readonly MissingWitness[] = [];
  #toldMissing = "";
  readonly #toldForks = new Set<string>();
  #unwitnessed: SignedHead | null = null;
  #published: SignedHead | null = null;
  /** What the published head was held against. */
  #publishedUnder: Policy | null = null;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Witnesses that did not sign the newest published head. */
  get missing(): readonly MissingWitness[] {
    return this.#missing;
  }

  /** Size of the newest published head; -1 before the first. */
  get publishedSize(): number {
    return this.#publishedSize;
  }

  /** Publishes a head soon. */
  publish(head: SignedHead): void {
    if (this.#closed) return;
    this.#next = head;
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
      // One that came between the end of the loop and here.
      if (this.#next !== null) this.publish(this.#next);
    });
  }

  /** Asks the witnesses again now, if the newest head lacks cosignatures that the policy wants. */
  askAgain(): void {
    if (this.#unwitnessed !== null && this.#working === null) this.publish(this.#unwitnessed);
  }

  /** Finishes what is being published, then publishes nothing more. */
  async close(): Promise<void> {
    while (this.#working !== null) await this.#working;
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  async #work(): Promise<void> {
    for (let head = this.#next; head !== null; head = this.#next) {
      this.#next = null;
      try {
        await this.#publishOne(head);
      } catch (error) {
        this.#options.onFailed(error);
        const failed = head;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.publish(failed), retryMs).unref();
        return;
      }
    }
  }

  async #publishOne(head: SignedHead): Promise<void> {
    const { files, disk, kept, name, onPublished } = this.#options;
    if (head.size < this.#publishedSize || (head.size === this.#publishedSize && this.#unwitnessed === null)) return;
    clearTimeout(this.#retry);
    await this.#options.policy.refresh();
    const { policy } = this.#options.policy;
    const { lines, signed, missing } = await this.#cosignatures(head, policy, await this.#earlier(head, policy));
    const note = addSignatureLines(head.note, lines);
    const witnessed = policy.quorum !== null && quorumHolds(policy, signed);
    // Kept first: a crash between the two leaves a cosigned head that is not shown yet; the next start publishes the head again, and the witnesses
    // answer the same head a second time.
    kept.cosigned(head.size, note, witnessed, missing);
    // 4. What everybody is served. A crash before this leaves the older checkpoint there, which stays true.
    await disk.putFiles([{ path: join(files.directory, publishedFileName), bytes: Buffer.from(note) }]);
    this.#publishedSize = head.size;
    this.#missing = missing;
    this.#tellMissing(name, missing);
    this.#unwitnessed = policy.quorum === null || witnessed ? null : head;
    this.#published = head;
    this.#publishedUnder = policy;
    this.#lookAgainLater();
    onPublished(head.size, witnessed);
  }

  /**
   * A head that no other follows would stay without its witnesses when they come back, or when the operator adds some: the registry's log may stand
   * still for weeks.
   */
  #lookAgainLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#lookAgain(), retryMs).unref();
  }

  async #lookAgain(): Promise<void> {
    await this.#options.policy.refresh();
    if (this.#closed || this.#working !== null) return;
    if (this.#unwitnessed === null && this.#options.policy.policy !== this.#publishedUnder) {
      this.#unwitnessed = this.#published;
    }
    if (this.#unwitnessed === null) this.#lookAgainLater();
    else this.askAgain();
  }

  /** Cosignatures of the policy's witnesses that were collected for this head before, by the witness's name: none is given up again. */
  async #earlier(head: SignedHead, policy: Policy): Promise<Map<string, string>> {
    const note = this.#options.kept.ofSize(head.size)?.note;
    const lines = new Map<string, string>();
    if (note === undefined || note === head.note) return lines;
    // Verified again: the file that they were kept in may have been changed.
    const opened = await openNote(
      note,
      policy.witnesses.map(({ key }) => key),
    ).catch(() => null);
    for (const { key, line } of opened?.verified ?? []) {
      const witness = policy.witnesses.find((each) => each.key === key);
      if (witness !== undefined && opened?.text === parseNote(head.note).text) lines.set(witness.name, line);
    }
    return lines;
  }

  async #cosignatures(
    head: SignedHead,
    policy: Policy,
    earlier: ReadonlyMap<string, string>,
  ): Promise<{ lines: string[]; signed: string[]; missing: MissingWitness[] }> {
    const asked = policy.witnesses.filter(({ name }) => !earlier.has(name));
    const witnesses = asked.flatMap(({ name, url, key }) => (url === undefined ? [] : [{ name, url, vkey: key }]));
    const missing: MissingWitness[] = asked
      .filter(({ url }) => url === undefined)
      .map(({ name }) => ({ witness: name, reason: `The policy names no address of ${name}, so it cannot be asked.` }));
    if (witnesses.length === 0) return { lines: [...earlier.values()], signed: [...earlier.keys()], missing };
    const { files, witnessTimeoutMs } = this.#options;
    const collected = await collectCosignatures({
      checkpoint: head.note,
      proofFrom: (oldSize) => consistencyProof(oldSize, head.size, files.hashes(head.size)),
      witnesses,
      timeoutMs: witnessTimeoutMs,
      knownSizes: this.#knownSizes,
    });
    for (const { name, reason, kind } of collected.missing) {
      missing.push({ witness: name, reason });
      if (kind === "inconsistent" || kind === "ahead") this.#tellFork(name, reason);
    }
    for (const { name } of collected.cosignatures) this.#toldForks.delete(name);
    return {
      lines: [...earlier.values(), ...collected.cosignatures.map(({ line }) => line)],
      signed: [...earlier.keys(), ...collected.cosignatures.map(({ name }) => name)],
      missing,
    };
  }

  /** A witness that is away may come back; one that saw another log, or more of this one, does so only when a person has found out why. Said once. */
  #tellFork(witness: string, reason: string): void {
    if (this.#toldForks.has(witness)) return;
    this.#toldForks.add(witness);
    this.#options.logger.error(
      { log: this.#options.name, witness, reason },
      "A witness has seen another log than this one, or more of it: the log was forked or an old one was put back.",
    );
  }

  /** Says it once, not at every seal. */
  #tellMissing(log: string, missing: readonly MissingWitness[]): void {
    const names = missing.map(({ witness }) => witness).join(", ");
    if (names === this.#toldMissing) return;
    this.#toldMissing = names;
    if (names === "") this.#options.logger.info({ log }, "Every witness of the policy signs again.");
    else this.#options.logger.warn({ log, missing }, `Checkpoints are published without ${names}.`);
  }
}
