import { defaultLimits, type GrpcService, grpcService, type LimitSettings } from "@lienthong/chassis";
import { ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import { getDossierPort, getShardPort, getTrailPort, type RecordAuditAccess } from "./ports/reading-ports.ts";
import { streamStatementsPort } from "./ports/stream-statements-port.ts";
import { submitStatementPort } from "./ports/submit-statement-port.ts";
import type { FollowedRegistry } from "./registry-in-force.ts";
import type { ServedShards } from "./served-shards.ts";
import { SignatureCheck } from "./signature-check.ts";
import { StatementRate } from "./statement-rate.ts";

/** What agencies are told: within so long a revocation is in force. A replica that has not heard for longer shows nothing. */
const revocationMsMax = 5_000;

/**
 * ExchangeService over the shards of this process. Without `recordAccess`, looks under an audit scope are refused. `share`: what one system or agency may
 * take.
 */
export function exchangeService(
  shards: ServedShards,
  registry: FollowedRegistry,
  recordAccess: RecordAuditAccess | null = null,
  share: LimitSettings = defaultLimits,
): GrpcService {
  const on = {
    shards,
    recordAccess,
    registry: () => registry.state,
    confirmed: () => registry.confirmed(revocationMsMax),
    signatureCheck: new SignatureCheck(),
    rate: new StatementRate(share),
  };
  return grpcService(ExchangeServiceService, {
    submitStatement: submitStatementPort(on),
    streamStatements: streamStatementsPort(on),
    getShard: getShardPort(on),
    getDossier: getDossierPort(on),
    getTrail: getTrailPort(on),
  });
}
