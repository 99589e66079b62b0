import { attachment, type BusError, busError } from "@lienthong/chassis";
import { WinningEvent } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { Refusal } from "@lienthong/domain";
import { leafHash } from "@lienthong/tlog";

/** A refusal of the table as callers get it, with the event that decided against them where one did. */
export function refusalError(refusal: Refusal, decidedBy: { bytes: Uint8Array; sequence: number } | null): BusError {
  const details = { message: refusal.message, ...(refusal.field === "" ? {} : { field: refusal.field }) };
  if (decidedBy === null) return busError(refusal.reason, details);
  const winning = {
    event: decidedBy.bytes,
    head: leafHash(decidedBy.bytes),
    leafIndex: BigInt(decidedBy.sequence - 1),
  };
  return busError(refusal.reason, details, {
    attachments: [
      attachment("lienthong.exchange.v1.WinningEvent", WinningEvent, winning, { ...winning, event: new Uint8Array(0) }),
    ],
  });
}
