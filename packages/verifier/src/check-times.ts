import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { compareTimes } from "@lienthong/registry-state";
import type { Findings } from "./finding.ts";
import { isoOf, isoOfMs, msOf } from "./instants.ts";
import type { TrustedCheckpoint } from "./log-trust.ts";
import type { TrailItem } from "./read-trail.ts";
import type { RegistrySlice } from "./registry-slice.ts";

/** When an event was recorded, as it says, and between which moments witnesses bear it out. RFC 3339, real UTC. */
export interface EventTimes {
  readonly event: number;
  /** Legal time of the shard. */
  readonly recorded: string;
  readonly wall: string;
  /** The witnesses still knew of no log with it then; null: no earlier checkpoint with enough of them. */
  readonly sealedAfter: string | null;
  /** By then they had seen a log with it. */
  readonly sealedBy: string | null;
}

/** Clocks of honest witnesses and of the bus differ by less. */
const clockSkewMs = 60_000;

/** Checks that neither time nor the registry head cited goes backwards along a dossier, and that heads are the registry's. */
export function checkOrder(items: readonly TrailItem[], slice: RegistrySlice, findings: Findings): void {
  let before: { recorded: Timestamp; wall: Timestamp; size: bigint } | null = null;
  for (const { number, event } of items) {
    if (event === null) continue;
    const { recordedTime, wallTime, registryHead } = event.header;
    // The strict reader has seen all three.
    if (recordedTime === undefined || wallTime === undefined || registryHead === undefined) continue;
    if (!slice.hasHead(Number(registryHead.size), registryHead.root)) {
      findings.add("eventHeadUnknown", number, { size: String(registryHead.size) });
    }
    if (before !== null && registryHead.size < before.size) {
      findings.add("eventHeadDecreases", number, { size: String(registryHead.size), before: String(before.size) });
    }
    if (
      before !== null &&
      (compareTimes(recordedTime, before.recorded) < 0 || compareTimes(wallTime, before.wall) < 0)
    ) {
      findings.add("eventTimesDecrease", number, { recorded: isoOf(recordedTime), wall: isoOf(wallTime) });
    }
    before = { recorded: recordedTime, wall: wallTime, size: registryHead.size };
  }
}

/**
 * Holds the time that each event states against the checkpoints that witnesses dated: it cannot have been recorded after a log with it was
 * seen, nor longer before a log without it than the bus takes to seal by its own promise.
 */
export function bracketTimes(
  items: readonly TrailItem[],
  checkpoints: readonly TrustedCheckpoint[],
  promiseDelayMs: number,
  findings: Findings,
): EventTimes[] {
  const dated = checkpoints.toSorted((a, b) => a.size - b.size);
  const seen = dated.filter(({ seenBy }) => seenBy !== null);
  return items.flatMap(({ number, leafIndex, event }): EventTimes[] => {
    if (event === null) return [];
    const without = dated.findLast(({ size, largestUntil }) => size <= leafIndex && largestUntil !== null);
    const having = seen.filter(({ size }) => size > leafIndex).map(({ seenBy }) => seenBy ?? 0);
    const afterMs = without?.largestUntil == null ? null : without.largestUntil * 1_000;
    const byMs = having.length === 0 ? null : Math.min(...having) * 1_000;
    const { recordedTime, wallTime } = event.header;
    const sealedAfter = afterMs === null ? null : isoOfMs(afterMs);
    const sealedBy = byMs === null ? null : isoOfMs(byMs);
    if (wallTime !== undefined) {
      const wallMs = msOf(wallTime);
      const isTooLate = byMs !== null && wallMs > byMs + clockSkewMs;
      const isTooEarly = afterMs !== null && wallMs < afterMs - promiseDelayMs - clockSkewMs;
      const isLate = afterMs !== null && wallMs < afterMs - clockSkewMs;
      if (isTooLate || isTooEarly || isLate) {
        const values = { wall: isoOf(wallTime), after: sealedAfter ?? "", by: sealedBy ?? "" };
        findings.add(isTooLate || isTooEarly ? "eventTimeImpossible" : "sealedLate", number, values);
      }
    }
    return [{ event: number, recorded: isoOf(recordedTime), wall: isoOf(wallTime), sealedAfter, sealedBy }];
  });
}
