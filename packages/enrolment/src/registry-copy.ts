import type { RegistryCalls } from "@lienthong/client";
import { type AppliedEntry, hexOf, RegistryState } from "@lienthong/registry-state";
import { hashesEqual } from "@lienthong/tlog";
import { EnrolmentRefusedError } from "./refused.ts";

/** The registry's log, read over the wire and checked entry by entry, so that nobody is believed but the registrar's signatures. */
export class RegistryCopy {
  readonly state = new RegistryState();
  /** Signed entries, byte for byte; about a kilobyte each. */
  readonly entries: Uint8Array[] = [];
  readonly #calls: Pick<RegistryCalls, "listEntries" | "getHead">;
  readonly #network: Uint8Array | null;

  /** `network`: hash of entry 0 that is trusted; null: whatever is there. */
  constructor(calls: Pick<RegistryCalls, "listEntries" | "getHead">, network: Uint8Array | null = null) {
    this.#calls = calls;
    this.#network = network;
  }

  /** Reads what is new. Throws EnrolmentRefusedError if the log is another one than before, BusCallError if it cannot be read. */
  async catchUp(): Promise<void> {
    for (;;) {
      const { signedEntries, nextNumber } = await this.#calls.listEntries({ fromNumber: BigInt(this.state.size) });
      if (signedEntries.length === 0) break;
      await this.add(signedEntries);
      if (nextNumber !== BigInt(this.state.size)) {
        throw forked(`after entry ${this.state.size - 1} it goes on with entry ${nextNumber}`);
      }
    }
    const { head } = await this.#calls.getHead();
    if (head !== undefined) this.checkHead(head);
  }

  /** Folds the next entries. Throws EnrolmentRefusedError if they do not follow. */
  async add(signedEntries: readonly Uint8Array[]): Promise<AppliedEntry[]> {
    const applied = await this.state.applyMany(signedEntries).catch((cause: Error) => {
      throw forked(`entry ${this.state.size} may not follow: ${cause.message}`, cause);
    });
    for (const entry of signedEntries) this.entries.push(entry);
    const network = this.#network;
    if (network !== null && this.state.size > 0 && !hashesEqual(this.state.network, network)) {
      throw new EnrolmentRefusedError("NETWORK_OTHER", {
        found: hexOf(network),
        expected: hexOf(this.state.network),
      });
    }
    return applied;
  }

  /** Holds a head that the registry names against what was read. */
  checkHead({ size, root }: { readonly size: bigint; readonly root: Uint8Array }): void {
    if (size < 1n || size > BigInt(this.state.size)) return;
    if (!hashesEqual(this.state.headAt(size).root, root)) {
      throw forked(`its head of size ${size} has another root than the entries it gave`);
    }
  }
}

function forked(what: string, cause?: Error): EnrolmentRefusedError {
  return new EnrolmentRefusedError("REGISTRY_FORKED", { what }, { cause });
}
