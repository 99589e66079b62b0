import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readTextFile } from "@lienthong/chassis/read-text-file";
import { parseCheckpoint, parseNote } from "@lienthong/tlog";
import {
  type BundleReport,
  bundleCharactersMax,
  FileUnreadableError,
  type LogShown,
  type PromiseFile,
  type PromiseOutcome,
  type PromiseReport,
  type ReportLine,
  readBundle,
  readEvidenceFile,
  readPromiseFile,
  tellBundle,
  tellPromise,
  type VerifyOptions,
  verifyPromiseFile,
  verifyReadBundle,
  WholeLogReader,
  writeEvidenceFile,
} from "@lienthong/verifier";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import type { Style } from "../render/style.ts";
import { wrapText } from "../render/text-width.ts";
import { LogOverHttp } from "./read-log.ts";

/** Options of `verify`. */
export interface VerifyCommandOptions {
  readonly policy?: string;
  readonly network?: string;
  readonly since?: string;
  readonly log?: string;
  readonly token?: string;
  readonly evidence?: string;
}

/** `verify FILE`. Ends with 0 if it holds, 1 if it does not, 2 if it could not be read, 3 if the log could not. */
export async function verify(context: CommandContext, file: string, options: VerifyCommandOptions): Promise<void> {
  const text = await readNamed(context, file);
  const trust = await trustOf(context, options);
  try {
    switch (formatOf(text)) {
      case "lienthong-promise":
        return await verifyPromise(context, file, readPromiseFile(text), trust, options);
      case "lienthong-promise-evidence": {
        const { promise, ...log } = readEvidenceFile(text);
        return endPromise(context, await verifyPromiseFile(promise, log, { ...trust, nowMs: Date.now() }));
      }
      default:
        return await verifyTrail(context, text, trust, options);
    }
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error;
    throw new CliError(EXIT.usage, context.messages.verify.unreadable(file, error.message), { cause: error });
  }
}

async function verifyTrail(
  context: CommandContext,
  text: string,
  trust: VerifyOptions,
  { log: url, token }: VerifyCommandOptions,
): Promise<void> {
  const { messages } = context;
  const log = url === undefined ? null : new LogOverHttp({ url, token }, messages, context.signal);
  const verified = await verifyReadBundle(readBundle(text), trust);
  let report: BundleReport = verified.report;
  if (log !== null) {
    const { note, size } = await log.checkpoint();
    const reader = new WholeLogReader(verified);
    for await (const part of log.leaves(size)) {
      if ("entries" in part) for (const entry of part.entries) reader.addEntry(entry);
      else for (const hash of part.hashes) reader.addHash(hash);
    }
    report = await reader.finish(note, trust);
  }
  if (context.json) {
    const { names: _names, ...shown } = report;
    context.printJson(shown);
  } else context.print(linesText(tellBundle(report, context.language), context));
  if (!report.holds) throw new CliError(EXIT.refused, messages.verify.doesNotHold);
}

async function verifyPromise(
  context: CommandContext,
  file: string,
  promise: PromiseFile,
  trust: VerifyOptions,
  { log: url, token, evidence = `${file.replace(/\.json$/, "")}.evidence.json` }: VerifyCommandOptions,
): Promise<void> {
  let shown: LogShown | null = null;
  if (url !== undefined) {
    const log = new LogOverHttp({ url, token }, context.messages, context.signal);
    const { note, size } = await log.checkpoint();
    shown = { checkpoint: note, leafHashes: await log.leafHashes(size) };
  }
  const report = await verifyPromiseFile(promise, shown, { ...trust, nowMs: Date.now() });
  if (report.outcome === "broken" && shown !== null) {
    await writeFile(evidence, writeEvidenceFile({ promise, ...shown }), { mode: 0o600 });
  }
  const written = report.outcome === "broken" ? evidence : null;
  endPromise(context, report, written);
}

const keptOrOpen: ReadonlySet<PromiseOutcome> = new Set(["kept", "pending", "unchecked"]);

function endPromise(context: CommandContext, report: PromiseReport, evidence: string | null = null): void {
  if (context.json) context.printJson({ ...report, evidence });
  else context.print(linesText(tellPromise(report, context.language), context));
  if (evidence !== null) context.talk(context.messages.verify.evidenceWritten(evidence));
  if (!keptOrOpen.has(report.outcome)) throw new CliError(EXIT.refused, context.messages.verify.doesNotHold);
}

/** A report on a terminal. */
export function linesText(
  lines: readonly ReportLine[],
  { columns, style }: { readonly columns: number; readonly style: Style },
): string {
  const tones: Readonly<Record<ReportLine["tone"], (text: string) => string>> = {
    good: style.good,
    bad: style.bad,
    heading: style.bold,
    dim: style.dim,
    plain: (text) => text,
  };
  return lines
    .flatMap(({ tone, indent, text }) =>
      wrapText(text, Math.max(40, columns) - 2 * indent).map((line) => `${"  ".repeat(indent)}${tones[tone](line)}`),
    )
    .join("\n");
}

/** What the reader trusts, from the options. */
async function trustOf(context: CommandContext, options: VerifyCommandOptions): Promise<VerifyOptions> {
  const { network, policy, since } = options;
  return {
    ...(network === undefined ? {} : { network: networkOf(context, network) }),
    ...(policy === undefined ? {} : { policy: await readNamed(context, policy) }),
    ...(since === undefined ? {} : { since: await readSince(context, since) }),
  };
}

function networkOf(context: CommandContext, hex: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw usageError(context.messages.verify.networkOdd(hex));
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** An older checkpoint: a signed note, or the one in a bundle. */
export async function readSince(context: CommandContext, file: string): Promise<string> {
  const text = await readNamed(context, file);
  if (formatOf(text) === "lienthong-bundle") {
    try {
      return readBundle(text).trail.checkpoint;
    } catch {
      throw usageError(context.messages.verify.sinceOdd(file));
    }
  }
  try {
    parseCheckpoint(parseNote(text).text);
  } catch {
    throw usageError(context.messages.verify.sinceOdd(file));
  }
  return text;
}

async function readNamed({ messages }: CommandContext, file: string): Promise<string> {
  try {
    return await readTextFile(resolve(file), bundleCharactersMax);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw usageError(messages.usage.fileUnreadable(file, code));
  }
}

/** What a file says that it is; empty for text that says nothing. */
function formatOf(text: string): string {
  return /^\s*\{\s*"format"\s*:\s*"([a-z-]{1,40})"/.exec(text.slice(0, 200))?.[1] ?? "";
}
