/** A log signs nothing further: what it reads disagrees with what it signed, or its files are not what it wrote. Only the operator can end this. */
export class LogStoppedError extends Error {
  override readonly name = "LogStoppedError";
}

/** Why a log does not go on, and what to do. */
export function logStopped(log: string, why: string, cause?: unknown): LogStoppedError {
  return new LogStoppedError(
    `The log ${log} signs nothing further: ${why} ` +
      `Stop the bus, run "lienthong ledger fsck ${log}" on its data folder to see which copy is wrong, and follow docs/ledger.md, "When a log stops". ` +
      `Do not delete files of the log: they may be the only good copy.`,
    cause === undefined ? undefined : { cause },
  );
}
