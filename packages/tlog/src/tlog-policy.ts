import { type OpenedCheckpoint, openCheckpointOf } from "./checkpoint.ts";
import { TlogFormatError } from "./errors.ts";
import {
  formatVerifierKey,
  parseVerifierKey,
  samePublicKey,
  sameSigner,
  signatureType,
  type VerifierKey,
} from "./note-key.ts";
import { parseDecimal, textOf } from "./text.ts";

/** A log that is trusted; its key's name is its origin. */
export interface PolicyLog {
  readonly key: VerifierKey;
  readonly url?: string;
}

/** A witness under the name that the policy gives it (its key has a name of its own). */
export interface PolicyWitness {
  readonly name: string;
  readonly key: VerifierKey;
  readonly url?: string;
}

/** At least `threshold` of the members must have witnessed; members are witnesses or groups defined before. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

/** Whom to trust (c2sp.org/tlog-policy). `quorum`: a witness's or group's name, or null for none. */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  readonly quorum: string | null;
}

/** Longest policy that is read, and most lines of a kind. The specification asks for at least 32 of each. */
const policyLengthMax = 1_000_000;
const policyLinesMax = 1_000;

const isWitnessKey = ({ type }: VerifierKey): boolean =>
  type === signatureType.cosignature || type === signatureType.mlDsa44;

/** Reads a policy file. Throws TlogFormatError with the number of the line. */
export function parsePolicy(input: Uint8Array | string): Policy {
  if (input.length > policyLengthMax) throw new TlogFormatError(`The policy is longer than ${policyLengthMax}.`);
  const text = textOf(input, "policy");
  const reader = new PolicyReader();
  const lines = text.split("\n");
  if (lines.length > policyLinesMax * 4)
    throw new TlogFormatError(`The policy has more than ${policyLinesMax * 4} lines.`);
  lines.forEach((line, i) => {
    try {
      reader.line(line);
    } catch (error) {
      if (error instanceof TlogFormatError) throw new TlogFormatError(`Policy, line ${i + 1}: ${error.message}`);
      throw error;
    }
  });
  return reader.end();
}

class PolicyReader {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  #quorum: string | null | undefined;

  line(line: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification allows only tab among them
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) throw new TlogFormatError("it contains a control character.");
    const items = line.split(/[ \t]+/).filter((item) => item !== "");
    const [keyword, ...rest] = items;
    if (keyword === undefined || keyword.startsWith("#")) return;
    if (keyword === "log") this.#log(rest);
    else if (keyword === "witness") this.#witness(rest);
    else if (keyword === "group") this.#group(rest);
    else if (keyword === "quorum") this.#setQuorum(rest);
    else
      throw new TlogFormatError(
        `it begins with ${JSON.stringify(keyword)}; allowed are log, witness, group, quorum and #.`,
      );
  }

  end(): Policy {
    if (this.#quorum === undefined) {
      throw new TlogFormatError("The policy has no quorum line; write `quorum none` where no witness is asked for.");
    }
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum };
  }

  #log([vkey, url, ...more]: string[]): void {
    if (vkey === undefined || more.length > 0) throw new TlogFormatError("a log is `log <vkey> [<url>]`.");
    const key = parseVerifierKey(vkey);
    if (this.#logs.some((other) => samePublicKey(other.key, key))) {
      throw new TlogFormatError(`the key of ${key.name} is already that of another log.`);
    }
    this.#logs.push({ key, ...(url === undefined ? {} : { url }) });
  }

  #witness([name, vkey, url, ...more]: string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0) {
      throw new TlogFormatError("a witness is `witness <name> <vkey> [<url>]`.");
    }
    const key = parseVerifierKey(vkey);
    if (!isWitnessKey(key)) {
      throw new TlogFormatError(
        `the key of ${key.name} has the type 0x0${key.type}; a witness signs with type 0x04 or 0x06.`,
      );
    }
    if (this.#witnesses.some((other) => samePublicKey(other.key, key))) {
      throw new TlogFormatError(`the key of ${key.name} is already that of another witness.`);
    }
    this.#define(name);
    this.#witnesses.push({ name, key, ...(url === undefined ? {} : { url }) });
  }

  #group([name, rule, ...members]: string[]): void {
    if (name === undefined || rule === undefined || members.length === 0) {
      throw new TlogFormatError("a group is `group <name> all|any|<k> <member>...`.");
    }
    const threshold = rule === "all" ? members.length : rule === "any" ? 1 : parseDecimal(rule);
    if (threshold === null || threshold < 1 || threshold > members.length) {
      throw new TlogFormatError(
        `a group of ${members.length} takes all, any or 1 to ${members.length}, not ${JSON.stringify(rule)}.`,
      );
    }
    for (const member of members) {
      this.#requireDefined(member);
      if (this.#members.has(member)) throw new TlogFormatError(`${member} is already a member of a group.`);
      this.#members.add(member);
    }
    this.#define(name);
    this.#groups.push({ name, threshold, members });
  }

  #setQuorum([name, ...more]: string[]): void {
    if (name === undefined || more.length > 0)
      throw new TlogFormatError("the quorum is `quorum <name>` or `quorum none`.");
    if (this.#quorum !== undefined) throw new TlogFormatError("there is a quorum line already.");
    if (name !== "none") this.#requireDefined(name);
    this.#quorum = name === "none" ? null : name;
  }

  #define(name: string): void {
    if (name === "none") throw new TlogFormatError("the name none is taken: it stands for no quorum.");
    if (this.#names.has(name)) throw new TlogFormatError(`the name ${name} is already used.`);
    this.#names.add(name);
  }

  #requireDefined(name: string): void {
    if (!this.#names.has(name)) throw new TlogFormatError(`${name} is not a witness or group of a line before.`);
  }
}

