import { timestampToMs } from "@lienthong/chassis/timestamp";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { Violations } from "./violations.ts";

/** An event as the log holds it, and who must have been told of it. */
export interface CheckedEvent {
  readonly leaf: number;
  readonly dossier: string;
  readonly hash: string;
  /** Empty where it is no agency's statement. */
  readonly statementId: string;
  readonly author: string;
  readonly what: string;
  /** Agencies whose systems must be told. */
  readonly concerns: readonly string[];
}

/** A handoff as the log tells it. */
export interface CheckedHandoff {
  readonly leaf: number;
  readonly dossier: string;
  readonly from: string;
  readonly to: string;
  /** Null while nobody answered. */
  ended: { readonly leaf: number; readonly how: "acknowledge" | "refuse" | "agreeRecall" } | null;
}

interface Custody {
  number: number;
  last: string;
  /** The dossier's two clocks, which never go back whatever those of the processes do; milliseconds. */
  recordedMs: number;
  wallMs: number;
  holder: string;
  phase: "held" | "offered" | "recallAsked" | "ended";
  head: string;
  pending: (CheckedHandoff & { readonly forward: string }) | null;
}

const allowed: Readonly<Record<string, { by: "holder" | "receiver"; in: readonly Custody["phase"][] }>> = {
  forward: { by: "holder", in: ["held"] },
  acknowledge: { by: "receiver", in: ["offered", "recallAsked"] },
  refuse: { by: "receiver", in: ["offered", "recallAsked"] },
  askRecall: { by: "holder", in: ["offered"] },
  agreeRecall: { by: "receiver", in: ["recallAsked"] },
  refuseRecall: { by: "receiver", in: ["recallAsked"] },
  complete: { by: "holder", in: ["held"] },
  return: { by: "holder", in: ["held"] },
};

/**
 * Follows custody through a log with rules of its own, written down a second time on purpose: what the bus decides by must not be what it is judged
 * by. Knows dossiers of one branch and the statements that the load makes; anything else in the log is a violation.
 */
export class CustodyFold {
  readonly events: CheckedEvent[] = [];
  readonly handoffs: CheckedHandoff[] = [];
  readonly #dossiers = new Map<string, Custody>();
  readonly #violations: Violations;

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  get dossiers(): number {
    return this.#dossiers.size;
  }

  /** Who holds a dossier; undefined for one that the log does not have. */
  holder(dossier: string): string | undefined {
    return this.#dossiers.get(dossier)?.holder;
  }

  /** The next leaf of the log. */
  add(leaf: number, bytes: Uint8Array): void {
    const hash = hex(leafHash(bytes));
    let event: ReadEvent;
    try {
      event = readEvent(bytes);
    } catch (error) {
      this.#violations.add("other", `Leaf ${leaf} is no event: ${(error as Error).message}`);
      return;
    }
    const { dossier } = event;
    if (dossier === null) return;
    const custody = this.#chained(leaf, dossier, event, hash);
    const { body } = event;
    if (body.$case !== "statement") {
      this.events.push({ leaf, dossier, hash, statementId: "", author: "", what: "bus", concerns: [] });
      return;
    }
    const { author, statementId, what } = body.statement;
    const said = what?.$case ?? "";
    const concerns = this.#move(custody, leaf, hash, { agency: author?.agency ?? "", said, event });
    this.events.push({ leaf, dossier, hash, statementId, author: author?.agency ?? "", what: said, concerns });
  }

  #chained(leaf: number, dossier: string, { header }: ReadEvent, hash: string): Custody {
    let custody = this.#dossiers.get(dossier);
    if (custody === undefined) {
      custody = { number: 0, last: "", recordedMs: 0, wallMs: 0, holder: "", phase: "held", head: "", pending: null };
      this.#dossiers.set(dossier, custody);
    }
    if (Number(header.number) !== custody.number + 1) {
      this.#violations.add(
        "misordered",
        `Leaf ${leaf} is event ${header.number} of ${dossier}, after event ${custody.number}.`,
      );
    } else if (hex(header.previous) !== custody.last) {
      this.#violations.add(
        "misordered",
        `Leaf ${leaf}, event ${header.number} of ${dossier}, is not chained to the one before.`,
      );
    }
    const recordedMs = header.recordedTime === undefined ? 0 : timestampToMs(header.recordedTime);
    const wallMs = header.wallTime === undefined ? 0 : timestampToMs(header.wallTime);
    if (recordedMs < custody.recordedMs || wallMs < custody.wallMs) {
      this.#violations.add("misordered", `Leaf ${leaf} of ${dossier} bears an earlier time than the event before it.`);
    }
    custody.recordedMs = recordedMs;
    custody.wallMs = wallMs;
    custody.number = Number(header.number);
    custody.last = hash;
    return custody;
  }

  #move(
    custody: Custody,
    leaf: number,
    hash: string,
    { agency, said, event }: { agency: string; said: string; event: ReadEvent },
  ): string[] {
    const statement = event.body.$case === "statement" ? event.body.statement : null;
    const dossier = event.dossier ?? "";
    const wrong = (why: string): void =>
      this.#violations.add("custody", `Leaf ${leaf}: ${agency} says ${said} of ${dossier}, and ${why}.`);
    if (said === "open") {
      if (custody.number !== 1) wrong("it was open already");
      custody.holder = agency;
      custody.head = hash;
      return [];
    }
    const rule = allowed[said];
    if (rule === undefined) {
      wrong("nobody in this world says that");
      return [];
    }
    const { pending } = custody;
    const may = rule.by === "holder" ? custody.holder : (pending?.to ?? "");
    if (agency !== may) wrong(`only ${may || "nobody"} may`);
    if (!rule.in.includes(custody.phase)) wrong(`the branch is ${custody.phase}`);
    const cited = statement?.prior.find(({ branch }) => branch === "0")?.head ?? new Uint8Array(0);
    if (hex(cited) !== custody.head) wrong(`its head had moved`);
    custody.head = hash;
    const what = statement?.what;
    if (what?.$case === "forward") {
      const to = what.value.branches[0]?.receiver?.agency ?? "";
      const handoff = { leaf, dossier, from: agency, to, forward: hash, ended: null };
      custody.pending = handoff;
      this.handoffs.push(handoff);
      custody.phase = "offered";
      return [to];
    }
    if (said === "complete") return [];
    if (said === "return") {
      custody.phase = "ended";
      return [];
    }
    if (pending !== null && what !== undefined && "value" in what && "handoff" in what.value) {
      const forward = hex((what.value.handoff as { forward?: Uint8Array } | undefined)?.forward ?? new Uint8Array(0));
      if (forward !== pending.forward) wrong("it names another forward than the one that is pending");
    }
    if (said === "askRecall") {
      custody.phase = "recallAsked";
      return [pending?.to ?? ""];
    }
    if (said === "refuseRecall") {
      custody.phase = "offered";
      return [custody.holder];
    }
    const sender = custody.holder;
    if (pending !== null) pending.ended = { leaf, how: said as "acknowledge" | "refuse" | "agreeRecall" };
    if (said === "acknowledge") custody.holder = agency;
    custody.phase = "held";
    custody.pending = null;
    return [sender];
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
