import { busError } from "@lienthong/chassis";
import type {
  ReceiveCredit,
  ReceiveRequest,
  ReceiveSettle,
  ReceiveStart,
} from "@lienthong/contracts/exchange/v1/delivery_service";

/** The subscription of those who name none. */
export const mainSubscription = "main";
/** Most deliveries that one stream may have under way. */
export const creditMax = 10_000;

const creditDefault = 256;
const agenciesMax = 1_000;
const settledPerMessageMax = 10_000;
const agencyPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const subscriptionPattern = /^[a-z0-9][a-z0-9-]{0,30}$/;

/** A `start` whose form is right. */
export interface CheckedStart {
  readonly agencies: readonly string[];
  readonly subscription: string;
  readonly credit: number;
  /** Sequence from which everything is handed out again; null: only what is not settled. */
  readonly fromSequence: number | null;
}

/** Checks the first message of a stream. Throws a refusal that names the field. */
export function checkStart(request: ReceiveRequest | undefined, shard: string): CheckedStart {
  if (request?.what?.$case !== "start") {
    throw busError("FIELD_MISSING", { field: "start", allowed: "start as the first message" });
  }
  const start: ReceiveStart = request.what.value;
  if (start.shard === "") throw busError("FIELD_MISSING", { field: "start.shard", allowed: shard });
  if (start.shard !== shard) {
    throw busError("SHARD_UNKNOWN", { field: "start.shard", shard: start.shard, allowed: shard });
  }
  if (start.agencies.length === 0) {
    throw busError("FIELD_MISSING", { field: "start.agencies", allowed: "1 to 1,000 agency ids" });
  }
  if (start.agencies.length > agenciesMax) throw invalid("start.agencies", "1 to 1,000 agency ids");
  for (const [index, agency] of start.agencies.entries()) {
    const field = `start.agencies[${index}]`;
    if (!agencyPattern.test(agency)) {
      throw invalid(field, "1 to 63 characters of a-z, 0-9 and '-', the first a letter or digit");
    }
    if (start.agencies.indexOf(agency) !== index) throw invalid(field, "each agency once");
  }
  const subscription = start.subscription === "" ? mainSubscription : start.subscription;
  if (!subscriptionPattern.test(subscription)) {
    throw invalid(
      "start.subscription",
      "1 to 31 characters of a-z, 0-9 and '-', the first a letter or digit; empty: main",
    );
  }
  if (start.credit > creditMax) throw invalid("start.credit", "1 to 10,000; 0: 256");
  if (start.fromLeafIndex !== undefined && start.fromLeafIndex >= BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid("start.from_leaf_index", "an index of the shard's log");
  }
  return {
    agencies: start.agencies,
    subscription,
    credit: start.credit === 0 ? creditDefault : start.credit,
    fromSequence: start.fromLeafIndex === undefined ? null : Number(start.fromLeafIndex) + 1,
  };
}

/** Checks a later message. Throws a refusal that names the field. */
export function checkLater(
  request: ReceiveRequest,
): { kind: "settle"; settle: ReceiveSettle } | { kind: "credit"; credit: ReceiveCredit } {
  const { what } = request;
  switch (what?.$case) {
    case "settle":
      if (what.value.deliveries.length === 0) {
        throw busError("FIELD_MISSING", { field: "settle.deliveries", allowed: "1 to 10,000 deliveries" });
      }
      if (what.value.deliveries.length > settledPerMessageMax) {
        throw invalid("settle.deliveries", "1 to 10,000 deliveries");
      }
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
