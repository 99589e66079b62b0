import { busError, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { LedgerServiceService } from "@lienthong/contracts/ledger/v1/ledger_service";
import { knownSystem } from "../entitlement.ts";
import { numberOf } from "../prove.ts";
import { checkpointMessage, type LedgerServiceOptions } from "./port-context.ts";

const pageSizeMax = 500;
const pageSizeDefault = 100;

/** LedgerService/ListCheckpoints. */
export function listCheckpointsPort(on: LedgerServiceOptions): HandlerFor<LedgerServiceService["listCheckpoints"]> {
  return unaryHandler((request, context) => {
    knownSystem(on.registry(), context.identity);
    const log = on.logs.expect(request.log);
    const { pageSize, pageToken, newestFirst, witnessed } = request;
    if (pageSize > pageSizeMax) throw busError("FIELD_INVALID", { field: "page_size", allowed: `0 to ${pageSizeMax}` });
    if (!/^(?:0|[1-9]\d{0,15})?$/.test(pageToken)) {
      throw busError("FIELD_INVALID", {
        field: "page_token",
        allowed: "empty, or next_page_token of the page before as it came",
      });
    }
    const limit = pageSize === 0 ? pageSizeDefault : pageSize;
    const minSize = numberOf(request.minSize, "min_size");
    const maxSize = request.maxSize === undefined ? Number.MAX_SAFE_INTEGER : numberOf(request.maxSize, "max_size");
    const found = log.kept.list({
      // The token is the size that the next page begins with.
      minSize: newestFirst || pageToken === "" ? minSize : Math.max(minSize, Number(pageToken)),
      maxSize: !newestFirst || pageToken === "" ? maxSize : Math.min(maxSize, Number(pageToken)),
      witnessed,
      newestFirst,
      limit: limit + 1,
    });
    const next = found.length > limit ? found[limit] : undefined;
    return {
      checkpoints: found.slice(0, limit).map((kept) => checkpointMessage(kept, log)),
      nextPageToken: next === undefined ? "" : String(next.size),
    };
  });
}
