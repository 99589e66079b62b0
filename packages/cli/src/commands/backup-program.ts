import type { Command } from "commander";
import type { ArgumentAction, OptionsAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the commands about backups do. */
export interface BackupActions {
  readonly backupMake: OptionsAction;
  readonly backupCheck: ArgumentAction;
  readonly restore: ArgumentAction;
}

/** Adds `lienthong backup …` and `lienthong restore`. */
export function addBackupCommands(
  { backup: { help } }: Messages,
  group: (name: string, description: string) => Command,
  under: (parent: Command, usage: string, description: string, isDefault?: boolean) => Command,
  program: Command,
  actions: BackupActions,
): void {
  const backup = group("backup", help.group);
  // What the word alone asks for.
  under(backup, "make", help.make, true)
    .requiredOption("-o, --output <DIR>", help.output)
    .option("--keys <FILE>", help.keys)
    .action(actions.backupMake);
  under(backup, "check", help.check).argument("<DIR>", help.directory).action(actions.backupCheck);
  under(program, "restore", help.restore)
    .argument("<DIR>", help.directory)
    .option("--checkpoint <FILE...>", help.checkpoint)
    .option("--nothing-newer", help.nothingNewer)
    .option("--keys <FILE>", help.keysBack)
    .action(actions.restore);
}
