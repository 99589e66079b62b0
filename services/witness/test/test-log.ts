import { createLogger } from "@lienthong/chassis";
import {
  consistencyProof,
  formatVerifierKey,
  type HashSource,
  leafHash,
  parseVerifierKey,
  rootOf,
  type SignerKey,
  signCheckpoint,
  signerOfSeed,
} from "@lienthong/tlog";
import { formatAddCheckpoint, originHash } from "../src/index.ts";

export const quiet = createLogger({ service: "witness-test", level: "silent" });

/** A log in memory that can offer any of its sizes. `branch` makes another history from that size on. */
export class TestLog implements HashSource {
  readonly signer: SignerKey;
  readonly origin: string;
  readonly vkey: string;
  readonly #leaves: Uint8Array[] = [];

  private constructor(signer: SignerKey) {
    this.signer = signer;
    this.origin = signer.name;
    this.vkey = formatVerifierKey(signer);
  }

  static async open(
    origin = "log.example/hanoi",
    seed = 1,
    size = 300,
    branch?: { from: number; word: string },
  ): Promise<TestLog> {
    const log = new TestLog(await signerOfSeed(origin, 0x01, new Uint8Array(32).fill(seed)));
    for (let i = 0; i < size; i++) {
      const word = branch !== undefined && i >= branch.from ? branch.word : "entry";
      log.#leaves.push(leafHash(Buffer.from(`${word} ${i}`)));
    }
    return log;
  }

  /** Key as a witness is configured with it. */
  get key() {
    return parseVerifierKey(this.vkey);
  }

  get hash(): string {
    return originHash(this.origin);
  }

  root(size: number): Uint8Array {
    return rootOf(this.#leaves.slice(0, size));
  }

  checkpoint(size: number, root = this.root(size)): Promise<string> {
    return signCheckpoint({ origin: this.origin, size, root }, this.signer);
  }

  proof(oldSize: number, size: number): Promise<Uint8Array[]> {
    return consistencyProof(oldSize, size, this);
  }

  /** The body of a request to move a witness from one size to another. */
  async request(oldSize: number, size: number): Promise<string> {
    const proof = oldSize <= size ? await this.proof(oldSize, size) : [];
    return formatAddCheckpoint({ oldSize, proof, checkpoint: await this.checkpoint(size) });
  }

  async hashes(nodes: readonly { level: number; index: number }[]): Promise<Uint8Array[]> {
    return nodes.map(({ level, index }) => rootOf(this.#leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
  }
}

/** Posts to a witness. */
export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<{ status: number; body: string; type: string | null }> {
  const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body });
  return { status: response.status, body: await response.text(), type: response.headers.get("content-type") };
}
