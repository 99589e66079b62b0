import type { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { ReadEvent } from "@lienthong/statement";
import type { Connection } from "./connection.ts";
import type { ParkedDelivery } from "./inbox-store.ts";
import { ResumingReceiver } from "./resuming-receiver.ts";

/** A delivery as a handler is given it. */
export interface HandledDelivery {
  /** Shard of the log. */
  readonly shard: string;
  /** Agency it is for. */
  readonly agency: string;
  readonly role: DeliveryRole;
  /** Index in the shard's log. With shard and agency, its identity: a handler that must not repeat an effect keeps it beside the effect. */
  readonly leafIndex: bigint;
  /** The serialised Event, and what it says. */
  readonly bytes: Uint8Array;
  readonly event: ReadEvent;
  /** Hash of the event: the head of the branches it moved. 32 bytes. */
  readonly hash: Uint8Array;
  readonly dossier: string;
  /** How often the handler failed at it before. */
  readonly failures: number;
}

/** Something that is tried again. */
export interface ReceiveTrouble {
  readonly error: Error;
  /** The delivery it concerns; null when it concerns all of them, as a lost connection does. */
  readonly delivery: Pick<HandledDelivery, "shard" | "agency" | "leafIndex" | "dossier"> | null;
  /** When it is tried again, in milliseconds from now; null: not by itself (it was parked). */
  readonly retryInMs: number | null;
}

/** What is received, and what is done with it. */
export interface DurableReceiveOptions {
  /** Folder of `inbox-<subscription>.sqlite`; one process at a time. */
  readonly directory: string;
  /** To an exchange of the shard; stays the caller's, who closes it after the receiver. */
  readonly connection: Pick<Connection, "delivery">;
  /** Empty: every shard served there, those opened later too. */
  readonly shard: string;
  /** 1 to 1,000, each delegated to the system. */
  readonly agencies: readonly string[];
  /** Default "main". */
  readonly subscription?: string;
  /** Deliveries under way at a time, 1 to 10,000: what waits here takes memory. Default 256. */
  readonly credit?: number;
  /** For one shard, and a new folder only, as after the loss of a disk: hands out everything from this log index on, settled or not. */
  readonly fromLeafIndex?: bigint;
  /**
   * Called for each delivery, at least once: those of one dossier one after the other in order, those of others at the same time. The
   * delivery is settled when what it returns resolves; when it throws or rejects, it is called again after a while.
   * The signal is aborted when it takes too long, which counts as a failure.
   */
  handler(delivery: HandledDelivery, signal: AbortSignal): void | Promise<void>;
  /** Told of what is tried again, and of what was parked. What it throws is passed over. */
  onTrouble?(trouble: ReceiveTrouble): void;
  /** Calls of the handler at a time. Default 8. */
  readonly handlersMax?: number;
  /** Span that one call of the handler may take, in milliseconds. Default 60,000. */
  readonly handleWithinMs?: number;
  /** Failures after which a delivery is parked. Default 8, half a minute with the waits of the default. */
  readonly failuresMax?: number;
  /**
   * Parked deliveries, above which no more are parked: then it is the handler that is broken, and everything waits for it. Default 1,000.
   */
  readonly parkedMax?: number;
  /** Handled deliveries that are remembered, so that the handler is not called for them again. Default 1,000,000. */
  readonly handledMax?: number;
  /** Wait after the first failure, in milliseconds; doubles with each, half of it random. Default 200. */
  readonly firstBackoffMs?: number;
  /** Longest wait, in milliseconds. Default 30,000. */
  readonly backoffMsMax?: number;
}

/** A subscription that comes back by itself. */
export interface DurableReceiver {
  /**
   * Resolves when the subscription has stood once. Rejects, and everything is over, when the bus refuses it for a reason that trying again
   * does not cure; later such refusals are tried again, as troubles.
   */
  readonly ready: Promise<void>;
  /** Deliveries that were parked, oldest first. Default limit 1,000. */
  parked(limit?: number): ParkedDelivery[];
  /**
   * Calls the handler once for what is parked of a dossier (default: of all), in order, until it fails. Resolves with how many it handled,
   * and how many stay parked in all.
   */
  tryAgain(dossier?: string): Promise<{ readonly handled: number; readonly parked: number }>;
  /**
   * Highest log index up to which everything that came for an agency is handled or parked; null before the first. `shard`: default the one
   * that is received from.
   */
  position(agency: string, shard?: string): bigint | null;
  /** Begins nothing more, waits up to `withinMs` (default 10,000) for handlers that run, settles what they did, and closes the file. */
  close(options?: { readonly withinMs?: number }): Promise<void>;
}

/** Receives with resume: what was handled is remembered on this disk, and everything else comes until it is. */
export function receiveDurably(options: DurableReceiveOptions): DurableReceiver {
  return new ResumingReceiver(options);
}
