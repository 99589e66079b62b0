import type { ServiceErrorLike } from "@lienthong/chassis/status";
import {
  type Checkpoint,
  type GetConsistencyProofResponse,
  type GetInclusionProofsResponse,
  type GetReceiptResponse,
  type LedgerServiceClient,
  type ListCheckpointsResponse,
  type ListLogsResponse,
  ReceiptLevel,
  type StreamEntriesResponse,
} from "@lienthong/contracts/ledger/v1/ledger_service";
import { callError } from "./bus-call-error.ts";
import { type CallSettings, unaryCall } from "./unary-call.ts";

/** The leaf that a receipt is wanted for: by its index, or an event by its dossier and hash. */
export type ReceiptLeaf = { readonly leafIndex: bigint } | { readonly dossier: string; readonly hash: Uint8Array };

/** Which receipt. `level`: what it must rest on; "sealed" unless given. */
export type ReceiptQuestion = ReceiptLeaf & { readonly log: string; readonly level?: "sealed" | "witnessed" };

/** Which checkpoints, by size. */
export interface CheckpointsQuestion {
  readonly log: string;
  readonly minSize?: bigint;
  readonly maxSize?: bigint;
  readonly newestFirst?: boolean;
  readonly witnessed?: boolean;
  /** 1 to 500; 100 unless given. */
  readonly pageSize?: number;
  readonly pageToken?: string;
}

/** What the ledger is asked. Every call rejects with BusCallError. */
export interface LedgerCalls {
  listLogs(settings?: CallSettings): Promise<ListLogsResponse["logs"]>;
  /** A checkpoint by its size; without one the newest, or the newest that satisfies the witness policy. */
  getCheckpoint(
    question: { readonly log: string; readonly size?: bigint; readonly witnessed?: boolean },
    settings?: CallSettings,
  ): Promise<Checkpoint>;
  /**
   * The receipt of a leaf, a `.tlog-proof` file in `receipt`. It waits until there is one, as long as `deadlineMs` allows: an accepted statement
   * is durable at once, sealed within about a second, and witnessed as the policy says.
   */
  receipt(question: ReceiptQuestion, settings?: CallSettings): Promise<GetReceiptResponse>;
  /** Proofs of 1 to 500 leaves under one checkpoint, by its size or the newest. */
  getInclusionProofs(
    question: {
      readonly log: string;
      readonly leafIndexes: readonly bigint[];
      readonly size?: bigint;
      readonly witnessed?: boolean;
    },
    settings?: CallSettings,
  ): Promise<GetInclusionProofsResponse>;
  /** Proof that the log only grew from one size to another, the newest unless given. */
  getConsistencyProof(
    question: { readonly log: string; readonly oldSize: bigint; readonly newSize?: bigint },
    settings?: CallSettings,
  ): Promise<GetConsistencyProofResponse>;
  listCheckpoints(question: CheckpointsQuestion, settings?: CallSettings): Promise<ListCheckpointsResponse>;
  /** The entries of a log, for an auditor of the whole shard; of the registry's log for everybody. Ends after the last sealed one. */
  streamEntries(question: {
    readonly log: string;
    readonly agency?: string;
    readonly fromIndex?: bigint;
    readonly limit?: bigint;
    readonly signal?: AbortSignal;
  }): AsyncGenerator<StreamEntriesResponse, void>;
}

/** Serialises nothing of its own: the calls of a generated client with defaults and errors of this package. */
export function ledgerCalls(client: LedgerServiceClient, defaults: CallSettings): LedgerCalls {
  return {
    listLogs: async (settings = defaults) => (await unaryCall(client.listLogs.bind(client), {}, settings)).logs,
    async getCheckpoint({ log, size = 0n, witnessed = false }, settings = defaults) {
      const answer = await unaryCall(client.getCheckpoint.bind(client), { log, size, witnessed }, settings);
      return answer.checkpoint as Checkpoint;
    },
    receipt(question, settings = defaults) {
      const { log, level = "sealed" } = question;
      const leaf =
        "leafIndex" in question
          ? ({ $case: "leafIndex", value: question.leafIndex } as const)
          : ({
              $case: "event",
              value: { dossier: question.dossier, hash: Buffer.from(question.hash) },
            } as const);
      const wanted = level === "sealed" ? ReceiptLevel.RECEIPT_LEVEL_SEALED : ReceiptLevel.RECEIPT_LEVEL_WITNESSED;
      return unaryCall(client.getReceipt.bind(client), { log, leaf, level: wanted }, settings);
    },
    getInclusionProofs({ log, leafIndexes, size = 0n, witnessed = false }, settings = defaults) {
      const request = { log, leafIndexes: [...leafIndexes], size, witnessed };
      return unaryCall(client.getInclusionProofs.bind(client), request, settings);
    },
    getConsistencyProof: ({ log, oldSize, newSize = 0n }, settings = defaults) =>
      unaryCall(client.getConsistencyProof.bind(client), { log, oldSize, newSize }, settings),
    listCheckpoints(question, settings = defaults) {
      const {
        log,
        minSize = 0n,
        maxSize,
        newestFirst = false,
        witnessed = false,
        pageSize = 0,
        pageToken = "",
      } = question;
      const request = { log, minSize, maxSize, newestFirst, witnessed, pageSize, pageToken };
      return unaryCall(client.listCheckpoints.bind(client), request, settings);
    },
    async *streamEntries({ log, agency = "", fromIndex = 0n, limit = 0n, signal }) {
      signal?.throwIfAborted();
      const call = client.streamEntries({ log, agency, fromIndex, limit });
      // The loop below hears of an error as well; this keeps one that comes after the loop from ending the process.
      call.on("error", () => {});
      const onAbort = (): void => call.cancel();
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        yield* call as AsyncIterable<StreamEntriesResponse>;
      } catch (error) {
        signal?.throwIfAborted();
        throw callError(error as ServiceErrorLike);
      } finally {
        signal?.removeEventListener("abort", onAbort);
        call.cancel();
      }
    },
  };
}
