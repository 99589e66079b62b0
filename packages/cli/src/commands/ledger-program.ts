import type { Command } from "commander";
import type { ArgumentAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the commands about the logs do. */
export interface LedgerActions {
  readonly ledgerFsck: ArgumentAction;
  readonly ledgerRepair: ArgumentAction;
  readonly ledgerCheckpoint: ArgumentAction;
  readonly ledgerReceipt: ArgumentAction;
}

/** Adds `lienthong ledger …`. */
export function addLedgerCommands(
  { ledger: { help } }: Messages,
  group: (name: string, description: string) => Command,
  under: (parent: Command, usage: string, description: string) => Command,
  actions: LedgerActions,
): void {
  const ledger = group("ledger", help.group);
  under(ledger, "fsck", help.fsck).argument("[LOG]", help.log).action(actions.ledgerFsck);
  under(ledger, "repair", help.repair)
    .argument("[LOG]", help.log)
    .option("--stream", help.stream)
    .action(actions.ledgerRepair);
  under(ledger, "checkpoint", help.checkpoint).argument("[LOG]", help.log).action(actions.ledgerCheckpoint);
  under(ledger, "receipt", help.receipt)
    .argument("<CODE>", help.code)
    .option("--event <N>", help.event)
    .option("--level <LEVEL>", help.level, "sealed")
    .option("--wait <SECONDS>", help.wait, "10")
    .option("-o, --output <FILE>", help.output)
    .action(actions.ledgerReceipt);
}
