import type { FuzzOutcome } from "./run-fuzz.ts";

/** Most that the process of the bus may be larger at the end than after the warm-up. */
export const growthBytesMax = 64 * 1_048_576;
/** Longest time that one input may hold up all others. */
export const blockedMsMax = 1_000;

const mebibytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MiB`;

/** A run in figures, and all that is wrong with it. */
export function judgeOutcome(outcome: FuzzOutcome): { lines: string[]; faults: string[] } {
  const { tally, before, after, stream, seconds, inputs } = outcome;
  const faults = tally.faults.map(({ method, what }) => `${method}: ${what}`);
  if (tally.faultCount > tally.faults.length)
    faults.push(`${tally.faultCount} faults in all; those alike are told once.`);
  for (const { path } of outcome.methods) {
    const { inputs: sent, accepted } = tally.of(path);
    if (sent === 0) faults.push(`${path} is mounted and was not called.`);
    // Without one valid call nothing says that the inputs get past the first check.
    else if (sent >= 200 && accepted === 0)
      faults.push(`${path} accepted none of ${sent} inputs, valid ones among them.`);
  }
  const growth = after.rssBytes - before.rssBytes;
  if (growth > growthBytesMax) {
    faults.push(
      `The bus grew by ${mebibytes(growth)}, from ${mebibytes(before.rssBytes)}; at most ${mebibytes(growthBytesMax)}.`,
    );
  }
  for (const [name, count] of Object.entries(after.resources)) {
    const earlier = before.resources[name] ?? 0;
    // A timer or a request of the bus's own may happen to be under way.
    if (count > earlier + 3) faults.push(`${count} open resources of kind ${name}, before ${earlier}.`);
  }
  if (outcome.eventLoopBlockedMsMax > blockedMsMax) {
    faults.push(
      `The event loop was blocked for ${outcome.eventLoopBlockedMsMax.toFixed(0)} ms; at most ${blockedMsMax}.`,
    );
  }
  faults.push(...after.warnings.map((warning) => `A warning of the process: ${warning}`));
  faults.push(...outcome.loggedErrors.map((line) => `The log has an error: ${line}`));
  const lines = [
    `${inputs} inputs in ${seconds.toFixed(0)} s: ${Math.round(inputs / seconds)} per second; seed ${outcome.seed}.`,
    `${tally.accepted} accepted; ${stream.events} events in the stream, ${stream.faults.length} faults in it.`,
    `Resident ${mebibytes(before.rssBytes)} after the warm-up, ${mebibytes(after.rssBytes)} at the end; heap ${mebibytes(before.heapBytes)} and ${mebibytes(after.heapBytes)}; nats-server ${mebibytes(before.natsRssBytes)} and ${mebibytes(after.natsRssBytes)}.`,
    `Event loop: blocked for ${outcome.eventLoopBlockedMsMax.toFixed(0)} ms at most, ${after.eventLoopLateMsMax.toFixed(0)} ms late at most. Slowest call: ${tally.slowest.ms.toFixed(0)} ms (${tally.slowest.method}).`,
  ];
  return { lines, faults };
}
