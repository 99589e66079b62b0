import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, narrowSeed, startBus } from "@lienthong/bus";
import { expect } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { EXIT } from "../src/exit-codes.ts";
import { type Ran, type RunLineOptions, runLine } from "./run-line.ts";

/** A bus for one test file, and command lines against it. */
export class CliBus {
  readonly bus: Bus;
  readonly data: string;

  constructor(bus: Bus, data: string) {
    this.bus = bus;
    this.data = data;
  }

  /** Runs a line, without "lienthong"; words with spaces stand in quotes. */
  run(line: string, options: RunLineOptions = {}): Promise<Ran> {
    return runLine([...wordsOf(line), "--data", this.data], options);
  }

  /** Runs a line that must end with 0. */
  async ok(line: string, options: RunLineOptions = {}): Promise<Ran> {
    const ran = await this.run(line, options);
    expect(ran, line).toMatchObject({ code: EXIT.ok });
    return ran;
  }

  /** The first line of what a line prints with --json. */
  async json(line: string): Promise<Record<string, unknown>> {
    return (await this.ok(`${line} --json`)).json() as Record<string, unknown>;
  }

  async stop(): Promise<void> {
    await this.bus.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}

/** Starts a bus with a few wards on free ports; with `audit`, it keeps an index. */
export async function startCliBus(
  areas: readonly string[] = ["00004"],
  options: { readonly audit?: boolean } = {},
): Promise<CliBus> {
  const data = await mkdtemp(join(tmpdir(), "lienthong-cli-bus-"));
  const seed = async () => narrowSeed(await loadSeed(), areas);
  const bus = await startBus({ dataDirectory: data, seed, ...(options.audit === true ? { audit: {} } : {}) });
  return new CliBus(bus, data);
}

/** Words of a line as a shell splits it, quotes taken off. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? "",
  );
}

/** A dossier code that no other test uses. */
export function newCode(): string {
  return `H26-250505-${String(randomInt(1_000_000_000)).padStart(9, "0")}`;
}
