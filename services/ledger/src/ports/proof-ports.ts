import { busError, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { LedgerServiceService } from "@lienthong/contracts/ledger/v1/ledger_service";
import { knownSystem } from "../entitlement.ts";
import { checkpointOf, proveConsistency, proveInclusion } from "../prove.ts";
import { checkpointMessage, type LedgerServiceOptions } from "./port-context.ts";

const leavesMax = 500;

/** LedgerService/GetCheckpoint. */
export function getCheckpointPort(on: LedgerServiceOptions): HandlerFor<LedgerServiceService["getCheckpoint"]> {
  return unaryHandler((request, context) => {
    knownSystem(on.registry(), context.identity);
    const log = on.logs.expect(request.log);
    return { checkpoint: checkpointMessage(checkpointOf(log, request.size, request.witnessed), log) };
  });
}

/** LedgerService/GetInclusionProofs. */
export function getInclusionProofsPort(
  on: LedgerServiceOptions,
): HandlerFor<LedgerServiceService["getInclusionProofs"]> {
  return unaryHandler(async (request, context) => {
    knownSystem(on.registry(), context.identity);
    const log = on.logs.expect(request.log);
    const { leafIndexes } = request;
    if (leafIndexes.length < 1 || leafIndexes.length > leavesMax) {
      throw busError("FIELD_INVALID", { field: "leaf_indexes", allowed: `1 to ${leavesMax} indexes` });
    }
    const checkpoint = checkpointOf(log, request.size, request.witnessed);
    const proofs = [];
    const source = log.files.hashes(checkpoint.size);
    for (const index of leafIndexes) {
      if (context.ended) throw context.endReason();
      proofs.push(await proveInclusion(log, index, checkpoint.size, source));
    }
    return { checkpoint: checkpointMessage(checkpoint, log), proofs };
  });
}

/** LedgerService/GetConsistencyProof. */
export function getConsistencyProofPort(
  on: LedgerServiceOptions,
): HandlerFor<LedgerServiceService["getConsistencyProof"]> {
  return unaryHandler(async (request, context) => {
    knownSystem(on.registry(), context.identity);
    const log = on.logs.expect(request.log);
    const checkpoint = checkpointOf(log, request.newSize, false);
    const path = await proveConsistency(log, request.oldSize, checkpoint.size);
    return { checkpoint: checkpointMessage(checkpoint, log), path };
  });
}
