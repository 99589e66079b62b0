import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";

/** Below 0 if `a` is earlier, 0 if equal, above 0 if later. */
export function compareTimes(a: Timestamp, b: Timestamp): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanos - b.nanos;
}
