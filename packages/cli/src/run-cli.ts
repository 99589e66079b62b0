import { BusCallError } from "@lienthong/client";
import { type Command, CommanderError } from "commander";
import { isAlive, readRunFile } from "./bus/run-file.ts";
import type { CliIo } from "./cli-io.ts";
import { columnsWithoutTerminal } from "./cli-io.ts";
import type { CommandActions } from "./command-actions.ts";
import { type CommandContext, createContext, type GlobalOptions } from "./command-context.ts";
import { agencyList, agencyShow } from "./commands/agency.ts";
import { dossierForward } from "./commands/dossier-forward.ts";
import { dossierOpen } from "./commands/dossier-open.ts";
import { dossierShow, dossierTrail } from "./commands/dossier-read.ts";
import {
  dossierAcknowledge,
  dossierComplete,
  dossierJoin,
  dossierRefuse,
  dossierReturn,
} from "./commands/dossier-statements.ts";
import { inboxWatch } from "./commands/inbox-watch.ts";
import { wholeNumber } from "./commands/option-values.ts";
import { procedureList, procedureShow } from "./commands/procedure.ts";
import { routeCheck } from "./commands/route-check.ts";
import { CliError, EXIT, type ExitCode, usageError } from "./exit-codes.ts";
import { type Language, languageOf, messagesIn } from "./messages/language.ts";
import { buildProgram } from "./program.ts";
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
  const withArgument =
    <Options>(work: (context: CommandContext, argument: string, options: Options) => Promise<void>) =>
    (argument: string, options: Options, command: Command) =>
      interruptible(command, (context) => orInterrupted(work(context, argument, options), ending.signal));
  const withOptions =
    <Options>(work: (context: CommandContext, options: Options) => Promise<void>) =>
    (options: Options, command: Command) =>
      interruptible(command, (context) => orInterrupted(work(context, options), ending.signal));

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
    async serve(service, _options, command) {
      const serveOptions: ServeOptions = runOptions(contextOf(command), io, language);
      const { runServe } = await import("./serve.ts");
      exitCode = await runServe(service, serveOptions);
    },
    agencyList: withOptions(agencyList),
    agencyShow: withArgument(agencyShow),
    procedureList: withOptions(procedureList),
    procedureShow: withArgument(procedureShow),
    routeCheck: withArgument(routeCheck),
    dossierOpen: withArgument(dossierOpen),
    dossierForward: withArgument(dossierForward),
    dossierAcknowledge: withArgument(dossierAcknowledge),
    dossierRefuse: withArgument(dossierRefuse),
    dossierComplete: withArgument(dossierComplete),
    dossierJoin: withArgument(dossierJoin),
    dossierReturn: withArgument(dossierReturn),
    dossierShow: withArgument(dossierShow),
    dossierTrail: withArgument(dossierTrail),
    inboxWatch: (options, command) => interruptible(command, (context) => inboxWatch(context, options)),
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
      const { reason = null, field = null } = thrown instanceof BusCallError ? thrown : {};
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
  if (thrown instanceof BusCallError) {
    if (thrown.reason === null) {
      return { exitCode: EXIT.unreachable, message: await unreachableSentence(thrown, data, language) };
    }
    const sentence = language === "en" ? thrown.message : (thrown.localizedMessages.vi ?? thrown.message);
    const hint = messages.hints[thrown.reason];
    const refused = messages.bus.refused(sentence, thrown.reason, thrown.field);
    return {
      exitCode: thrown.retry === "terminal" ? EXIT.refused : EXIT.unreachable,
      message: hint === undefined ? refused : `${refused}\n${hint}`,
    };
  }
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { exitCode: EXIT.fault, message: messages.bus.fault(what) };
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
