import { busError } from "@lienthong/chassis";
import type {
  FetchDeliveriesRequest,
  ReceiveCredit,
  ReceiveRequest,
  ReceiveSettle,
  ReceiveStart,
  SettleDeliveryRequest,
  SettledDelivery,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import { idPattern } from "@lienthong/statement";

/** The subscription of those who name none. */
export const mainSubscription = "main";
/** Most deliveries that one stream may have under way. */
export const creditMax = 10_000;

const creditDefault = 256;
const agenciesMax = 1_000;
const settledPerMessageMax = 10_000;
const pageSizeDefault = 100;
const pageSizeMax = 1_000;
const waitMsMax = 20_000;
/** Subscription names stand in streams and in "delivered" events: no number of a person may slip in. */
const subscriptionPattern = /^(?!.*\d{9})[a-z0-9][a-z0-9-]{0,30}$/;

/** Which subscription of which agencies, from where; the form is right. */
export interface CheckedSubscription {
  readonly agencies: readonly string[];
  readonly subscription: string;
  /** Sequence from which everything is handed out again; null: only what is not settled. */
  readonly fromSequence: number | null;
}

/** A `start` whose form is right. */
export interface CheckedStart extends CheckedSubscription {
  readonly credit: number;
}

/** A request for a page whose form is right. */
export interface CheckedFetch extends CheckedSubscription {
  readonly pageSize: number;
  readonly waitMs: number;
}

/** Checks the first message of a stream. Throws a refusal that names the field. */
export function checkStart(request: ReceiveRequest | undefined, shard: string): CheckedStart {
  if (request?.what?.$case !== "start") {
    throw busError("FIELD_MISSING", { field: "start", allowed: "start as the first message" });
  }
  const start: ReceiveStart = request.what.value;
  const checked = checkSubscription(start, shard, "start.");
  if (start.credit > creditMax) throw invalid("start.credit", "1 to 10,000; 0: 256");
  return { ...checked, credit: start.credit === 0 ? creditDefault : start.credit };
}

/** Checks a request for a page. Throws a refusal that names the field. */
export function checkFetch(request: FetchDeliveriesRequest, shard: string): CheckedFetch {
  const checked = checkSubscription(request, shard, "");
  const { pageSize, waitMs } = request;
  if (pageSize > pageSizeMax) throw invalid("page_size", "1 to 1,000; 0: 100");
  if (waitMs > waitMsMax) throw invalid("wait_ms", "0 to 20,000 milliseconds");
  return { ...checked, pageSize: pageSize === 0 ? pageSizeDefault : pageSize, waitMs };
}

/** Checks a call that settles; returns the name. Throws a refusal that names the field. */
export function checkSettle(request: SettleDeliveryRequest, shard: string): string {
  checkShard(request.shard, shard, "");
  const name = checkName(request.subscription, "");
  checkSettledCount(request.deliveries, "deliveries");
  for (const [index, { agency }] of request.deliveries.entries()) checkAgency(agency, `deliveries[${index}].agency`);
  return name;
}

function checkSubscription(
  request: Pick<ReceiveStart, "shard" | "agencies" | "subscription" | "fromLeafIndex">,
  shard: string,
  prefix: string,
): CheckedSubscription {
  checkShard(request.shard, shard, prefix);
  const { agencies, fromLeafIndex } = request;
  if (agencies.length === 0) {
    throw busError("FIELD_MISSING", { field: `${prefix}agencies`, allowed: "1 to 1,000 agency ids" });
  }
  if (agencies.length > agenciesMax) throw invalid(`${prefix}agencies`, "1 to 1,000 agency ids");
  for (const [index, agency] of agencies.entries()) {
    const field = `${prefix}agencies[${index}]`;
    checkAgency(agency, field);
    if (agencies.indexOf(agency) !== index) throw invalid(field, "each agency once");
  }
  const subscription = checkName(request.subscription, prefix);
  if (fromLeafIndex !== undefined && fromLeafIndex >= BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(`${prefix}from_leaf_index`, "an index of the shard's log");
  }
  return { agencies, subscription, fromSequence: fromLeafIndex === undefined ? null : Number(fromLeafIndex) + 1 };
}

function checkShard(named: string, shard: string, prefix: string): void {
  const field = `${prefix}shard`;
  if (named === "") throw busError("FIELD_MISSING", { field, allowed: shard });
  if (named !== shard) throw busError("SHARD_UNKNOWN", { field, shard: named, allowed: shard });
}

function checkAgency(agency: string, field: string): void {
  if (idPattern.test(agency)) return;
  throw invalid(field, "1 to 64 of a-z, 0-9 and '-', not beginning with '-'");
}

function checkName(named: string, prefix: string): string {
  if (named === "") return mainSubscription;
  if (subscriptionPattern.test(named)) return named;
  throw invalid(
    `${prefix}subscription`,
    "1 to 31 characters of a-z, 0-9 and '-', the first a letter or digit, without 9 digits in a row; empty: main",
  );
}

function checkSettledCount(deliveries: readonly SettledDelivery[], field: string): void {
  if (deliveries.length === 0) throw busError("FIELD_MISSING", { field, allowed: "1 to 10,000 deliveries" });
  if (deliveries.length > settledPerMessageMax) throw invalid(field, "1 to 10,000 deliveries");
}

/** Checks a later message. Throws a refusal that names the field. */
export function checkLater(
  request: ReceiveRequest,
): { kind: "settle"; settle: ReceiveSettle } | { kind: "credit"; credit: ReceiveCredit } {
  const { what } = request;
  switch (what?.$case) {
    case "settle":
      checkSettledCount(what.value.deliveries, "settle.deliveries");
      return { kind: "settle", settle: what.value };
    case "credit":
      if (what.value.additional < 1 || what.value.additional > creditMax) {
        throw invalid("credit.additional", "1 to 10,000");
      }
      return { kind: "credit", credit: what.value };
    case "start":
      throw invalid("start", "only as the first message of a stream; open another stream");
    default:
      throw busError("FIELD_MISSING", { field: "what", allowed: "settle or credit" });
  }
}

/** FIELD_INVALID for a field, and what it takes. */
export function invalid(field: string, allowed: string): ReturnType<typeof busError> {
  return busError("FIELD_INVALID", { field, allowed });
}
