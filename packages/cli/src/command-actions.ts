import type { Command } from "commander";
import type { EnrolmentActions } from "./commands/agency-program.ts";
import type { AuditActions } from "./commands/audit-program.ts";
import type { BackupActions } from "./commands/backup-program.ts";
import type { LedgerActions } from "./commands/ledger-program.ts";
import type { ShardActions } from "./commands/shard-program.ts";
import type { VerifyActions } from "./commands/verify-program.ts";
import type { WitnessActions } from "./commands/witness-program.ts";

/** What each command does. Commander hands over its arguments, then the options, then the command itself. */
export interface CommandActions
  extends AuditActions,
    BackupActions,
    EnrolmentActions,
    LedgerActions,
    ShardActions,
    VerifyActions,
    WitnessActions {
  readonly up: OptionsAction;
  readonly serve: ArgumentAction;
  readonly agencyList: OptionsAction;
  readonly agencyShow: ArgumentAction;
  readonly procedureList: OptionsAction;
  readonly procedureShow: ArgumentAction;
  readonly routeCheck: ArgumentAction;
  readonly dossierOpen: ArgumentAction;
  readonly dossierForward: ArgumentAction;
  readonly dossierConsult: ArgumentAction;
  readonly dossierAcknowledge: ArgumentAction;
  readonly dossierRefuse: ArgumentAction;
  readonly dossierComplete: ArgumentAction;
  readonly dossierJoin: ArgumentAction;
  readonly dossierReturn: ArgumentAction;
  readonly dossierRecall: ArgumentAction;
  readonly dossierSupplement: ArgumentAction;
  readonly dossierPause: ArgumentAction;
  readonly dossierResume: ArgumentAction;
  readonly dossierPay: ArgumentAction;
  readonly dossierExtend: ArgumentAction;
  readonly dossierAssign: ArgumentAction;
  readonly dossierWithdraw: ArgumentAction;
  readonly dossierStop: ArgumentAction;
  readonly dossierErase: ArgumentAction;
  readonly dossierCheck: ArgumentAction;
  readonly dossierShow: ArgumentAction;
  readonly dossierTrail: ArgumentAction;
  readonly documentPut: ArgumentAction;
  readonly documentGet: ArgumentAction;
  readonly documentList: OptionsAction;
  readonly inboxWatch: OptionsAction;
  readonly completion: ArgumentAction;
  readonly complete: WordsAction;
}

// Commander gives what the options declared in program.ts make of it; each command's options type says what that is.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type OptionsAction = (options: any, command: Command) => Promise<void>;
// biome-ignore lint/suspicious/noExplicitAny: see above
export type ArgumentAction = (argument: string, options: any, command: Command) => Promise<void>;
// biome-ignore lint/suspicious/noExplicitAny: see above
export type WordsAction = (words: string[], options: any, command: Command) => Promise<void>;
