import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FoundFault } from "./tally.ts";

const casesFolder = join(import.meta.dirname, "cases");

/** A case that was found once and must never come back. */
export interface KeptCase {
  readonly file: string;
  /** Full path of the method. */
  readonly method: string;
  readonly kind: "unary" | "serverStream" | "bidi";
  /** What was wrong. */
  readonly what: string;
  /** Messages to be sent on one call, in order; each `hex`, said `times` times over if given. */
  readonly requests: readonly { readonly hex: string; readonly times?: number }[];
  /** Reason that it is refused with; "accepted" for what must be answered; "code N" for a bare code of the transport. */
  readonly expected: string;
  /** Port that serves the method. */
  readonly port: "exchange" | "registry";
}

/** The cases that are kept. */
export function keptCases(): KeptCase[] {
  const files = readdirSync(casesFolder).filter((name) => name.endsWith(".json"));
  return files.sort().map((file) => ({
    file,
    ...(JSON.parse(readFileSync(join(casesFolder, file), "utf8")) as Omit<KeptCase, "file">),
  }));
}

/** The bytes of a request of a case. */
export function bytesOf({ hex, times = 1 }: KeptCase["requests"][number]): Uint8Array {
  return new Uint8Array(Buffer.from(hex.repeat(times), "hex"));
}

/** Writes what a run found where somebody can look at it; what is worth keeping is moved into `cases` by hand, with what is expected. */
export async function saveFoundCases(faults: readonly FoundFault[], seed: string): Promise<string[]> {
  const folder = join(tmpdir(), `lienthong-fuzz-found-${seed}`);
  if (faults.length > 0) await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const { method, what, hex } of faults) {
    const digest = createHash("sha256").update(hex).digest("hex").slice(0, 12);
    const file = join(folder, `${method.slice(method.lastIndexOf("/") + 1)}-${digest}.json`);
    await writeFile(file, `${JSON.stringify({ method, what, requests: [{ hex }] }, null, 2)}\n`);
    files.push(file);
  }
  return files;
}
