import type { Command } from "commander";
import type { ArgumentAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the commands that verify, and make what is verified, do. */
export interface VerifyActions {
  readonly verify: ArgumentAction;
  readonly dossierBundle: ArgumentAction;
  readonly dossierPromise: ArgumentAction;
}

/** Adds `lienthong verify`, `dossier bundle` and `dossier promise`. */
export function addVerifyCommands(
  program: Command,
  dossier: Command,
  { verify: { help }, help: { dossierCode } }: Messages,
  under: (parent: Command, usage: string, description: string) => Command,
  actions: VerifyActions,
): void {
  under(program, "verify", help.verify)
    .argument("<FILE>", help.file)
    .option("--policy <FILE>", help.policy)
    .option("--network <HASH>", help.network)
    .option("--since <FILE>", help.since)
    .option("--log <URL>", help.log)
    .option("--token <TOKEN>", help.token)
    .option("--evidence <FILE>", help.evidence)
    .action(actions.verify);
  under(dossier, "bundle", help.bundle)
    .argument("<CODE>", dossierCode)
    .requiredOption("-o, --output <FILE>", help.output)
    .option("--since <FILE>", help.bundleSince)
    .action(actions.dossierBundle);
  under(dossier, "promise", help.promise)
    .argument("<CODE>", dossierCode)
    .requiredOption("-o, --output <FILE>", help.output)
    .option("--event <N>", help.event)
    .option("--outbox <FILE>", help.outbox)
    .action(actions.dossierPromise);
}
