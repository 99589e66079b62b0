import type { BusError } from "@lienthong/chassis";
import type { RegistryHead } from "@lienthong/contracts/registry/v1/envelope";
import type { Rulebook } from "@lienthong/domain";
import type { RegistryState } from "@lienthong/registry-state";
import { keyRefusal } from "./authenticate.ts";
import type { StatementProposal } from "./proposal.ts";
import { registryRulebook } from "./registry-rulebook.ts";

/** The registry as the exchange follows it. */
export interface FollowedRegistry {
  readonly state: RegistryState;
  /** True if it was confirmed within `ageMsMax` that `state` is at the newest head. */
  confirmed(ageMsMax: number): boolean;
}

/** What the write path asks the registry, at the head it is known to be at. */
export interface RegistryInForce {
  readonly head: RegistryHead;
  /** False: it was not confirmed within 2 s that this is the newest head. */
  readonly confirmed: boolean;
  rulebook(date: string): Rulebook;
  /** Why the keys that signed may not, at this head; null if they may. */
  keyRefusal(proposal: StatementProposal): BusError | null;
}

/** An exchange that has not confirmed the registry's head for longer refuses. */
const registryAgeMsMax = 2_000;

/** The registry at its present head, with one rulebook per head and day. */
export function registryInForce(registry: FollowedRegistry, shard: string): () => RegistryInForce {
  let cached: { size: bigint; date: string; rulebook: Rulebook } | null = null;
  return () => {
    const { state } = registry;
    const { head } = state;
    return {
      head,
      confirmed: registry.confirmed(registryAgeMsMax),
      rulebook(date) {
        if (cached?.size !== head.size || cached.date !== date) {
          cached = { size: head.size, date, rulebook: registryRulebook(state, shard, date) };
        }
        return cached.rulebook;
      },
      keyRefusal: ({ received }) => keyRefusal(state, received.envelope, received.statement.author?.agency ?? ""),
    };
  };
}
