import { timestampFromMs } from "@lienthong/chassis";
import type { Checkpoint } from "@lienthong/contracts/ledger/v1/ledger_service";
import type { RegistryState } from "@lienthong/registry-state";
import type { KeptCheckpoint } from "../kept-checkpoints.ts";
import type { Log } from "../log.ts";
import type { PolicySource } from "../policy-file.ts";
import { cosignaturesOf, rootOfCheckpoint } from "../prove.ts";
import type { ServedLogs } from "../served-logs.ts";

/** What the ports stand on. */
export interface LedgerServiceOptions {
  readonly logs: ServedLogs;
  readonly policy: PolicySource;
  registry(): RegistryState;
  /** False: a revocation may have been recorded over 5 s ago without this process having heard of it. Then no entries are shown. Default: true. */
  confirmed?(): boolean;
  /** Address of a log over HTTP. */
  urlOf(log: string): string;
  /** Streams of entries at a time, each up to two bundles of memory; 16. */
  readonly entryStreamsMax?: number;
}

/** A kept checkpoint as the contract shows it. */
export function checkpointMessage(kept: KeptCheckpoint, log: Log): Checkpoint {
  return {
    size: BigInt(kept.size),
    root: rootOfCheckpoint(kept),
    note: kept.note,
    sealedTime: timestampFromMs(kept.sealedMs),
    cosignatures: cosignaturesOf(kept, log.policy()).map(({ witness, time }) => ({
      witness,
      time: { seconds: BigInt(time), nanos: 0 },
    })),
    missing: kept.missing.map(({ witness, reason }) => ({ witness, reason })),
    witnessed: kept.witnessed,
  };
}
