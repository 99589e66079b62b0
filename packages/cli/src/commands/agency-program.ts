import type { Command } from "commander";
import type { ArgumentAction, OptionsAction } from "../command-actions.ts";
import type { Messages } from "../messages/messages.ts";

/** What the commands of enrolment do. */
export interface EnrolmentActions {
  readonly agencyRequest: OptionsAction;
  readonly agencyApprove: ArgumentAction;
  readonly agencyInstall: ArgumentAction;
  readonly agencyRenew: OptionsAction;
  readonly agencyRotate: OptionsAction;
  readonly agencyRevoke: ArgumentAction;
  readonly agencyKeysList: OptionsAction;
  readonly agencyKeysWatch: OptionsAction;
}

/** Adds the commands of enrolment to `lienthong agency`. */
export function addEnrolmentCommands(
  agency: Command,
  { enrolment: { help } }: Messages,
  under: (parent: Command, usage: string, description: string) => Command,
  actions: EnrolmentActions,
): void {
  const repeat = (value: string, earlier: string[] | undefined) => [...(earlier ?? []), value];
  const atAgency = (usage: string, description: string): Command =>
    under(agency, usage, description)
      .requiredOption("--agency <AGENCY>", help.agencyOption)
      .requiredOption("--out <DIR>", help.outFolder)
      .option("--network <HASH>", help.network);

  // `--system` is an option of every command, so its value arrives there; named here for the help.
  atAgency("request", help.request)
    .option("--system <SYSTEM>", help.ownSystem)
    .option("--system-name <NAME>", help.systemName)
    .option("--delegate-to <SYSTEM>", help.delegateTo, repeat)
    .option("--end-delegation <SYSTEM>", help.endDelegation, repeat)
    .option("--algorithm <KIND>", help.algorithm, "ed25519")
    .action(actions.agencyRequest);
  atAgency("rotate", help.rotate).option("--algorithm <KIND>", help.algorithm, "ed25519").action(actions.agencyRotate);
  atAgency("renew", help.renew)
    .option("--system <SYSTEM>", help.renewSystem)
    .option("--new-key", help.newKey)
    .action(actions.agencyRenew);
  under(agency, "install", help.install)
    .argument("<APPROVAL>", help.approvalArgument)
    .requiredOption("--out <DIR>", help.outFolder)
    .action(actions.agencyInstall);

  under(agency, "approve", help.approve)
    .argument("<REQUEST>", help.requestFile)
    .option("--registrar-key <FILE>", help.registrarKey)
    .option("--fingerprint <FINGERPRINT>", help.fingerprint)
    .option("--out <FILE>", help.approvalFile)
    .option("--lost <KEY>", help.lost)
    .option("--doubted-since <TIME>", help.doubtedSince)
    .option("--additional", help.additional)
    .option("--revoke-replaced", help.revokeReplaced)
    .option("--only-this-tls-key", help.onlyThisTlsKey)
    .option("--authority <DIR>", help.authority)
    .option("--registry-address <ADDRESS>", help.registryAddress)
    .option("--exchange-address <ADDRESS>", help.exchangeAddress)
    .option("--documents-address <ADDRESS>", help.documentsAddress)
    .action(actions.agencyApprove);
  under(agency, "revoke", help.revoke)
    .argument("<KEY>", help.revokeArgument)
    .option("--registrar-key <FILE>", help.registrarKey)
    .option("--reason <REASON>", help.reason)
    .option("--doubted-since <TIME>", help.doubtedSince)
    .action(actions.agencyRevoke);

  const keys = under(agency, "keys", help.keys);
  under(keys, "list", help.keysList)
    .requiredOption("--agency <AGENCY>", help.agencyOption)
    .action(actions.agencyKeysList);
  under(keys, "watch", help.keysWatch)
    .requiredOption("--agency <AGENCY>", help.agencyOption)
    .option("--network <HASH>", help.network)
    .option("--count <N>", help.count)
    .action(actions.agencyKeysWatch);
}
