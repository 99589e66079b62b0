import { createHash } from "node:crypto";
import { busError, type Clock } from "@lienthong/chassis";
import { AccessRecord } from "@lienthong/contracts/audit/v1/access";
import { accessStreamName, accessSubject, appendRecord, createReader, readRecords } from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";

const recordTimeoutMs = 3_000;
const readTimeoutMs = 5_000;
/** Records looked through at a time, and at most so often for one page. */
const recordsPerLook = 500;
const looksMax = 40;

/** A look-up, as far as its service knows it. */
export interface Access {
  readonly system: string;
  readonly agency: string;
  /** Audit scope that entitled it; empty: its own business. */
  readonly scope: string;
  /** "lienthong.audit.v1.AuditService/ListTrail". */
  readonly method: string;
  /** The request as the contract serialises it. */
  readonly request: Uint8Array;
  /** Rows in the answer. */
  readonly count: number;
}

/**
 * Records a look-up before it is answered: resolves when the record is stored and synced. What was asked is kept as a hash.
 * Throws ACCESS_NOT_RECORDED; then the look-up must not be answered. (It may be recorded all the same: a record without an answer does no harm.)
 */
export type RecordAccess = (access: Access) => Promise<void>;

/** A recorder on a connection of a role that may publish look-ups. */
export function accessRecorder(connection: NatsConnection, clock: Clock): RecordAccess {
  return async ({ system, agency, scope, method, request, count }) => {
    const record: AccessRecord = {
      version: 1,
      answeredTime: clock.now(),
      system,
      agency,
      auditScope: scope,
      method,
      requestDigest: createHash("sha256").update(request).digest(),
      eventCount: count,
    };
    try {
      // Durable when this returns. A crash before it leaves a question that nobody answered; one after it, a record of an answer not sent.
      await appendRecord(connection, accessSubject, AccessRecord.encode(record).finish(), recordTimeoutMs);
    } catch (cause) {
      throw busError("ACCESS_NOT_RECORDED", {}, { cause });
    }
  };
}

/** A page of look-ups, newest first; `next`: sequence to go on from, null at the end. */
export interface AccessPage {
  readonly accesses: readonly AccessRecord[];
  readonly next: number | null;
}

/**
 * Look-ups that `wanted` accepts, from a sequence downwards (null: from the newest). A page may have fewer than there is room for, and still
 * not be the last: it ends when enough records were looked through.
 */
export async function readAccesses(
  connection: NatsConnection,
  from: number | null,
  pageSize: number,
  wanted: (record: AccessRecord) => boolean,
): Promise<AccessPage> {
  const reader = createReader({ connection, streamName: accessStreamName, timeoutMs: readTimeoutMs });
  const { firstSequence, lastSequence } = await reader.state();
  let upper = Math.min(from ?? lastSequence, lastSequence);
  const accesses: AccessRecord[] = [];
  for (let look = 0; look < looksMax && upper >= Math.max(1, firstSequence); look++) {
    const lower = Math.max(1, firstSequence, upper - recordsPerLook + 1);
    const records = await readRecords(connection, accessStreamName, lower, upper - lower + 1, readTimeoutMs);
    for (const { sequence, payload } of records.toReversed()) {
      // Where records have aged away meanwhile, the server goes on with later ones.
      if (sequence > upper) continue;
      const record = AccessRecord.decode(payload);
      if (!wanted(record)) continue;
      accesses.push(record);
      if (accesses.length === pageSize) return { accesses, next: sequence - 1 > 0 ? sequence - 1 : null };
    }
    upper = lower - 1;
  }
  return { accesses, next: upper >= Math.max(1, firstSequence) ? upper : null };
}
