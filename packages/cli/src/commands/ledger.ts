import { checkLedger, LedgerMissingError, repairLedger, restoreStream } from "@lienthong/bus";
import { FolderInUseError } from "@lienthong/chassis/folder-lock";
import { entryOf, type FsckReport, NotRepairableError, registryLogName } from "@lienthong/ledger";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { ledgerFinding } from "../render/ledger-findings.ts";

/** `ledger fsck [LOG]`: on a stopped data folder, or beside a running bus. Exit code 1 where something is wrong. */
export async function ledgerFsck(context: CommandContext, log: string | undefined): Promise<void> {
  const { messages } = context;
  const text = messages.ledger;
  let faults = 0;
  const checks = checkLedger({
    dataDirectory: context.options.data,
    ...(log === undefined ? {} : { log }),
    ...progress(context),
  });
  const compared = new Set<boolean>();
  for await (const { name, streamCompared, report } of saidOfLedger(checks)) {
    faults += report.findings.length;
    compared.add(streamCompared);
    if (context.json) {
      context.printJson({ log: name, streamCompared, ...reportJson(report) });
      continue;
    }
    if (report.findings.length === 0) context.print(text.whole(name, report.size, report.checkpointsRead));
    else {
      context.print(text.bad(name, report.findings.length));
      for (const finding of report.findings) context.print(`  ${ledgerFinding(finding, messages)}`);
      context.print(`  ${nextStep(report, name, context)}`);
    }
    if ((report.unsealed ?? 0) > 0) context.talk(text.unsealed(report.unsealed ?? 0));
  }
  if (compared.has(false)) context.talk(text.withoutStream);
  if (faults > 0) throw new CliError(EXIT.refused, text.inAll(faults));
}

/** `ledger repair [LOG]`: on a stopped ledger. Exit code 1 where something is wrong that files alone do not mend. */
export async function ledgerRepair(
  context: CommandContext,
  log: string | undefined,
  options: { readonly stream?: boolean },
): Promise<void> {
  const { messages } = context;
  const text = messages.ledger;
  if (options.stream === true) {
    if (log === undefined || log === registryLogName) throw usageError(text.streamOfWhich);
    return repairStream(context, log);
  }
  let faults = 0;
  const repairs = repairLedger({
    dataDirectory: context.options.data,
    ...(log === undefined ? {} : { log }),
    ...progress(context),
  });
  for await (const { name, streamCompared, report } of saidOfLedger(repairs)) {
    const { done, from, keptDamage, after } = report;
    faults += after.findings.length;
    if (context.json) {
      context.printJson({ log: name, streamCompared, done, from, keptDamage, ...reportJson(after) });
      continue;
    }
    if (done === "files") context.print(text.repaired(name, text.copies[from ?? "entries"], keptDamage ?? ""));
    else context.print(text.repairedNothing(name));
    for (const finding of after.findings) context.print(`  ${ledgerFinding(finding, messages)}`);
    if (after.findings.length > 0) context.print(`  ${nextStep(after, name, context)}`);
  }
  if (faults > 0) throw new CliError(EXIT.refused, text.inAll(faults));
}

function progress(context: CommandContext) {
  const { ledger: text } = context.messages;
  return {
    onProgress: (log: string, entries: number, total: number): void => {
      // Short logs need no patience.
      if (total > 65_536) context.talk(text.progress(log, entries, total));
    },
  };
}

function nextStep(
  { findings, proven }: FsckReport,
  log: string,
  { messages: { ledger: text } }: CommandContext,
): string {
  const streamWrong = findings.some(
    (finding) =>
      finding.what === "stream-short" ||
      finding.what === "message-odd" ||
      (finding.what === "entry-wrong" && finding.copy === "stream"),
  );
  return streamWrong || proven.length === 0 ? text.nextStream : text.nextFiles(log);
}

function reportJson({ origin, size, entriesRead, checkpointsRead, unsealed, proven, findings }: FsckReport) {
  return {
    origin,
    size,
    entriesRead,
    checkpointsRead,
    unsealed,
    proven,
    findings: findings.map((finding) => ({ ...finding, entry: entryOf(finding) })),
  };
}

/** `ledger repair SHARD --stream`: nothing may run on the folder. */
async function repairStream(context: CommandContext, shard: string): Promise<void> {
  const { ledger: text } = context.messages;
  const restore = async function* () {
    yield await restoreStream({ dataDirectory: context.options.data, shard, report: (line) => context.talk(line) });
  };
  for await (const { restored } of saidOfLedger(restore())) {
    if (context.json) context.printJson({ log: shard, restored });
    else if (restored === null) context.print(text.streamWhole(shard));
    else context.print(text.streamRestored(shard, restored.generation, restored.from, restored.unsealed));
  }
}

/** The tools' own refusals as the command says them. */
async function* saidOfLedger<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof LedgerMissingError) throw usageError(error.message);
    if (error instanceof NotRepairableError || error instanceof FolderInUseError) {
      throw new CliError(EXIT.refused, error.message);
    }
    throw error;
  }
}
