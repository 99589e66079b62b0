import { type Command, Option } from "commander";
import type { CommandActions } from "./command-actions.ts";
import * as words from "./contract-words.ts";
import type { EnumWords } from "./enum-words.ts";
import type { Messages } from "./messages/messages.ts";

/** Makes a command under another. */
export type Under = (parent: Command, usage: string, description: string) => Command;

const repeat = (value: string, earlier: string[] | undefined) => [...(earlier ?? []), value];

/** An option that takes a word of the contract; the command itself says what a wrong one is, with the meaning of the right ones. */
function wordOption(flags: string, description: string, { words: allowed }: EnumWords): Option {
  const option = new Option(flags, description.replace("{words}", allowed.join(", ")));
  option.argChoices = [...allowed];
  return option;
}

/** The commands about one dossier: what is said about it, and what is read of it. */
export function addDossierCommands(
  dossier: Command,
  under: Under,
  { help, check }: Pick<Messages, "help" | "check">,
  actions: CommandActions,
): void {
  const onDossier = (name: string, description: string): Command =>
    under(dossier, name, description).argument("<CODE>", help.dossierCode);
  const onBranch = (name: string, description: string): Command =>
    onDossier(name, description).option("--branch <BRANCH>", help.branch);
  const reasonOf = (allowed: EnumWords, flags = "--reason <REASON>", description = help.reason) =>
    wordOption(flags, description, allowed);
  const outcome = () => wordOption("--outcome <OUTCOME>", help.outcome, words.outcomeWords);
  const channel = (description: string) =>
    wordOption("--channel <CHANNEL>", description, words.channelWords).default("in-person");

  onDossier("open", help.dossierOpen)
    .requiredOption("--procedure <PROCEDURE>", help.procedureArgument)
    .option("--area <AREA>", help.area)
    .option("--route <ROUTE>", help.routeOption)
    .option("--step <STEP>", help.stepStart)
    .addOption(channel(help.channelIn))
    .option("--received <TIME>", help.received)
    .option("--choose <EDGE>", help.choose, repeat)
    .option("--applicant <FILE>", check.help.applicant)
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierOpen);
  onBranch("forward", help.dossierForward)
    .option("--edge <EDGE>", help.edgeWithReceiver, repeat)
    .option("--to <RECEIVER>", help.to, repeat)
    .option("--copy <AGENCY>", help.copy, repeat)
    .option("--until <DATE>", help.untilForward)
    .option("--document <ID>", help.document, repeat)
    .action(actions.dossierForward);
  onBranch("acknowledge", help.dossierAcknowledge).action(actions.dossierAcknowledge);
  onBranch("refuse", help.dossierRefuse)
    .addOption(reasonOf(words.refusalReasonWords).makeOptionMandatory())
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierRefuse);
  onBranch("recall", help.dossierRecall)
    .addOption(reasonOf(words.recallReasonWords, "--reason <REASON>", help.recallReason))
    .option("--agree", help.recallAgree)
    .addOption(reasonOf(words.recallRefusalWords, "--decline <REASON>", help.recallDecline))
    .action(actions.dossierRecall);
  onBranch("complete", help.dossierComplete)
    .addOption(outcome().default("done"))
    .option("--result-to <AGENCY>", help.resultTo, repeat)
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierComplete);
  onDossier("join", help.dossierJoin).option("--into <BRANCH>", help.into).action(actions.dossierJoin);
  onBranch("consult", help.dossierConsult)
    .addOption(new Option("--edge <EDGE>", help.edgeConsult).argParser(repeat).makeOptionMandatory())
    .option("--lead <AGENCY>", help.lead)
    .option("--until <DATE>", help.untilConsult)
    .option("--document <ID>", help.document, repeat)
    .action(actions.dossierConsult);
  onBranch("supplement", help.dossierSupplement)
    .option("--request <KIND...>", help.supplementRequest)
    .option("--bring", help.supplementBring)
    .addOption(reasonOf(words.supplementReasonWords).default("paper-missing"))
    .option("--until <DATE>", help.untilSupplement)
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierSupplement);
  onBranch("pay", help.dossierPay)
    .option("--pause", help.payPause)
    .option("--proof <FILE>", help.payProof)
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierPay);
  onBranch("pause", help.dossierPause)
    .addOption(reasonOf(words.pauseReasonWords).makeOptionMandatory())
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierPause);
  onBranch("resume", help.dossierResume)
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierResume);
  onBranch("extend", help.dossierExtend)
    .requiredOption("--until <DATE>", help.untilExtend)
    .addOption(reasonOf(words.extensionReasonWords).makeOptionMandatory())
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierExtend);
  onBranch("assign", help.dossierAssign)
    .requiredOption("--unit <UNIT>", help.unitOption)
    .option("--officer <REF>", help.officer)
    .option("--internal-step <N>", help.internalStep)
    .action(actions.dossierAssign);
  onBranch("return", help.dossierReturn)
    .addOption(outcome().makeOptionMandatory())
    .addOption(channel(help.channelOut))
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierReturn);
  onDossier("withdraw", help.dossierWithdraw)
    .addOption(reasonOf(words.withdrawalReasonWords).default("by-applicant"))
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierWithdraw);
  onBranch("stop", help.dossierStop)
    .addOption(reasonOf(words.stopReasonWords).makeOptionMandatory())
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierStop);
  onDossier("erase", help.dossierErase)
    .addOption(reasonOf(words.erasureReasonWords).makeOptionMandatory())
    .option("--document <ID>", help.documentPlain, repeat)
    .action(actions.dossierErase);
  onDossier("check", check.help.check)
    .requiredOption("--salt <FILE>", check.help.salt)
    .option("--file <FILE>", check.help.file)
    .action(actions.dossierCheck);
  onDossier("show", help.dossierShow).action(actions.dossierShow);
  onDossier("trail", help.dossierTrail).action(actions.dossierTrail);
}

/** The commands about documents. */
export function addDocumentCommands(
  document: Command,
  under: Under,
  { help }: Pick<Messages, "help">,
  actions: CommandActions,
): void {
  under(document, "put", help.documentPut)
    .argument("<FILE>", help.documentFile)
    .requiredOption("--dossier <CODE>", help.documentDossier)
    .requiredOption("--kind <KIND>", help.documentKind)
    .option("--type <TYPE>", help.documentType)
    .action(actions.documentPut);
  under(document, "get", help.documentGet)
    .argument("<ID>", help.documentId)
    .requiredOption("--dossier <CODE>", help.dossierCode)
    .option("-o, --output <FILE>", help.documentOutput)
    .action(actions.documentGet);
  under(document, "list", help.documentList)
    .requiredOption("--dossier <CODE>", help.dossierCode)
    .action(actions.documentList);
}
