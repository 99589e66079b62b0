import type { Command } from "commander";
import type { OptionsAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the command of witnesses does. */
export interface WitnessActions {
  readonly witness: OptionsAction;
}

/** Adds `lienthong witness`. */
export function addWitnessCommand(
  program: Command,
  { witness: { help } }: Messages,
  under: (parent: Command, usage: string, description: string) => Command,
  actions: WitnessActions,
): void {
  under(program, "witness", help.command)
    .requiredOption("--log <VKEY...>", help.log)
    .option("--name <NAME>", help.name)
    .option("--host <HOST>", help.host, "127.0.0.1")
    .option("--port <N>", help.port, "4380")
    .action(actions.witness);
}
