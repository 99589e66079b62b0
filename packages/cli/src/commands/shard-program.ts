import type { Command } from "commander";
import type { ArgumentAction, OptionsAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the commands about shards do. */
export interface ShardActions {
  readonly shardList: OptionsAction;
  readonly shardOpen: ArgumentAction;
  readonly shardClose: ArgumentAction;
}

/** Adds `lienthong shard …`. */
export function addShardCommands(
  { shard: { help } }: Messages,
  group: (name: string, description: string) => Command,
  under: (parent: Command, usage: string, description: string) => Command,
  actions: ShardActions,
): void {
  const repeat = (value: string, earlier: string[] | undefined) => [...(earlier ?? []), value];
  const shard = group("shard", help.group);
  under(shard, "list", help.list).action(actions.shardList);
  under(shard, "open", help.open)
    .argument("<NAME>", help.name)
    .requiredOption("--registrar-key <FILE>", help.registrarKey)
    .option("--origin <ORIGIN>", help.origin)
    .option("--area <AREA>", help.area, repeat)
    .option("--promise-hours <HOURS>", help.promiseHours, "24")
    .option("--close <NAME>", help.closes)
    .action(actions.shardOpen);
  under(shard, "close", help.close)
    .argument("<NAME>", help.name)
    .requiredOption("--registrar-key <FILE>", help.registrarKey)
    .action(actions.shardClose);
}
