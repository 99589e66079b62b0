import { whyNoRecording } from "./record-writes.ts";

/** LIENTHONG_POWER_LOSS=all: every cut, which takes some tens of minutes. */
export const isLong = process.env.LIENTHONG_POWER_LOSS === "all";

/**
 * Whether writes can be recorded here. Says so aloud where they cannot, and throws where they must (LIENTHONG_REQUIRE_STRACE=1), so that a machine that
 * is meant to test it never passes because of what it lacks.
 */
export function recordingIsPossible(): boolean {
  const why = whyNoRecording();
  if (why === null) return true;
  if (process.env.LIENTHONG_REQUIRE_STRACE === "1") throw new Error(`Power cuts cannot be tested: ${why}`);
  process.stderr.write(`\nPOWER CUTS ARE NOT TESTED HERE: ${why}\n\n`);
  return false;
}
