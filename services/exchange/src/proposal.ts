import type { BusError } from "@lienthong/chassis";
import type { ShardEvent } from "@lienthong/contracts/exchange/v1/event";
import type { Promise as InclusionPromise } from "@lienthong/contracts/ledger/v1/promise";
import type { ReceivedStatement } from "@lienthong/statement";

/** A statement whose signatures verify. */
export interface StatementProposal {
  readonly kind: "statement";
  readonly dossier: string;
  readonly received: ReceivedStatement;
  /** SHA-256 of the signed payload, 32 bytes. */
  readonly payloadDigest: Uint8Array;
  /** System that submitted it. */
  readonly system: string;
}

/** A receiver settled a handoff for the first time. */
export interface DeliveredProposal {
  readonly kind: "delivered";
  readonly dossier: string;
  /** Hash of the forward event. */
  readonly forward: Uint8Array;
  readonly branch: string;
  readonly receiver: string;
  readonly system: string;
  readonly subscription: string;
}

/** The bus says something about the shard itself. */
export interface ShardProposal {
  readonly kind: "shard";
  readonly event: ShardEvent;
}

/** What may become an event of a dossier. */
export type DossierProposal = StatementProposal | DeliveredProposal;

/** What became of a proposal. */
export type WriteOutcome =
  /** Durable. `repeated`: it was before. */
  | {
      readonly kind: "accepted";
      readonly bytes: Uint8Array;
      /** Index in the shard's log. */
      readonly leafIndex: number;
      readonly promise: InclusionPromise;
      readonly repeated: boolean;
    }
  | { readonly kind: "refused"; readonly error: BusError }
  /** A bus statement that is no news any more. */
  | { readonly kind: "dropped" };
