import { readEvent } from "@lienthong/statement";
import { GrowingRoot, hashesEqual, leafHash, parsePolicy } from "@lienthong/tlog";
import { logKeyOf, openTrusted, type TrustedCheckpoint } from "./log-trust.ts";
import {
  type BundleReport,
  type CheckpointFacts,
  factsOf,
  type VerifiedBundle,
  type VerifyOptions,
} from "./verify-bundle.ts";

/** What reading the whole log adds to a bundle. */
export interface WholeLogFacts {
  readonly checkpoint: CheckpointFacts;
  /** True: every entry was read, so that no later event of the dossier is in the log. False: only hashes were. */
  readonly entriesRead: boolean;
}

/** A bundle's report with what the whole log says. */
export interface WholeLogReport extends BundleReport {
  /** Null where the log is not the one of the bundle. */
  readonly wholeLog: WholeLogFacts | null;
}

/**
 * Reads a whole log, leaf by leaf, beside a bundle that was verified: that the log has the bundle's checkpoint for its beginning, and no event of
 * the dossier that the bundle has not.
 */
export class WholeLogReader {
  readonly #verified: VerifiedBundle;
  readonly #root = new GrowingRoot();
  readonly #known: ReadonlySet<number>;
  #isPrefix = false;
  /** Root of the log at the size of the older checkpoint; null before it is reached, or where none is to be settled. */
  #rootThen: Uint8Array | null = null;
  #entriesRead = true;

  constructor(verified: VerifiedBundle) {
    this.#verified = verified;
    this.#known = new Set(verified.items.map(({ leafIndex }) => leafIndex));
    this.#compare();
  }

  /** Leaves read so far. */
  get size(): number {
    return this.#root.size;
  }

  /** The next entry of the log, byte for byte. */
  addEntry(entry: Uint8Array): void {
    const index = this.#root.size;
    if (!this.#known.has(index)) {
      const found = this.#eventOf(entry);
      if (found !== null) this.#verified.findings.add("laterEvent", null, { number: found, leaf: index });
    }
    this.#add(leafHash(entry));
  }

  /** The next leaf's hash, where entries may not be read. */
  addHash(hash: Uint8Array): void {
    this.#entriesRead = false;
    this.#add(hash);
  }

  /** Holds all that was read against the log's checkpoint. */
  async finish(checkpoint: string, options: VerifyOptions): Promise<WholeLogReport> {
    const { bundle, report, findings, trail, logPublicKey } = this.#verified;
    let opened: TrustedCheckpoint | null = null;
    const policy = parsePolicy(options.policy ?? bundle.policy);
    if (trail !== null && logPublicKey !== null) {
      try {
        opened = await openTrusted(checkpoint, { ...policy, logs: [] }, [logKeyOf(trail.origin, logPublicKey)]);
        const isWhole = opened.size === this.#root.size && hashesEqual(opened.root, this.#root.root());
        if (!isWhole || !this.#isPrefix) {
          findings.add("logOther", null, { origin: trail.origin, size: opened.size });
          opened = null;
        }
      } catch (error) {
        findings.add("checkpointInvalid", null, { log: trail.origin, why: (error as Error).message });
      }
    }
    const since = opened === null ? report.since : this.#settleSince();
    const found = findings.all();
    const holds = found.every(({ severity }) => severity !== "broken");
    return {
      ...report,
      since,
      holds,
      completeTo: holds ? report.completeTo : null,
      findings: found,
      wholeLog: opened === null ? null : { checkpoint: factsOf(opened, policy), entriesRead: this.#entriesRead },
    };
  }

  #add(hash: Uint8Array): void {
    this.#root.append(hash);
    this.#compare();
  }

  /** The whole log connects to every older head of its own: the root of its first leaves is that head's, or the log was changed. */
  #settleSince(): BundleReport["since"] {
    const { unproven, report, findings, trail } = this.#verified;
    if (unproven === null || unproven.origin !== trail?.origin || this.#rootThen === null) return report.since;
    const { origin, size, root } = unproven;
    const consistent = hashesEqual(this.#rootThen, root);
    findings.settle("sinceNotProven");
    if (!consistent) findings.add("sinceInconsistent", null, { origin, size });
    return { origin, size, consistent };
  }

  #compare(): void {
    const { trail, unproven } = this.#verified;
    if (unproven?.size === this.#root.size) this.#rootThen = this.#root.root();
    if (trail !== null && this.#root.size === trail.size) this.#isPrefix = hashesEqual(this.#root.root(), trail.root);
  }

  /** Number of an event, if it is of the bundle's dossier. */
  #eventOf(entry: Uint8Array): string | null {
    try {
      const event = readEvent(entry);
      return event.dossier === this.#verified.bundle.dossier ? String(event.header.number) : null;
    } catch {
      // Bytes that are no event are nobody's; that they stand in the log is for its auditors to ask about.
      return null;
    }
  }
}
