import { busError, type CallContext, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import {
  type GetReceiptRequest,
  type LedgerServiceService,
  ReceiptLevel,
} from "@lienthong/contracts/ledger/v1/ledger_service";
import { eventSubject } from "@lienthong/event-store";
import { dossierCodePattern } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import { knownSystem } from "../entitlement.ts";
import type { KeptCheckpoint } from "../kept-checkpoints.ts";
import type { Log } from "../log.ts";
import { LogStoppedError } from "../log-stopped.ts";
import { numberOf, proveInclusion, receiptOf } from "../prove.ts";
import { registryLogName } from "../served-logs.ts";
import { checkpointMessage, type LedgerServiceOptions } from "./port-context.ts";

/** LedgerService/GetReceipt. */
export function getReceiptPort(on: LedgerServiceOptions): HandlerFor<LedgerServiceService["getReceipt"]> {
  return unaryHandler(async (request, context) => {
    knownSystem(on.registry(), context.identity);
    const log = on.logs.expect(request.log);
    const witnessed = isWitnessed(request.level);
    if (witnessed && log.policy().quorum === null) throw busError("WITNESSES_ABSENT", { field: "level" });
    const index = await indexOf(request, log);
    await waitFor(log, index, witnessed, context);
    const checkpoint = await keptOver(log, index, witnessed);
    const { leafIndex, leafHash, path } = await proveInclusion(log, BigInt(index), checkpoint.size);
    return {
      receipt: receiptOf(index, path, checkpoint),
      leafIndex,
      leafHash,
      checkpoint: checkpointMessage(checkpoint, log),
    };
  });
}

function isWitnessed(level: ReceiptLevel): boolean {
  switch (level) {
    case ReceiptLevel.RECEIPT_LEVEL_SEALED:
      return false;
    case ReceiptLevel.RECEIPT_LEVEL_WITNESSED:
      return true;
    default:
      throw busError("ENUM_UNKNOWN", { field: "level", allowed: "SEALED, WITNESSED" });
  }
}

async function indexOf({ leaf }: GetReceiptRequest, log: Log): Promise<number> {
  if (leaf === undefined) throw busError("FIELD_MISSING", { field: "leaf", allowed: "leaf_index or event" });
  if (leaf.$case === "leafIndex") {
    const index = numberOf(leaf.value, "leaf_index");
    if (index < log.head().size) return index;
    // Only a leaf that is in the stream is worth waiting for: an index beyond it would wait for an event of somebody else.
    const { lastSequence } = await log.reader.state().catch((cause: unknown) => {
      throw busError("STORE_UNAVAILABLE", {}, { cause });
    });
    if (index < lastSequence) return index;
    throw busError("LEAF_UNKNOWN", {
      field: "leaf_index",
      log: log.name,
      leaf: String(index),
      size: String(lastSequence),
    });
  }
  const { dossier, hash } = leaf.value;
  if (log.name === registryLogName || !dossierCodePattern.test(dossier)) {
    throw busError("FIELD_INVALID", {
      field: "event.dossier",
      allowed: "the official code of a dossier, in a shard's log",
    });
  }
  if (hash.length !== 32) throw busError("FIELD_INVALID", { field: "event.hash", allowed: "32 bytes" });
  const messages = await log.reader.messagesOfSubject(eventSubject(log.name, dossier)).catch((cause: unknown) => {
    throw busError("STORE_UNAVAILABLE", {}, { cause });
  });
  const found = messages.find(({ payload }) => hashesEqual(leafHash(payload), hash));
  if (found === undefined) throw busError("LEAF_UNKNOWN", { field: "event.hash", log: log.name });
  return found.sequence - 1;
}

/** Waits as long as the call allows. */
async function waitFor(log: Log, index: number, witnessed: boolean, context: CallContext): Promise<void> {
  const ending = AbortSignal.any([context.signal, context.drainSignal]);
  const waiting = witnessed ? log.waitUntilWitnessed(index, ending) : log.waitUntilSealed(index, ending);
  await waiting.catch((error: unknown) => {
    if (error instanceof LogStoppedError) throw busError("LOG_STOPPED", { log: log.name }, { cause: error });
    if (context.drainSignal.aborted) throw busError("DRAINING");
    throw context.ended ? context.endReason() : error;
  });
}

/** The smallest kept checkpoint over the leaf: it bounds best when the event was there, and asking again gives the same receipt. */
async function keptOver(log: Log, index: number, witnessed: boolean): Promise<KeptCheckpoint> {
  const [found] = log.kept.list({
    minSize: index + 1,
    maxSize: Number.MAX_SAFE_INTEGER,
    witnessed,
    newestFirst: false,
    limit: 1,
  });
  if (found === undefined) throw busError("CHECKPOINT_UNKNOWN", { log: log.name });
  return found;
}
