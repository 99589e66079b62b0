import { readFileSync } from "node:fs";
import { BackupRefusedError, backUp, checkBackup, LedgerMissingError, restoreBackup } from "@lienthong/bus";
import { FolderInUseError } from "@lienthong/chassis/folder-lock";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";

/** Options of `backup make`. */
export interface BackupOptions {
  readonly output: string;
  readonly keys?: string;
}

/** Options of `restore`. */
export interface RestoreOptions {
  readonly checkpoint?: readonly string[];
  readonly nothingNewer?: boolean;
  readonly keys?: string;
}

/** `backup make -o DIR`: while the bus runs, or on a stopped data folder. */
export async function backupMake(context: CommandContext, { output, keys }: BackupOptions): Promise<void> {
  const { backup: text } = context.messages;
  const made = await saidOfBackups(() =>
    backUp({
      dataDirectory: context.options.data,
      output,
      keysUnder: keys,
      version: ownVersion(),
      report: (line) => context.talk(line),
    }),
  );
  const { seal, manifest, directory } = made;
  if (context.json) context.printJson({ directory, ...facts(made) });
  else {
    context.print(text.made(directory, manifest.files.length, bytesOf(manifest)));
    context.print(text.seal(seal));
    for (const log of made.logs) context.print(`  ${text.log(log.name, log.entries, log.signedSize)}`);
    context.talk(manifest.keys.file === null ? text.withoutKeys : text.withKeys(manifest.keys.held.length));
    context.talk(text.never(manifest.keys.never.join(", ")));
  }
}

/** `backup check DIR`. Exit code 1 where it is not what was written. */
export async function backupCheck(context: CommandContext, directory: string): Promise<void> {
  const { backup: text } = context.messages;
  const checked = await saidOfBackups(() => checkBackup({ directory, report: (line) => context.talk(line) }));
  const { seal, manifest } = checked;
  if (context.json) context.printJson(facts(checked));
  else {
    context.print(text.whole(directory, manifest.files.length, manifest.began));
    context.print(text.seal(seal));
    for (const log of checked.logs) context.print(`  ${text.log(log.name, log.entries, log.signedSize)}`);
  }
}

/** `restore DIR --data EMPTY`. Exit code 1 where it is refused; nothing is written then. */
export async function restore(context: CommandContext, directory: string, options: RestoreOptions): Promise<void> {
  const { backup: text } = context.messages;
  const restored = await saidOfBackups(() =>
    restoreBackup({
      backup: directory,
      dataDirectory: context.options.data,
      checkpoints: options.checkpoint ?? [],
      nothingNewer: options.nothingNewer === true,
      keysUnder: options.keys,
      report: (line) => context.talk(line),
    }),
  );
  if (context.json) {
    context.printJson(restored);
    return;
  }
  context.print(text.restored(context.options.data, restored.began));
  for (const { log, entries, generation, unsealed, from } of restored.logs) {
    context.print(`  ${text.restoredLog(log, entries, generation, unsealed)}`);
    context.print(`    ${from.length === 0 ? text.comparedWithNobody : text.comparedWith(from.join(", "))}`);
  }
  if (restored.missingKeys.length > 0) context.talk(text.missingKeys(restored.missingKeys.join(", ")));
  context.talk(text.afterwards);
}

function facts({ seal, manifest, logs }: Awaited<ReturnType<typeof checkBackup>>) {
  const { began, ended, network, software, keys } = manifest;
  return {
    seal,
    began,
    ended,
    network,
    software,
    files: manifest.files.length,
    bytes: bytesOf(manifest),
    logs: logs.map(({ name, origin, entries, signedSize }) => ({ name, origin, entries, signedSize })),
    keys: { held: keys.held, never: keys.never },
  };
}

function bytesOf({ files }: { readonly files: readonly { readonly bytes: number }[] }): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}

/** The tools' own refusals as the command says them. */
async function saidOfBackups<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LedgerMissingError) throw usageError(error.message);
    if (error instanceof BackupRefusedError || error instanceof FolderInUseError)
      throw new CliError(EXIT.refused, error.message, { cause: error });
    throw error;
  }
}
