import { type GrpcService, grpcService } from "@lienthong/chassis";
import { ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import { getDossierPort, getShardPort, getTrailPort, type RecordAuditAccess } from "./ports/reading-ports.ts";
import { streamStatementsPort } from "./ports/stream-statements-port.ts";
import { submitStatementPort } from "./ports/submit-statement-port.ts";
import type { FollowedRegistry } from "./registry-in-force.ts";
import type { ServedShards } from "./served-shards.ts";
import { SignatureCheck } from "./signature-check.ts";
import { StatementRate } from "./statement-rate.ts";

/** ExchangeService over the shards of this process. Without `recordAccess`, looks under an audit scope are refused. */
export function exchangeService(
  shards: ServedShards,
  registry: FollowedRegistry,
  recordAccess: RecordAuditAccess | null = null,
): GrpcService {
  const on = {
    shards,
    recordAccess,
    registry: () => registry.state,
    signatureCheck: new SignatureCheck(),
    rate: new StatementRate(),
  };
  return grpcService(ExchangeServiceService, {
    submitStatement: submitStatementPort(on),
    streamStatements: streamStatementsPort(on),
    getShard: getShardPort(on),
    getDossier: getDossierPort(on),
    getTrail: getTrailPort(on),
  });
}