/** A policy as text that reads back as the same policy. Throws TlogFormatError for one that breaks a rule. */
export function formatPolicy(policy: Policy): string {
  const lines: string[] = [];
  const withUrl = (url: string | undefined): string => (url === undefined ? "" : ` ${url}`);
  for (const { key, url } of policy.logs) lines.push(`log ${formatVerifierKey(key)}${withUrl(url)}`);
  for (const { name, key, url } of policy.witnesses) {
    lines.push(`witness ${name} ${formatVerifierKey(key)}${withUrl(url)}`);
  }
  for (const { name, threshold, members } of policy.groups)
    lines.push(`group ${name} ${threshold} ${members.join(" ")}`);
  lines.push(`quorum ${policy.quorum ?? "none"}`);
  const text = `${lines.join("\n")}\n`;
  if (canonical(parsePolicy(text)) !== canonical(policy)) {
    throw new TlogFormatError("A name or address of the policy is empty or contains white space.");
  }
  return text;
}

function canonical({ logs, witnesses, groups, quorum }: Policy): string {
  return JSON.stringify([
    logs.map(({ key, url }) => [formatVerifierKey(key), url]),
    witnesses.map(({ name, key, url }) => [name, formatVerifierKey(key), url]),
    groups.map(({ name, threshold, members }) => [name, threshold, members]),
    quorum,
  ]);
}

/** A witness that cosigned. `time`: POSIX seconds; the earliest, where it signed the same checkpoint more than once. */
export interface WitnessSeen {
  readonly name: string;
  readonly time: number;
  /** The latest time it states for this checkpoint. */
  readonly latestTime: number;
}

/** A checkpoint held against a policy. */
export interface PolicyResult {
  readonly checkpoint: OpenedCheckpoint;
  /** The log key that signed. */
  readonly log: VerifierKey;
  /** Witnesses of the policy whose cosignatures hold, in the policy's order. */
  readonly witnesses: readonly WitnessSeen[];
  /** Names of the policy's witnesses that did not cosign. */
  readonly missing: readonly string[];
  readonly quorumHolds: boolean;
}

/** True if these witnesses satisfy the policy's quorum. */
export function quorumHolds(policy: Policy, witnessNames: Iterable<string>): boolean {
  if (policy.quorum === null) return true;
  const witnessed = new Set(witnessNames);
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name);
  }
  return witnessed.has(policy.quorum);
}

/**
 * Holds a checkpoint against a policy. It must be signed by one of the policy's logs (or of `logs`, keys known from elsewhere), under that
 * log's origin; no cosignature of a known witness may be wrong. Whether the quorum holds is in the answer, not thrown. Times are not
 * compared with any clock. Throws TlogFormatError and TlogVerificationError.
 */
export async function checkPolicy(
  note: Uint8Array | string,
  policy: Policy,
  logs: readonly VerifierKey[] = [],
): Promise<PolicyResult> {
  const trusted = [...policy.logs.map(({ key }) => key), ...logs];
  const checkpoint = await openCheckpointOf(
    note,
    trusted,
    policy.witnesses.map(({ key }) => key),
  );
  const log = checkpoint.note.verified.find(({ key }) => trusted.some((log) => sameSigner(log, key)))
    ?.key as VerifierKey;
  const witnesses: WitnessSeen[] = [];
  const missing: string[] = [];
  for (const { name, key } of policy.witnesses) {
    // A time of 0 makes no statement that this was the largest tree seen, so it does not witness.
    const times = checkpoint.note.verified
      .filter((signature) => sameSigner(signature.key, key) && (signature.time ?? 0) > 0)
      .map(({ time }) => time as number);
    if (times.length === 0) missing.push(name);
    else witnesses.push({ name, time: Math.min(...times), latestTime: Math.max(...times) });
  }
  const holds = quorumHolds(
    policy,
    witnesses.map(({ name }) => name),
  );
  return { checkpoint, log, witnesses, missing, quorumHolds: holds };
}
