import { execFile } from "node:child_process";

/** What the registry says about known faults of what is installed. */
export type Advisories =
  | { readonly kind: "checked"; readonly serious: number; readonly told: string }
  | { readonly kind: "unchecked"; readonly why: string };

/** Reads the answer of `npm audit --json`: what it found, or why it could not look. */
export function readAdvisories(stdout: string): Advisories {
  let answer: {
    message?: string;
    error?: { summary?: string };
    metadata?: { vulnerabilities?: Record<string, number> };
  };
  try {
    answer = JSON.parse(stdout) as typeof answer;
  } catch {
    return { kind: "unchecked", why: stdout.trim().slice(0, 200) || "npm audit said nothing" };
  }
  const counts = answer.metadata?.vulnerabilities;
  if (counts === undefined) {
    // The address of the registry is nobody's business here.
    const why = (answer.message ?? answer.error?.summary ?? "npm audit found nothing and counted nothing").split(
      " - ",
    )[0];
    return { kind: "unchecked", why: why ?? "" };
  }
  const serious = (counts.high ?? 0) + (counts.critical ?? 0);
  const told = Object.entries(counts)
    .map(([severity, count]) => `${severity} ${count}`)
    .join(", ");
  return { kind: "checked", serious, told };
}

/** Asks the registry about everything that runs in production. */
export function askForAdvisories(root: string): Promise<Advisories> {
  const line = ["audit", "--omit=dev", "--audit-level=high", "--json"];
  return new Promise((resolve) => {
    // The exit code says no more than the answer does.
    execFile("npm", line, { cwd: root, timeout: 120_000, maxBuffer: 64 * 1_048_576 }, (_error, stdout) =>
      resolve(readAdvisories(stdout)),
    );
  });
}
