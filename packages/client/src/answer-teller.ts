import { type BackOffOptions, backOffMs, pause } from "./back-off.ts";
import type { OutboxOptions, OutboxTrouble } from "./outbox.ts";
import type { AcceptedEntry, OutboxStore, RefusedEntry } from "./outbox-store.ts";

/** Entries that callbacks may be busy with before no more statements are sent. */
const tellingMax = 1_024;
const pageMax = 1_000;

/** What a teller stands on. */
export interface AnswerTellerHooks {
  readonly backOff: BackOffOptions;
  onTrouble(trouble: OutboxTrouble): void;
  /** One more was told, or given up until the next start. */
  onTold(): void;
}

/** Tells the caller of every answer at least once: again when the callback failed, and after a restart when it had not finished. */
export class AnswerTeller {
  readonly #store: OutboxStore;
  readonly #callbacks: Pick<OutboxOptions, "onAccepted" | "onRefused">;
  readonly #hooks: AnswerTellerHooks;
  readonly #closing = new AbortController();
  #telling = 0;
  /** Told, and not yet marked so on the disk. */
  #told: string[] = [];

  constructor(
    store: OutboxStore,
    callbacks: Pick<OutboxOptions, "onAccepted" | "onRefused">,
    hooks: AnswerTellerHooks,
  ) {
    this.#store = store;
    this.#callbacks = callbacks;
    this.#hooks = hooks;
    this.#telling += 1;
    this.#tellWhatWasNotTold()
      .catch((error: Error) => {
        // The disk cannot be read: they are told after the next start.
        hooks.onTrouble({ error, statementId: null, retryInMs: Number.POSITIVE_INFINITY });
      })
      .finally(() => {
        this.#telling -= 1;
        hooks.onTold();
      });
  }

  /** Somebody is being told, or that somebody was is to be marked. */
  get busy(): boolean {
    return this.#telling + this.#told.length > 0;
  }

  /** The callbacks do not keep up. */
  get behind(): boolean {
    return this.#telling >= tellingMax;
  }

  accepted(entry: AcceptedEntry): void {
    if (this.#callbacks.onAccepted !== undefined) void this.#tell(entry.statementId, () => this.#accept(entry));
  }

  refused(entry: RefusedEntry): void {
    if (this.#callbacks.onRefused !== undefined) void this.#tell(entry.statementId, () => this.#refuse(entry));
  }

  /** Ids that are to be marked as told. */
  takeTold(): string[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** They could not be marked. */
  putBackTold(told: readonly string[]): void {
    this.#told.push(...told);
  }

  /** Nobody is told any more; who was not is told after the next start. */
  close(): void {
    this.#closing.abort();
  }

  async #accept(entry: AcceptedEntry): Promise<void> {
    await this.#callbacks.onAccepted?.(entry);
  }

  async #refuse(entry: RefusedEntry): Promise<void> {
    await this.#callbacks.onRefused?.(entry);
  }

  async #tell(statementId: string, callback: () => Promise<void>): Promise<void> {
    this.#telling += 1;
    for (let failures = 1; !this.#closing.signal.aborted; failures++) {
      try {
        await callback();
        this.#told.push(statementId);
        break;
      } catch (error) {
        const retryInMs = backOffMs(failures, this.#hooks.backOff);
        this.#hooks.onTrouble({ error: error as Error, statementId, retryInMs });
        await pause(retryInMs, this.#closing.signal);
      }
    }
    this.#telling -= 1;
    this.#hooks.onTold();
  }

  async #tellWhatWasNotTold(): Promise<void> {
    const { onAccepted, onRefused } = this.#callbacks;
    // What is answered from now on is told as it comes.
    const upTo = this.#store.lastNumbers();
    // Nobody is told before the caller has the outbox in hand.
    await new Promise((resume) => setImmediate(resume));
    for (let since = 0; onAccepted !== undefined && !this.#closing.signal.aborted; ) {
      const entries = this.#store.acceptedUntold(since, upTo.accepted, pageMax);
      if (entries.length === 0) break;
      await Promise.all(entries.map((entry) => this.#tell(entry.statementId, () => this.#accept(entry))));
      since = entries.at(-1)?.number ?? since;
    }
    for (let after = 0; onRefused !== undefined && !this.#closing.signal.aborted; ) {
      const entries = this.#store.refusedUntold(after, upTo.statements, pageMax);
      if (entries.length === 0) break;
      await Promise.all(entries.map((entry) => this.#tell(entry.statementId, () => this.#refuse(entry))));
      after = entries.at(-1)?.position ?? after;
    }
  }
}
