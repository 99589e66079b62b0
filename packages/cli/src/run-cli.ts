import { isAlive } from "@lienthong/chassis/process-alive";
import type { BusCallError } from "@lienthong/client";
import { type Command, CommanderError } from "commander";
import { readRunFile } from "./bus/run-file.ts";
import type { CliIo } from "./cli-io.ts";
import { columnsWithoutTerminal } from "./cli-io.ts";
import type { CommandActions } from "./command-actions.ts";
import { type CommandContext, createContext, type GlobalOptions } from "./command-context.ts";
import { wholeNumber } from "./commands/option-values.ts";
import { CliError, EXIT, type ExitCode, usageError } from "./exit-codes.ts";
import { type Language, languageOf, messagesIn } from "./messages/language.ts";
import { buildProgram } from "./program.ts";
import { refusalSentence } from "./refusal-sentence.ts";
import type { RunOptions, ServeOptions, UpOptions } from "./run-options.ts";
import { usageSentence } from "./usage-sentence.ts";

/** Runs one command line (without "node" and the script) and gives the exit code. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const language = languageOf(argv, io.env);
  const ending = new AbortController();
  let stopListening = () => {};
  let exitCode: number = EXIT.ok;

  const contextOf = (command: Command): CommandContext =>
    createContext(io, command.optsWithGlobals<GlobalOptions>(), language, ending.signal);
  /** Commands that end by themselves; an interrupt aborts what they wait for. */
  const interruptible = async (command: Command, work: (context: CommandContext) => Promise<void>): Promise<void> => {
    stopListening = io.onInterrupt(() =>
      ending.abort(new CliError(EXIT.interrupted, messagesIn(language).bus.interrupted)),
    );
    const context = contextOf(command);
    const { lang } = command.optsWithGlobals<{ lang?: string }>();
    if (lang !== undefined && lang !== "vi" && lang !== "en") {
      throw usageError(context.messages.usage.valueNotAllowed("--lang", lang, "vi, en"));
    }
    // `inbox watch` listens to the signal and ends well by it; for the others it is the end of waiting.
    await work(context);
  };
  // What a command needs is loaded when it runs: help, usage errors and completion do without the whole client.
  const withArgument =
    <Options>(load: () => Promise<(context: CommandContext, argument: string, options: Options) => Promise<void>>) =>
    (argument: string, options: Options, command: Command) =>
      interruptible(command, async (context) => {
        const work = await load();
        await orInterrupted(work(context, argument, options), ending.signal);
      });
  const withOptions =
    <Options>(load: () => Promise<(context: CommandContext, options: Options) => Promise<void>>) =>
    (options: Options, command: Command) =>
      interruptible(command, async (context) => {
        const work = await load();
        await orInterrupted(work(context, options), ending.signal);
      });
  const agency = () => import("./commands/agency.ts");
  const audit = () => import("./commands/audit.ts");
  const enrolment = () => import("./commands/agency-request.ts");
  const shards = () => import("./commands/shard.ts");
  const keys = () => import("./commands/agency-keys.ts");
  const procedure = () => import("./commands/procedure.ts");
  const statements = () => import("./commands/dossier-statements.ts");
  const reading = () => import("./commands/dossier-read.ts");
  const recall = () => import("./commands/dossier-recall.ts");
  const waiting = () => import("./commands/dossier-waiting.ts");
  const changes = () => import("./commands/dossier-changes.ts");
  const ends = () => import("./commands/dossier-ends.ts");
  const documents = () => import("./commands/document.ts");

  const actions: CommandActions = {
    async up(options: { dossiers: string; scenario: string }, command) {
      const { messages } = contextOf(command);
      const upOptions: UpOptions = {
        ...runOptions(contextOf(command), io, language),
        dossiers: wholeNumber("--dossiers", options.dossiers, messages),
        scenario: options.scenario,
      };
      // Loaded when asked for: all the other commands do without the servers.
      const { runUp } = await import("./up.ts");
      exitCode = await runUp(upOptions);
    },
    async serve(service, http: Record<string, string | undefined>, command) {
      const serveOptions: ServeOptions = { ...runOptions(contextOf(command), io, language), http };
      const { runServe } = await import("./serve.ts");
      exitCode = await runServe(service, serveOptions);
    },
    agencyList: withOptions(async () => (await agency()).agencyList),
    agencyShow: withArgument(async () => (await agency()).agencyShow),
    auditTrail: withArgument(async () => (await audit()).auditTrail),
    auditHoldings: withArgument(async () => (await audit()).auditHoldings),
    auditWaiting: withArgument(async () => (await audit()).auditWaiting),
    auditHandoffs: withOptions(async () => (await audit()).auditHandoffs),
    auditTimes: withOptions(async () => (await audit()).auditTimes),
    auditFind: withArgument(async () => (await audit()).auditFind),
    auditAccesses: withOptions(async () => (await audit()).auditAccesses),
    auditRebuild: withOptions(async () => (await audit()).auditRebuild),
    auditStatus: withOptions(async () => (await audit()).auditStatus),
    shardList: withOptions(async () => (await shards()).shardList),
    shardOpen: withArgument(async () => (await shards()).shardOpen),
    shardClose: withArgument(async () => (await shards()).shardClose),
    agencyRequest: withOptions(async () => (await enrolment()).agencyRequest),
    agencyRotate: withOptions(async () => (await enrolment()).agencyRotate),
    agencyRenew: withOptions(async () => (await enrolment()).agencyRenew),
    agencyApprove: withArgument(async () => (await import("./commands/agency-approve.ts")).agencyApprove),
    agencyInstall: withArgument(async () => (await import("./commands/agency-install.ts")).agencyInstall),
    agencyRevoke: withArgument(async () => (await import("./commands/agency-revoke.ts")).agencyRevoke),
    agencyKeysList: withOptions(async () => (await keys()).agencyKeysList),
    agencyKeysWatch: (options, command) =>
      interruptible(command, async (context) => (await keys()).agencyKeysWatch(context, options)),
    procedureList: withOptions(async () => (await procedure()).procedureList),
    procedureShow: withArgument(async () => (await procedure()).procedureShow),
    routeCheck: withArgument(async () => (await import("./commands/route-check.ts")).routeCheck),
    dossierOpen: withArgument(async () => (await import("./commands/dossier-open.ts")).dossierOpen),
    dossierForward: withArgument(async () => (await import("./commands/dossier-forward.ts")).dossierForward),
    dossierConsult: withArgument(async () => (await import("./commands/dossier-consult.ts")).dossierConsult),
    dossierAcknowledge: withArgument(async () => (await statements()).dossierAcknowledge),
    dossierRefuse: withArgument(async () => (await statements()).dossierRefuse),
    dossierComplete: withArgument(async () => (await statements()).dossierComplete),
    dossierJoin: withArgument(async () => (await statements()).dossierJoin),
    dossierReturn: withArgument(async () => (await statements()).dossierReturn),
    dossierRecall: withArgument(async () => (await recall()).dossierRecall),
    dossierSupplement: withArgument(async () => (await waiting()).dossierSupplement),
    dossierPause: withArgument(async () => (await waiting()).dossierPause),
    dossierResume: withArgument(async () => (await waiting()).dossierResume),
    dossierPay: withArgument(async () => (await waiting()).dossierPay),
    dossierExtend: withArgument(async () => (await changes()).dossierExtend),
    dossierAssign: withArgument(async () => (await changes()).dossierAssign),
    dossierWithdraw: withArgument(async () => (await ends()).dossierWithdraw),
    dossierStop: withArgument(async () => (await ends()).dossierStop),
    dossierErase: withArgument(async () => (await ends()).dossierErase),
    dossierCheck: withArgument(async () => (await import("./commands/dossier-check.ts")).dossierCheck),
    dossierBundle: withArgument(async () => (await import("./commands/bundle.ts")).dossierBundle),
    dossierPromise: withArgument(async () => (await import("./commands/bundle.ts")).dossierPromise),
    verify: withArgument(async () => (await import("./commands/verify.ts")).verify),
    witness: (options, command) =>
      interruptible(command, async (context) => {
        const { witness } = await import("./commands/witness.ts");
        await witness(context, options);
      }),
    backupMake: withOptions(async () => (await import("./commands/backup.ts")).backupMake),
    backupCheck: withArgument(async () => (await import("./commands/backup.ts")).backupCheck),
    restore: withArgument(async () => (await import("./commands/backup.ts")).restore),
    ledgerFsck: withArgument(async () => (await import("./commands/ledger.ts")).ledgerFsck),
    ledgerRepair: withArgument(async () => (await import("./commands/ledger.ts")).ledgerRepair),
    ledgerCheckpoint: withArgument(async () => (await import("./commands/ledger-reading.ts")).ledgerCheckpoint),
    ledgerReceipt: withArgument(async () => (await import("./commands/ledger-reading.ts")).ledgerReceipt),
    dossierShow: withArgument(async () => (await reading()).dossierShow),
    dossierTrail: withArgument(async () => (await reading()).dossierTrail),
    documentPut: withArgument(async () => (await documents()).documentPut),
    documentGet: withArgument(async () => (await documents()).documentGet),
    documentList: withOptions(async () => (await documents()).documentList),
    inboxWatch: (options, command) =>
      interruptible(command, async (context) => {
        const { inboxWatch } = await import("./commands/inbox-watch.ts");
        await inboxWatch(context, options);
      }),
    completion: withArgument(async () => (await import("./commands/completion.ts")).completion),
    async complete(words: string[], _options, command) {
      const { complete } = await import("./commands/completion.ts");
      await complete(contextOf(command), program, words);
    },
  };

  const program = buildProgram(language, io.env.LIENTHONG_DATA || ".lienthong", actions);
  configureOutput(program, io);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
    const json = argv.includes("--json");
    const data = program.opts<GlobalOptions>().data;
    const error = await endingOf(thrown, language, data);
    if (json) {
      const { reason = null, field = null } = isBusCallError(thrown) ? thrown : {};
      io.stderr.write(
        `${JSON.stringify({ error: { exitCode: error.exitCode, reason, field, message: error.message } })}\n`,
      );
    } else {
      io.stderr.write(`${error.message}\n`);
    }
    return error.exitCode;
  } finally {
    stopListening();
  }
}

