import type { GetIndexStatusResponse } from "@lienthong/contracts/audit/v1/audit_service";
import type { AuditIndex } from "./audit-index.ts";
import { asOfMessages } from "./questions/answer-parts.ts";
import { nothingReadOf } from "./rows.ts";

/** How the index stands. */
export function statusMessage(index: AuditIndex): GetIndexStatusResponse {
  return {
    database: index.database.kind,
    migration: index.migration,
    shards: index.indexers().map((indexer) => {
      const position = indexer.position() ?? nothingReadOf(indexer.shard);
      const { generation, lastHash, simulated } = position;
      const stopped = indexer.stoppedBecause() ?? "";
      return { asOf: asOfMessages([position])[0], generation, lastEvent: lastHash, simulated, stopped };
    }),
  };
}
