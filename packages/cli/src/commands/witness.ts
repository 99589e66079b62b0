import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { createLogger } from "@lienthong/chassis";
import { parseVerifierKey, TlogFormatError, type VerifierKey } from "@lienthong/tlog";
import {
  openWitnessFolder,
  openWitnessKey,
  type ServedWitness,
  serveWitness,
  WitnessError,
  type WitnessReport,
} from "@lienthong/witness";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { wholeNumber } from "./option-values.ts";

/** Options of `witness`. */
export interface WitnessOptions {
  readonly log: readonly string[];
  readonly name?: string;
  readonly host: string;
  readonly port: string;
}

const portMax = 65_535;
const drainMs = 5_000;

/** `witness`: makes its key on first start, prints its verifier key, and cosigns until it is interrupted, which is its way to end well. */
export async function witness(context: CommandContext, options: WitnessOptions): Promise<void> {
  const { witness: text } = context.messages;
  const port = wholeNumber("--port", options.port, context.messages);
  if (port > portMax) throw usageError(text.portWrong(options.port));
  const logs = options.log.map((vkey) => logKey(context, vkey));
  let served: ServedWitness;
  try {
    served = await start(context, options, logs, port);
  } catch (error) {
    if (!(error instanceof WitnessError)) throw error;
    throw new CliError(exitOf(error), text.errorSentence(error), { cause: error });
  }
  const origins = [...new Set(logs.map((log) => log.name))];
  const name = served.vkey.slice(0, served.vkey.indexOf("+"));
  if (context.json) {
    context.printJson({ name, vkey: served.vkey, url: served.url, logs: origins });
  } else {
    context.print(served.vkey);
    context.talk(text.serving(served.url, origins.join(", ")));
    context.talk(text.policyLine);
    // Not wrapped: it is there to be copied.
    context.progress.write(`witness ${policyName(name)} ${served.vkey} ${served.url}\n`);
  }
  await new Promise<void>((done) => {
    if (context.signal.aborted) done();
    else context.signal.addEventListener("abort", () => done(), { once: true });
  });
  await served.close(drainMs);
  context.talk(text.ended);
}

async function start(
  context: CommandContext,
  options: WitnessOptions,
  logs: readonly VerifierKey[],
  port: number,
): Promise<ServedWitness> {
  const data = resolve(context.options.data);
  const folder = join(data, "witness");
  const keyFile = context.options.key ?? join(folder, "witness.key");
  const signer = await openWitnessKey(keyFile, options.name ?? null, `${hostname()}/witness`);
  return serveWitness({
    state: await openWitnessFolder(folder),
    signer,
    logs,
    host: options.host,
    port,
    logger: createLogger({ service: "witness", destination: join(data, "logs", "witness.log") }),
    report: (event) => tell(context, event),
  });
}

function logKey(context: CommandContext, vkey: string): VerifierKey {
  try {
    return parseVerifierKey(vkey);
  } catch (error) {
    if (!(error instanceof TlogFormatError)) throw error;
    throw usageError(context.messages.witness.logWrong(vkey, error.message));
  }
}

/** A log that forks is the thing a witness is there for: whoever watches it should see that at once. */
function tell(context: CommandContext, { kind, origin, size, message, fork }: WitnessReport): void {
  const { witness: text } = context.messages;
  if (context.json) context.printJson({ event: kind, origin, size, fork: fork ?? null, message });
  else if (kind === "forked") context.talk(text.forked(origin, size, fork ?? ""));
  else if (kind === "unproven") context.talk(text.unproven(origin, size));
  else if (kind === "failed") context.talk(text.failed(origin, message));
}

/** A name for the policy file, where the key's own would be long. */
const policyName = (name: string): string => name.split("/", 1)[0] ?? name;

function exitOf({ reason }: WitnessError): typeof EXIT.usage | typeof EXIT.refused {
  const isUsage = reason === "NAME_UNUSABLE" || reason === "KEY_OF_ANOTHER_NAME" || reason === "LOG_KEYS_UNUSABLE";
  return isUsage ? EXIT.usage : EXIT.refused;
}
