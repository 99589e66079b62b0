import { type GrpcService, grpcService, unaryHandler } from "@lienthong/chassis";
import { LedgerServiceService } from "@lienthong/contracts/ledger/v1/ledger_service";
import { formatVerifierKey } from "@lienthong/tlog";
import { knownSystem } from "./entitlement.ts";
import { getReceiptPort } from "./ports/get-receipt-port.ts";
import { listCheckpointsPort } from "./ports/list-checkpoints-port.ts";
import type { LedgerServiceOptions } from "./ports/port-context.ts";
import { getCheckpointPort, getConsistencyProofPort, getInclusionProofsPort } from "./ports/proof-ports.ts";
import { streamEntriesPort } from "./ports/stream-entries-port.ts";

/** LedgerService over all logs that one address serves. */
export function ledgerService(options: LedgerServiceOptions): GrpcService {
  return grpcService(LedgerServiceService, {
    listLogs: unaryHandler((_request, context) => {
      knownSystem(options.registry(), context.identity);
      return {
        logs: options.logs.all().map((log) => ({
          name: log.name,
          origin: log.signer.name,
          verifierKey: formatVerifierKey(log.signer),
          url: options.urlOf(log.name),
          policy: options.policy.text,
          size: BigInt(log.head().size),
          stopped: log.stopped()?.message ?? "",
        })),
      };
    }),
    getCheckpoint: getCheckpointPort(options),
    getReceipt: getReceiptPort(options),
    getInclusionProofs: getInclusionProofsPort(options),
    getConsistencyProof: getConsistencyProofPort(options),
    listCheckpoints: listCheckpointsPort(options),
    streamEntries: streamEntriesPort(options),
  });
}
