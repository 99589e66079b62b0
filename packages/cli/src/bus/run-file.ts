import { join, resolve } from "node:path";
import { readTextFile } from "@lienthong/chassis/read-text-file";
import { CliError, EXIT } from "../exit-codes.ts";
import type { Messages } from "../messages/messages.ts";

/** Where a running bus is to be found, as far as the command needs it: `run.json` in its data folder. */
export interface RunInfo {
  readonly registry: string;
  readonly exchange: string;
  /** Empty where no document service runs. */
  readonly documents: string;
  /** Empty where no ledger runs. */
  readonly ledger: string;
  /** Empty where no audit service runs. */
  readonly audit: string;
  readonly ca: string;
  readonly certificates: Readonly<Record<string, { readonly certificate: string; readonly key: string }>>;
  /** Where dossiers are opened now. */
  readonly shard: string;
  /** All shards that are served, the newest first; none where the file does not say. */
  readonly shards: readonly string[];
  /** Folder of the demonstration seals. */
  readonly keys: string;
  readonly pid: number;
}

/** Reads `run.json`. Throws CliError with what to do when there is none, or it is not what a bus writes. */
export async function readRunFile(data: string, messages: Messages): Promise<RunInfo> {
  const path = join(resolve(data), "run.json");
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    throw new CliError(EXIT.unreachable, messages.bus.none(data), { cause: error });
  }
  const odd = (what: string) => new CliError(EXIT.unreachable, messages.bus.runFileOdd(path, what));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw odd("JSON");
  }
  const run = new Reading(value, odd);
  const certificates: Record<string, { certificate: string; key: string }> = {};
  for (const [system, files] of Object.entries(run.at("tls").at("certificates").mapping())) {
    const each = new Reading(files, odd, `tls.certificates.${system}`);
    certificates[system] = { certificate: each.at("certificate").text(), key: each.at("key").text() };
  }
  return {
    registry: run.at("grpc").at("registry").text(),
    exchange: run.at("grpc").at("exchange").text(),
    documents: run.at("grpc").at("documents").textOrNothing(),
    ledger: run.at("grpc").at("ledger").textOrNothing(),
    audit: run.at("grpc").at("audit").textOrNothing(),
    ca: run.at("tls").at("ca").text(),
    certificates,
    shard: run.at("shard").text(),
    shards: Object.entries(run.at("logs").mappingOrNothing())
      .map(([index, log]) => new Reading(log, odd, `logs.${index}`).at("name").text())
      // The registry's log is no shard's.
      .filter((name) => name !== "registry")
      .reverse(),
    keys: run.at("keys").text(),
    pid: run.at("pid").number(),
  };
}

/** A value of the file and where it stands. */
class Reading {
  readonly #value: unknown;
  readonly #odd: (what: string) => CliError;
  readonly #path: string;

  constructor(value: unknown, odd: (what: string) => CliError, path = "") {
    this.#value = value;
    this.#odd = odd;
    this.#path = path;
  }

  at(key: string): Reading {
    return new Reading(this.mapping()[key], this.#odd, this.#path === "" ? key : `${this.#path}.${key}`);
  }

  mapping(): Record<string, unknown> {
    if (typeof this.#value !== "object" || this.#value === null) throw this.#odd(this.#path);
    return this.#value as Record<string, unknown>;
  }

  mappingOrNothing(): Record<string, unknown> {
    return this.#value === undefined ? {} : this.mapping();
  }

  text(): string {
    if (typeof this.#value !== "string" || this.#value === "") throw this.#odd(this.#path);
    return this.#value;
  }

  textOrNothing(): string {
    return this.#value === undefined || this.#value === "" ? "" : this.text();
  }

  number(): number {
    if (typeof this.#value !== "number") throw this.#odd(this.#path);
    return this.#value;
  }
}
