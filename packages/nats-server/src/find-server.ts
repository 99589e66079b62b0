import { access, constants } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { NatsServerError } from "./errors.ts";
import { fetchWithApt } from "./fetch-with-apt.ts";
import type { ReportServer } from "./server-report.ts";
import { isVersionAccepted, readServerVersion, tooOldSentence } from "./server-version.ts";

export type FoundNatsServer =
  | { readonly kind: "external"; readonly url: string }
  | {
      readonly kind: "binary";
      readonly path: string;
      readonly version: string;
      readonly origin: "path" | "cache" | "fetched";
    };

export interface FindNatsServerOptions {
  /** Default: `.cache/nats-server` in the project's root. */
  readonly cacheDirectory?: string;
  /** Default: this process's environment. `LIENTHONG_NATS_URL` and `PATH` are read. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with one line for each thing a person waiting may want to know. */
  readonly report?: ReportServer;
  /** The last resort; default: apt on Debian and Ubuntu. Given by those who want no network access. */
  readonly fetchServer?: typeof fetchWithApt;
}

export const defaultCacheDirectory = resolve(fileURLToPath(new URL("../../../.cache/nats-server", import.meta.url)));

/**
 * Finds a server to run, in this order: one named by `LIENTHONG_NATS_URL`, the PATH, the project's cache, a download
 * into that cache. One that is too old is reported and passed over.
 */
export async function findNatsServer(options: FindNatsServerOptions = {}): Promise<FoundNatsServer> {
  const env = options.env ?? process.env;
  const report = options.report ?? (() => {});
  const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory;

  const url = env.LIENTHONG_NATS_URL?.trim();
  if (url) {
    return { kind: "external", url };
  }
  const onPath = await findOnPath(env.PATH ?? "");
  const refusals: string[] = [];
  for (const [path, origin] of [
    [onPath, "path"],
    [join(cacheDirectory, "nats-server"), "cache"],
  ] as const) {
    const version = path === undefined ? undefined : await readServerVersion(path);
    if (path === undefined || version === undefined) {
      continue;
    }
    if (isVersionAccepted(version)) {
      return { kind: "binary", path, version, origin };
    }
    refusals.push(tooOldSentence(path, version));
    report(refusals.at(-1) as string, { what: "server-too-old", path, version });
  }
  try {
    const fetched = await (options.fetchServer ?? fetchWithApt)(cacheDirectory, report);
    return { kind: "binary", ...fetched, origin: "fetched" };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const reason =
      refusals.length > 0 ? "SERVER_TOO_OLD" : cause instanceof NatsServerError ? cause.reason : "FETCH_FAILED";
    throw new NatsServerError(reason, [...refusals, message].join(" "), { cause });
  }
}

async function findOnPath(pathVariable: string): Promise<string | undefined> {
  for (const folder of pathVariable.split(delimiter).filter((each) => each !== "")) {
    const candidate = join(folder, "nats-server");
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
