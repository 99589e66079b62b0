import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Oldest server accepted: 2.12 brought atomic batches, 2.14 their end-of-batch commit and recovering work queues;
 * there is no 2.13.
 */
export const natsServerVersionMin = "2.14.0";

/** Negative, zero or positive like a sort callback. A pre-release counts as older than its release, as in semver. */
export function compareVersions(left: string, right: string): number {
  const a = parseVersion(left);
  const b = parseVersion(right);
  for (const index of [0, 1, 2] as const) {
    const difference = a.numbers[index] - b.numbers[index];
    if (difference !== 0) {
      return difference;
    }
  }
  return Number(b.isPreRelease) - Number(a.isPreRelease);
}

export function isVersionAccepted(version: string): boolean {
  return compareVersions(version, natsServerVersionMin) >= 0;
}

/** The sentence for a server that is too old; `what` names it, for example its path. */
export function tooOldSentence(what: string, version: string): string {
  return `${what} is nats-server ${version}, but at least ${natsServerVersionMin} is needed: older ones lack durable atomic batches.`;
}

/** Asks the binary itself. Undefined when it does not run here or does not answer like nats-server. */
export async function readServerVersion(binaryPath: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(binaryPath, ["--version"], { timeout: 10_000 });
    return /^nats-server: v?(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

interface ParsedVersion {
  readonly numbers: readonly [number, number, number];
  readonly isPreRelease: boolean;
}

function parseVersion(text: string): ParsedVersion {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-[^+\s]+)?/.exec(text.trim());
  if (match === null) {
    throw new RangeError(`"${text}" is not a server version; expected something like ${natsServerVersionMin}.`);
  }
  return {
    numbers: [Number(match[1]), Number(match[2]), Number(match[3])],
    isPreRelease: match[4] !== undefined,
  };
}
