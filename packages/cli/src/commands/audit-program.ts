import type { Command } from "commander";
import type { ArgumentAction, OptionsAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the commands of auditors do. */
export interface AuditActions {
  readonly auditTrail: ArgumentAction;
  readonly auditHoldings: ArgumentAction;
  readonly auditWaiting: ArgumentAction;
  readonly auditHandoffs: OptionsAction;
  readonly auditTimes: OptionsAction;
  readonly auditFind: ArgumentAction;
  readonly auditAccesses: OptionsAction;
  readonly auditRebuild: OptionsAction;
  readonly auditStatus: OptionsAction;
}

/** Adds `lienthong audit …`. */
export function addAuditCommands(
  { audit: { help } }: Messages,
  group: (name: string, description: string) => Command,
  under: (parent: Command, usage: string, description: string) => Command,
  actions: AuditActions,
): void {
  const repeat = (value: string, earlier: string[] | undefined) => [...(earlier ?? []), value];
  const listed = (command: Command): Command => command.option("--csv", help.csv).option("--count <N>", help.count);
  const filtered = (command: Command): Command =>
    command
      .option("--shard <SHARD>", help.shard)
      .option("--dossier <CODE>", help.dossier)
      .option("--agency <AGENCY>", help.agency)
      .option("--from-agency <AGENCY>", help.fromAgency)
      .option("--to-agency <AGENCY>", help.toAgency)
      .option("--unit <UNIT>", help.unit)
      .option("--procedure <PROCEDURE>", help.procedure)
      .option("--level <LEVEL>", help.level)
      .option("--step <STEP>", help.step)
      .option("--from <TIME>", help.from)
      .option("--until <TIME>", help.until)
      .option("--wall", help.wall)
      .option("--outcome <OUTCOME>", help.outcome, repeat)
      .option("--late", help.late);

  const audit = group("audit", help.group);
  listed(under(audit, "trail", help.trail).argument("<CODE>", help.code).option("--shard <SHARD>", help.shard)).action(
    actions.auditTrail,
  );
  listed(
    under(audit, "holdings", help.holdings)
      .argument("<AGENCY>", help.holder)
      .option("--unit <UNIT>", help.unit)
      .option("--shard <SHARD>", help.shard)
      .option("--procedure <PROCEDURE>", help.procedure)
      .option("--at <TIME>", help.at),
  ).action(actions.auditHoldings);
  listed(
    under(audit, "waiting", help.waiting)
      .argument("[AGENCY]", help.receiver)
      .option("--shard <SHARD>", help.shard)
      .option("--unit <UNIT>", help.unit)
      .option("--procedure <PROCEDURE>", help.procedure)
      .option("--longer-than <HOURS>", help.longerThan),
  ).action(actions.auditWaiting);
  listed(filtered(under(audit, "handoffs", help.handoffs))).action(actions.auditHandoffs);
  listed(
    filtered(under(audit, "times", help.times))
      .option("--measure <MEASURE>", help.measure, "receipt")
      .option("--by <GROUP>", help.by)
      .option("--clock <CLOCK>", help.clock, "legal"),
  ).action(actions.auditTimes);
  listed(under(audit, "find", help.find).argument("<ID>", help.id)).action(actions.auditFind);
  listed(under(audit, "accesses", help.accesses).option("--by <AGENCY>", help.byAgency)).action(actions.auditAccesses);
  under(audit, "rebuild", help.rebuild).option("--compare", help.compare).action(actions.auditRebuild);
  under(audit, "status", help.status).action(actions.auditStatus);
}