function runOptions(context: CommandContext, io: CliIo, language: Language): RunOptions {
  return {
    dataDirectory: context.options.data,
    language,
    color: context.color,
    columns: io.columns ?? columnsWithoutTerminal,
    interactive: io.columns !== null,
  };
}

/** Waits no longer once the user interrupted; what was sent may still have its effect, and the statement's id makes that safe. */
function orInterrupted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** What the command ends with: a sentence and an exit code. */
async function endingOf(
  thrown: unknown,
  language: Language,
  data: string,
): Promise<{ exitCode: ExitCode; message: string }> {
  const messages = messagesIn(language);
  if (thrown instanceof CliError) return thrown;
  if (thrown instanceof CommanderError) return usageError(usageSentence(thrown, messages));
  if (isBusCallError(thrown)) {
    if (thrown.reason === null) {
      return { exitCode: EXIT.unreachable, message: await unreachableSentence(thrown, data, language) };
    }
    return {
      exitCode: thrown.retry === "terminal" ? EXIT.refused : EXIT.unreachable,
      message: await refusalSentence(thrown, language),
    };
  }
  if (isSettingsError(thrown)) return usageError(thrown.message);
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { exitCode: EXIT.fault, message: messages.bus.fault(what) };
}

/** Settings that do not hold, or a secret's file that others may read: the sentence says what to do. */
function isSettingsError(thrown: unknown): thrown is Error {
  return (
    thrown instanceof Error &&
    (thrown.name === "ConfigurationError" || (thrown as NodeJS.ErrnoException).code === "SECRET_EXPOSED")
  );
}

/** By its name: the class itself comes with the whole client. */
function isBusCallError(thrown: unknown): thrown is BusCallError {
  return thrown instanceof Error && thrown.name === "BusCallError";
}

async function unreachableSentence(error: BusCallError, data: string, language: Language): Promise<string> {
  const messages = messagesIn(language);
  try {
    const run = await readRunFile(data, messages);
    if (!isAlive(run.pid)) return messages.bus.gone(data, run.pid);
    return `${messages.bus.silent(`${run.registry}, ${run.exchange}`)} (${error.message})`;
  } catch (thrown) {
    return thrown instanceof CliError ? thrown.message : error.message;
  }
}

/** Help goes to stdout; usage errors are said by `runCli`, in the user's language. */
function configureOutput(command: Command, io: CliIo): void {
  command.configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    writeErr: (text) => void io.stderr.write(text),
    outputError: () => {},
    getOutHelpWidth: () => io.columns ?? columnsWithoutTerminal,
    getErrHelpWidth: () => io.columns ?? columnsWithoutTerminal,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  for (const child of command.commands) configureOutput(child, io);
}
