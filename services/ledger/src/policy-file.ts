import { readFileIfAny, replacePrivateFile } from "@lienthong/chassis";
import { formatVerifierKey, type Policy, parsePolicy, samePublicKey, type VerifierKey } from "@lienthong/tlog";

/** How often the file is looked at for what the operator changed. */
const rereadMs = 5_000;

const beginning = `# Whom this network trusts (C2SP tlog-policy). The logs below are written by the ledger; add witnesses and a quorum, such as
#   witness thanh-tra <verifier key> https://witness.example
#   quorum thanh-tra
# Give this file to everybody who verifies.
`;

/** A policy that may change. */
export interface PolicySource {
  readonly policy: Policy;
  readonly text: string;
  /** Looks whether it changed. */
  refresh(): Promise<void>;
}

/** The network's witness policy, a file that the operator edits and the ledger adds its logs to. */
export class PolicyFile implements PolicySource {
  readonly #path: string;
  #text: string;
  #policy: Policy;
  #readAtMs = performance.now();
  #problem: string | null = null;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
    this.#policy = parsePolicy(text);
  }

  /** Opens or makes the file. Throws an Error with a sentence if it cannot be read as a policy. */
  static async open(path: string): Promise<PolicyFile> {
    const text = await readFileIfAny(path);
    if (text === null) await replacePrivateFile(path, `${beginning}quorum none\n`);
    try {
      return new PolicyFile(path, text ?? `${beginning}quorum none\n`);
    } catch (cause) {
      throw new Error(`${path}: ${(cause as Error).message}`, { cause });
    }
  }

  /** The text as it was read last. */
  get text(): string {
    return this.#text;
  }

  /** Why a change of the file was not taken; null if it was. */
  get problem(): string | null {
    return this.#problem;
  }

  /** The policy; the last good one where the file cannot be read any more. */
  get policy(): Policy {
    return this.#policy;
  }

  /** Reads the file again if that was not done lately. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#readAtMs < rereadMs) return;
    this.#readAtMs = performance.now();
    await this.#read();
  }

  async #read(): Promise<void> {
    try {
      const text = (await readFileIfAny(this.#path)) ?? "";
      // The same text stays the same policy: whoever holds one can tell whether it changed.
      if (text !== this.#text || this.#problem !== null) this.#policy = parsePolicy(text);
      this.#text = text;
      this.#problem = null;
    } catch (error) {
      this.#problem = `${this.#path} was changed into something that is no policy, so the one before holds: ${(error as Error).message}`;
    }
  }

  /** Names a log in the file unless it is there. Throws if the file names another key for the same log. */
  async addLog(key: VerifierKey): Promise<void> {
    await this.#read();
    if (this.#problem !== null) throw new Error(this.#problem);
    const named = this.#policy.logs.find((log) => log.key.name === key.name);
    if (named !== undefined) {
      if (samePublicKey(named.key, key)) return;
      throw new Error(
        `${this.#path} names another key for the log ${key.name} than the one in the data folder; everybody who verifies would be told the wrong one. Put the right file back.`,
      );
    }
    const lines = this.#text.replace(/\n*$/, "").split("\n");
    // Logs stand together, before witnesses.
    const at = lines.findLastIndex((line) => line.startsWith("log ")) + 1 || firstRule(lines);
    lines.splice(at, 0, `log ${formatVerifierKey(key)}`);
    const text = `${lines.join("\n")}\n`;
    parsePolicy(text);
    await replacePrivateFile(this.#path, text);
    await this.#read();
  }
}

function firstRule(lines: readonly string[]): number {
  const at = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
  return at < 0 ? lines.length : at;
}
