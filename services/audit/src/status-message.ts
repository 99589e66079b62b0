import type { GetIndexStatusResponse } from "@lienthong/contracts/audit/v1/audit_service";
import type { AuditIndex } from "./audit-index.ts";
import { asOfMessages } from "./questions/answer-parts.ts";

/** How the index stands. */
export function statusMessage(index: AuditIndex): GetIndexStatusResponse {
  return {
    database: index.database.kind,
    migration: index.migration,
    shards: index.indexers().map((indexer) => {
      const { shard } = indexer;
      const nothing = {
        shard,
        generation: 0,
        size: 0,
        lastHash: new Uint8Array(0),
        clockUs: 0,
        wallUs: 0,
        simulated: false,
      };
      const position = indexer.position() ?? nothing;
      const { generation, lastHash, simulated } = position;
      const stopped = indexer.stoppedBecause() ?? "";
      return { asOf: asOfMessages([position])[0], generation, lastEvent: lastHash, simulated, stopped };
    }),
  };
}
