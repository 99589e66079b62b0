import { Argument, Command } from "commander";
import type { CommandActions } from "./command-actions.ts";
import { addEnrolmentCommands } from "./commands/agency-program.ts";
import { addAuditCommands } from "./commands/audit-program.ts";
import { addBackupCommands } from "./commands/backup-program.ts";
import { addLedgerCommands } from "./commands/ledger-program.ts";
import { addShardCommands } from "./commands/shard-program.ts";
import { addVerifyCommands } from "./commands/verify-program.ts";
import { addWitnessCommand } from "./commands/witness-program.ts";
import { shells } from "./completion/completion-scripts.ts";
import { examples } from "./examples.ts";
import type { Language } from "./messages/language.ts";
import { messagesIn } from "./messages/language.ts";
import { addDocumentCommands, addDossierCommands } from "./program-dossier.ts";

/** Builds the command line in one language. What a command does is given; so is the data folder where none is named. */
export function buildProgram(language: Language, dataDefault: string, actions: CommandActions): Command {
  const { help } = messagesIn(language);
  const program = new Command("lienthong");

  const describe = (command: Command, description: string): Command => {
    const lines = examples[commandPath(command)] ?? [];
    command.description(description).helpOption("-h, --help", help.helpOption).helpCommand(false).exitOverride();
    command.configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => help.headings[title] ?? title,
      optionDescription: ({ description, defaultValue }) =>
        typeof defaultValue === "string" ? `${description} (${help.default(defaultValue)})` : description,
    });
    if (lines.length > 0) {
      command.addHelpText("before", `${help.examples}\n${lines.map((line) => `  ${line}`).join("\n")}\n`);
    }
    return command;
  };
  const group = (name: string, description: string): Command => describe(program.command(name), description);
  const under = (parent: Command, usage: string, description: string, isDefault = false): Command =>
    describe(parent.command(usage, { isDefault }), description);

  describe(program, help.program)
    .option("--data <DIR>", help.data, dataDefault)
    .option("--as <AGENCY>", help.as)
    .option("--key <FILE>", help.key)
    .option("--system <SYSTEM>", help.system)
    .option("--json", help.json)
    .option("--no-color", help.noColor)
    .option("--lang <LANG>", help.lang);

  under(program, "up", help.up)
    .option("--dossiers <N>", help.upDossiers, "200")
    .option("--scenario <NAME>", help.upScenario, "hanoi")
    .action(actions.up);
  under(program, "serve", help.serve)
    .argument("<SERVICE>", help.serveService)
    .option("--http-port <N>", help.httpPort)
    .option("--http-host <HOST>", help.httpHost)
    .option("--http-cert <FILE>", help.httpCert)
    .option("--http-key <FILE>", help.httpKey)
    .option("--http-ca <FILE>", help.httpCa)
    .action(actions.serve);

  const agency = group("agency", help.agency);
  under(agency, "list", help.agencyList)
    .option("--level <LEVEL>", help.agencyLevel)
    .option("--on <DAY>", help.agencyOn)
    .option("--name <TEXT>", help.agencyName)
    .action(actions.agencyList);
  under(agency, "show", help.agencyShow).argument("<AGENCY>", help.agencyId).action(actions.agencyShow);
  addEnrolmentCommands(agency, messagesIn(language), under, actions);
  addShardCommands(messagesIn(language), group, under, actions);
  addLedgerCommands(messagesIn(language), group, under, actions);
  addBackupCommands(messagesIn(language), group, under, program, actions);

  addAuditCommands(messagesIn(language), group, under, actions);

  const procedure = group("procedure", help.procedure);
  under(procedure, "list", help.procedureList)
    .option("--with-route", help.procedureWithRoute)
    .action(actions.procedureList);
  under(procedure, "show", help.procedureShow)
    .argument("<PROCEDURE>", help.procedureArgument)
    .action(actions.procedureShow);

  const route = group("route", help.route);
  under(route, "check", help.routeCheck)
    .argument("<FILE>", help.routeFile)
    .option("--svg <OUT>", help.routeSvg)
    .action(actions.routeCheck);

  const dossier = group("dossier", help.dossier);
  addDossierCommands(dossier, under, messagesIn(language), actions);
  addVerifyCommands(program, dossier, messagesIn(language), under, actions);
  addWitnessCommand(program, messagesIn(language), under, actions);

  addDocumentCommands(group("document", help.document_), under, { help }, actions);

  const inbox = group("inbox", help.inbox);
  under(inbox, "watch", help.inboxWatch)
    .option("--subscription <NAME>", help.subscription, "watch")
    .option("--settle", help.settle)
    .option("--from <INDEX>", help.from)
    .option("--count <N>", help.count)
    .action(actions.inboxWatch);

  under(program, "completion", help.completion)
    .addArgument(new Argument("<SHELL>", help.completionShell).choices(shells))
    .action(actions.completion);
  // What the printed scripts ask; not for people.
  describe(program.command("complete", { hidden: true }), help.completion)
    .argument("[WORDS...]", help.completionShell)
    .action(actions.complete);
  return program;
}

/** "dossier open" of the command under the program; empty for the program itself. */
export function commandPath(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}
