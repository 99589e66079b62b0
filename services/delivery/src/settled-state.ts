/** What a subscription has settled: everything addressed to its agency up to `position`, except `exceptions`. */
export interface SettledState {
  /** Begins anew when a receiver asks for settled deliveries again; the higher one replaces the lower. Never decreases. */
  readonly epoch: number;
  /** Stream sequence; 0: nothing is settled. */
  readonly position: number;
  /** Sequences at or before `position` that are not settled, ascending. */
  readonly exceptions: readonly number[];
  /** Highest sequence that was handed out, so that what comes again can be marked so. */
  readonly handedOutUpTo: number;
}

const formatVersion = 1;

/** Most exceptions in one message: written as decimal differences they stay under the 64 KiB that a message may have. */
export const exceptionsMax = 5_000;

/** The message of the SETTLED stream. What does not fit is left out on the safe side: it is handed out again. */
export function encodeSettledState(state: SettledState): Uint8Array {
  const cut = state.exceptions[exceptionsMax];
  const exceptions = cut === undefined ? state.exceptions : state.exceptions.slice(0, exceptionsMax);
  let previous = 0;
  const differences = exceptions.map((sequence) => {
    const difference = sequence - previous;
    previous = sequence;
    return difference;
  });
  const message = {
    version: formatVersion,
    epoch: state.epoch,
    position: cut === undefined ? state.position : cut - 1,
    handedOutUpTo: state.handedOutUpTo,
    exceptions: differences,
  };
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Reads a message of the SETTLED stream. Throws an Error that says what is wrong with it. */
export function decodeSettledState(bytes: Uint8Array): SettledState {
  const message = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const { version, epoch, position, handedOutUpTo, exceptions } = message;
  if (version !== formatVersion) {
    throw new Error(`The settled state has version ${String(version)}; this exchange reads version ${formatVersion}.`);
  }
  if (!isCount(epoch) || !isCount(position) || !isCount(handedOutUpTo) || !Array.isArray(exceptions)) {
    throw new Error("The settled state lacks an epoch, a position, a mark of what was handed out, or its exceptions.");
  }
  let sequence = 0;
  const sequences = exceptions.map((difference: unknown) => {
    if (!isCount(difference) || difference === 0) throw new Error("The settled state's exceptions do not ascend.");
    sequence += difference;
    return sequence;
  });
  if (sequence > position) throw new Error("The settled state has an exception beyond its position.");
  return { epoch, position, handedOutUpTo, exceptions: sequences };
}

/** Whether both say the same is settled. */
export function sameSettled(a: SettledState, b: SettledState): boolean {
  return (
    a.epoch === b.epoch &&
    a.position === b.position &&
    a.exceptions.length === b.exceptions.length &&
    a.exceptions.every((sequence, index) => sequence === b.exceptions[index])
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
