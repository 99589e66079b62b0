import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MeasuredRecovery } from "./recovery.ts";
import type { FaultDone, FaultRunResult } from "./run-faults.ts";

const reports = fileURLToPath(new URL("./reports", import.meta.url));

/** Where and how a run was made. */
export interface ReportHead {
  readonly name: string;
  readonly command: string;
  readonly seed: string;
}

/** Recovery of one kind of fault over a run. */
interface Recovery {
  readonly name: string;
  readonly times: number;
  readonly acceptedMsMax: number | null;
  readonly everyReplicaMsMax: number | null;
  readonly receiptMsMax: number | null;
}

/** Writes a run as JSON beside the harness; answers where. */
export function writeReport(head: ReportHead, result: FaultRunResult): string {
  return write(head, { ...result, recovery: recoveries(result.faults) });
}

/** Writes how long each process was missed; answers where. */
export function writeRecovery(
  head: ReportHead,
  result: { readonly dossiers: number; readonly measured: readonly MeasuredRecovery[] },
): string {
  return write(head, result);
}

function write(head: ReportHead, result: object): string {
  mkdirSync(reports, { recursive: true });
  const path = join(reports, `${head.name}.json`);
  const about = { at: new Date().toISOString(), ...head, commit: commit(), machine: machine() };
  writeFileSync(path, `${JSON.stringify({ ...about, ...result }, null, 2)}\n`);
  return path;
}

/** The same for people. */
export function tellReport({ counts, violations, sentences, faults, deaths }: FaultRunResult): string {
  const row = (name: string, value: string | number): string => `${name.padEnd(44)} ${value}`;
  const ms = (value: number | null): string => (value === null ? "never" : `${value}`.padStart(6));
  return [
    row("faults", faults.length),
    row("statements offered", counts.offered),
    row("accepted", counts.accepted),
    row("refused", `${counts.refused} ${JSON.stringify(counts.refusedBy)}`),
    row("unknown at the end", counts.unknown),
    row("attempts of unknown outcome, made again", counts.unknownAttempts),
    row("answers given a second time", counts.repeatedAnswers),
    row("events in the log", counts.events),
    row("dossiers / handoffs", `${counts.dossiers} / ${counts.handoffs}`),
    row("deliveries / redelivered to the handler", `${counts.deliveries} / ${counts.deliveredAgain}`),
    row("receipts verified", counts.receipts),
    row("checkpoints compared", counts.checkpointsSeen),
    ...Object.entries(violations).map(([kind, count]) => row(`VIOLATIONS ${kind}`, count)),
    row("processes that died", JSON.stringify(deaths)),
    "",
    `${"recovery, ms (most)".padEnd(30)} times  accepted  by every replica  receipt`,
    ...recoveries(faults).map(
      ({ name, times, acceptedMsMax, everyReplicaMsMax, receiptMsMax }) =>
        `${name.padEnd(30)} ${String(times).padStart(5)}    ${ms(acceptedMsMax)}            ${ms(everyReplicaMsMax)}   ${ms(receiptMsMax)}`,
    ),
    ...(sentences.length === 0 ? [] : ["", ...sentences]),
  ].join("\n");
}

function recoveries(faults: readonly FaultDone[]): Recovery[] {
  const names = [...new Set(faults.map(({ name }) => name))].toSorted();
  const most = (values: readonly (number | null)[]): number | null =>
    values.some((value) => value === null) ? null : Math.max(...(values as number[]));
  return names.map((name) => {
    const of = faults.filter((fault) => fault.name === name);
    return {
      name,
      times: of.length,
      everyReplicaMsMax: most(of.map(({ everyReplicaAfterMs }) => everyReplicaAfterMs)),
      acceptedMsMax: most(of.map(({ acceptedAfterMs }) => acceptedAfterMs)),
      receiptMsMax: most(of.map(({ receiptAfterMs }) => receiptAfterMs)),
    };
  });
}

function commit(): string {
  try {
    const of = (...args: string[]) => execFileSync("git", args, { cwd: reports, encoding: "utf8" }).trim();
    return `${of("rev-parse", "--short=12", "HEAD")}${of("status", "--porcelain") === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}

function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? "processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`;
}
