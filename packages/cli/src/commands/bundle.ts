import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { acceptedInOutbox, submitWithRetry } from "@lienthong/client";
import { Event } from "@lienthong/contracts/exchange/v1/event";
import type { AcceptedStatement, TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { Promise as InclusionPromise } from "@lienthong/contracts/ledger/v1/promise";
import { readEvent } from "@lienthong/statement";
import { parseCheckpoint, parseNote } from "@lienthong/tlog";
import { writeBundle, writePromiseFile } from "@lienthong/verifier";
import { gatherBundle, gatherPromise, NotSealedError } from "../bus/gather-bundle.ts";
import { type Session, withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { wholeNumber } from "./option-values.ts";
import { readSince } from "./verify.ts";

/** Options of `dossier bundle`. */
export interface BundleOptions {
  readonly output: string;
  readonly since?: string;
}

/** `dossier bundle CODE -o FILE --as AGENCY` */
export async function dossierBundle(context: CommandContext, code: string, options: BundleOptions): Promise<void> {
  const { messages } = context;
  const since = options.since === undefined ? undefined : await readSince(context, options.since);
  await withSession(context, async (session) => {
    const { agency } = session.actor();
    const [exchange, registry] = await Promise.all([session.exchange(agency), session.registry()]);
    const shard = await session.shardOf(exchange, code, agency);
    const sources = { exchange, registry, ledger: await session.ledger() };
    const question = { shard, dossier: code, agency, ...(since === undefined ? {} : { since }) };
    const bundle = await gatherBundle(sources, question).catch(sayNotSealed(context));
    await writeAside(context, options.output, writeBundle(bundle));
    const { size, origin } = parseCheckpoint(parseNote(bundle.trail.checkpoint).text);
    const withheld = bundle.trail.events.filter(({ event }) => event === null).map(({ number }) => number);
    if (context.json) {
      const file = resolve(options.output);
      const network = Buffer.from(bundle.network).toString("hex");
      context.printJson({
        dossier: code,
        shard,
        file,
        network,
        events: bundle.trail.events.length,
        withheld,
        origin,
        size,
      });
      return;
    }
    context.print(messages.verify.bundleWritten(options.output, bundle.trail.events.length, size));
    context.talk(messages.verify.tryIt(`lienthong verify ${options.output}`));
  });
}

/** Options of `dossier promise`. */
export interface PromiseOptions {
  readonly output: string;
  readonly event?: string;
  readonly outbox?: string;
}

/** `dossier promise CODE -o FILE --as AGENCY` */
export async function dossierPromise(context: CommandContext, code: string, options: PromiseOptions): Promise<void> {
  const { messages } = context;
  const number = options.event === undefined ? null : wholeNumber("--event", options.event, messages);
  await withSession(context, async (session) => {
    const { agency } = session.actor();
    const [registry, ledger] = [await session.registry(), await session.ledger()];
    const { shard, accepted } =
      options.outbox === undefined
        ? await askAgain(context, session, code, agency, number)
        : fromOutbox(context, options.outbox, code, number);
    const { promise, event, leafIndex } = accepted;
    if (promise === undefined) throw new CliError(EXIT.refused, messages.verify.noOwnEvent(agency));
    const answer = { shard, dossier: code, leafIndex, event, keyId: promise.keyId };
    const file = await gatherPromise(
      { registry, ledger },
      { ...answer, promise: InclusionPromise.encode(promise).finish() },
    ).catch(sayNotSealed(context));
    await writeAside(context, options.output, writePromiseFile(file));
    const eventNumber = Number(readEvent(event).header.number);
    if (context.json) {
      context.printJson({
        dossier: code,
        shard,
        file: resolve(options.output),
        event: eventNumber,
        leafIndex: Number(leafIndex),
      });
      return;
    }
    context.print(messages.verify.promiseWritten(options.output, eventNumber));
    context.talk(messages.verify.tryIt(`lienthong verify ${options.output} --log URL`));
  });
}

interface Answered {
  readonly shard: string;
  readonly accepted: AcceptedStatement;
}

/** The same statement again is answered by the same event and a new promise with the same date: nothing is said twice. */
async function askAgain(
  { messages }: CommandContext,
  session: Session,
  dossier: string,
  agency: string,
  number: number | null,
): Promise<Answered> {
  const connection = await session.exchange(agency);
  const shard = await session.shardOf(connection, dossier, agency);
  const trail = await connection.exchange.getTrail({ shard, dossier, agency });
  const entry =
    number === null
      ? trail.findLast((candidate) => authorOf(candidate) === agency)
      : trail.find((candidate) => Number(candidate.number) === number);
  if (entry === undefined) throw new CliError(EXIT.refused, messages.verify.noOwnEvent(agency));
  const { body } = Event.decode(entry.event);
  if (authorOf(entry) !== agency || body?.$case !== "statement") {
    throw new CliError(EXIT.refused, messages.verify.eventNotOwn(String(entry.number)));
  }
  const envelope = StatementEnvelope.encode(body.value).finish();
  return { shard, accepted: await submitWithRetry((bytes) => connection.exchange.submit(bytes), envelope) };
}

/** Empty for events that are withheld or that the bus itself said. */
function authorOf({ event }: TrailEntry): string {
  if (event.length === 0) return "";
  const { body } = readEvent(event);
  return body.$case === "statement" ? (body.statement.author?.agency ?? "") : "";
}

function fromOutbox({ messages }: CommandContext, path: string, dossier: string, number: number | null): Answered {
  let entries: ReturnType<typeof acceptedInOutbox>;
  try {
    entries = acceptedInOutbox(resolve(path), dossier);
  } catch (error) {
    throw usageError(messages.verify.outboxUnreadable(path, (error as Error).message));
  }
  const entry = entries.findLast(
    ({ accepted }) => number === null || Number(readEvent(accepted.event).header.number) === number,
  );
  if (entry === undefined) throw new CliError(EXIT.refused, messages.verify.outboxHasNone(path, dossier));
  return entry;
}

/** What is not sealed yet is not the user's fault; whoever asks again gets it. */
function sayNotSealed({ messages }: CommandContext): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof NotSealedError)) throw error;
    throw new CliError(EXIT.unreachable, messages.verify.notSealed(error.message), { cause: error });
  };
}

/** Events name dossiers and offices: the file is its owner's. */
async function writeAside({ messages }: CommandContext, path: string, text: string): Promise<void> {
  try {
    await writeFile(resolve(path), text, { mode: 0o600 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw usageError(messages.usage.fileUnreadable(path, code));
  }
}
