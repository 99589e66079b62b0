import { setTimeout as delay } from "node:timers/promises";
import { BusCallError, type Receiver } from "@lienthong/client";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { readEvent } from "@lienthong/statement";
import { lookUpNames } from "../bus/names.ts";
import { isSimulated, type Session, withSession } from "../bus/session.ts";
import { readSingleEvent, type TrailContent } from "../bus/trail-events.ts";
import type { CommandContext } from "../command-context.ts";
import { deliveryRoleWords } from "../contract-words.ts";
import { contentJson } from "../json-shapes.ts";
import type { Messages } from "../messages/messages.ts";
import { localTime } from "../render/local-time.ts";
import { saidPhrase } from "../render/said.ts";
import { wrapText } from "../render/text-width.ts";
import { wholeNumber } from "./option-values.ts";

/** Options of `inbox watch`. */
export interface WatchOptions {
  readonly subscription: string;
  readonly settle?: boolean;
  readonly from?: string;
  readonly count?: string;
}

/** Deliveries that are printed and not settled count against the credit; after so many, nothing more comes. */
const creditMax = 10_000;
const reopenAfterMs = 1_000;

/** `inbox watch`: prints deliveries until Ctrl-C, which is its way to end well. */
export async function inboxWatch(context: CommandContext, options: WatchOptions): Promise<void> {
  const { messages } = context;
  const count =
    options.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber("--count", options.count, messages);
  const from = options.from === undefined ? undefined : BigInt(wholeNumber("--from", options.from, messages));
  await withSession(context, async (session) => {
    const { agency } = session.actor();
    const exchange = await session.exchange(agency);
    const watch = new Watch(context, session, count);
    const shard = await exchange.exchange.getShard(session.run.shard);
    context.talk(messages.inbox.watching(agency, options.subscription));
    if (options.settle !== true) context.talk(messages.inbox.notSettling);
    if (isSimulated(shard)) context.talk(messages.time.scenarioClock);
    for (let first = true; !watch.done; first = false) {
      const receiver = exchange.delivery.receive(
        {
          // An index is one of a shard; else whatever waits, wherever it was opened.
          shard: from === undefined && session.run.shards.length > 1 ? "" : session.run.shard,
          agencies: [agency],
          subscription: options.subscription,
          credit: options.settle === true ? 256 : creditMax,
          ...(from !== undefined && first ? { fromLeafIndex: from } : {}),
        },
        async (deliveries) => {
          const printed = await watch.print(deliveries);
          if (options.settle === true) receiver.settle(printed);
          if (watch.done) close();
        },
      );
      const close = () => void receiver.close();
      context.signal.addEventListener("abort", close, { once: true });
      const why = await endOf(receiver, context.signal);
      context.signal.removeEventListener("abort", close);
      if (context.signal.aborted || watch.done) break;
      if (why !== null && !(why instanceof BusCallError && why.retry !== "terminal")) throw why;
      // A bus that cannot be reached at all is said at once; one that went away is waited for.
      if (why instanceof BusCallError && first && watch.printed === 0 && why.unreachable) throw why;
      context.talk(messages.inbox.again(why?.message ?? ""));
      await delay(reopenAfterMs, undefined, { signal: context.signal }).catch(() => {});
      if (context.signal.aborted) break;
    }
    context.talk(messages.inbox.ended(watch.printed));
  });
}

async function endOf(receiver: Receiver, signal: AbortSignal): Promise<Error | null> {
  if (signal.aborted) await receiver.close();
  return receiver.ended;
}

/** Prints each delivery once, however often it comes. */
class Watch {
  printed = 0;
  readonly #context: CommandContext;
  readonly #session: Session;
  readonly #count: number;
  readonly #seen = new Set<string>();

  constructor(context: CommandContext, session: Session, count: number) {
    this.#context = context;
    this.#session = session;
    this.#count = count;
  }

  get done(): boolean {
    return this.printed >= this.#count;
  }

  /** Prints those that are news, and returns what has been printed, now or before: that may be settled. */
  async print(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    const shown: Delivery[] = [];
    for (const delivery of deliveries) {
      const identity = `${delivery.shard}/${delivery.leafIndex}`;
      if (this.done && !this.#seen.has(identity)) break;
      shown.push(delivery);
      if (this.#seen.has(identity)) continue;
      this.#seen.add(identity);
      await this.#printOne(delivery);
      this.printed += 1;
    }
    return shown;
  }

  async #printOne(delivery: Delivery): Promise<void> {
    const { context, dossier, content } = { context: this.#context, ...readDelivery(delivery) };
    const role = deliveryRoleWords.nameOf(delivery.role);
    if (context.json) {
      context.printJson({
        agency: delivery.agency,
        role,
        leafIndex: Number(delivery.leafIndex),
        redelivered: delivery.redelivered,
        dossier,
        content: content === null ? null : contentJson(content),
      });
      return;
    }
    const { messages, language, style, columns } = context;
    if (content === null) {
      context.print(`${delivery.leafIndex} ${messages.said.unknown("event")}`);
      return;
    }
    const own = content.targets.filter((target) => target.agency === delivery.agency);
    const targets = role === "RECEIVER" && own.length > 0 ? own : content.targets;
    const names = await lookUpNames(
      (await this.#session.registry()).registry,
      [content.agency, ...targets.map((target) => target.agency)],
      undefined,
    );
    const who = content.agency === "" ? messages.trail.bus : names.office(content.agency, content.unit);
    const to = targets
      .filter((target) => target.agency !== "")
      .map((target) => names.office(target.agency, target.unit));
    const head = [localTime(content.recordedTime, language), dossier, messages.inbox.roles[role] ?? role];
    if (delivery.redelivered) head.push(messages.inbox.redelivered);
    const sentence = `${who} ${saidPhrase(content, { names, language, messages })}${to.length === 0 ? "" : ` → ${to.join(", ")}`}`;
    const lines = [style.bold(head.join(" · ")), ...wrapText(sentence, columns - 2).map((line) => `  ${line}`)];
    const hints =
      role === "RECEIVER"
        ? own.map(({ branch }) => messages.inbox.acknowledge(dossier, branch, delivery.agency))
        : answerHints(content, dossier, delivery.agency, messages);
    lines.push(...hints.map((hint) => style.dim(`  ${hint}`)));
    context.print(lines.join("\n"));
  }
}

/** How to answer what asks for an answer without offering custody. */
function answerHints(content: TrailContent, dossier: string, agency: string, { inbox }: Messages): string[] {
  const [branch = "0"] = content.branches;
  if (content.said === "ask_recall") return [inbox.answerRecall(dossier, branch, agency)];
  if (content.said === "request_supplement") return [inbox.bringSupplement(dossier, branch, agency)];
  return [];
}

function readDelivery({ event }: Delivery) {
  const content = readSingleEvent(event);
  return { content, dossier: content === null ? "" : (readEvent(event).dossier ?? "") };
}
