import type { Timestamp } from "@lienthong/chassis/timestamp";
import type { BusStatement } from "@lienthong/contracts/exchange/v1/event";
import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { ForwardBranch, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { channelWords, outcomeWords, warningWords } from "../contract-words.ts";
import { detailsOf, type StatementDetails } from "./statement-details.ts";

/** Where a branch goes, or went. */
export interface TrailTarget {
  readonly branch: string;
  readonly step: string;
  readonly edge: string;
  readonly agency: string;
  readonly unit: string;
}

/** One event of a trail as people and programs read it. */
export interface TrailEvent {
  readonly number: bigint;
  readonly leafIndex: bigint;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Null where the reader may not see the branch. */
  readonly content: TrailContent | null;
}

/** What an event says. */
export interface TrailContent extends StatementDetails {
  /** Name of the statement in the contract: "forward", "delivered". */
  readonly said: string;
  /** Empty for what the bus says. */
  readonly agency: string;
  readonly unit: string;
  /** Empty for what the bus says. */
  readonly statementId: string;
  readonly system: string;
  readonly recordedTime: Timestamp | undefined;
  readonly wallTime: Timestamp | undefined;
  /** Branches it acts on; for `open` the root. */
  readonly branches: readonly string[];
  /** One for a forward, several for a fork; for other events at most one, its step and agency empty where they do not apply. */
  readonly targets: readonly TrailTarget[];
  /** Names of the contract without prefix, e.g. "GRANTED"; empty where there is none. */
  readonly outcome: string;
  readonly channel: string;
}

/** Reads a trail. Bytes that are no event are shown as withheld; `checkChain` names them. */
export function readTrail(entries: readonly TrailEntry[]): TrailEvent[] {
  const fold = new TrailFold();
  return entries.map(({ number, leafIndex, hash, event }) => ({
    number,
    leafIndex,
    hash,
    content: event.length === 0 ? null : fold.contentOf(event, hash),
  }));
}

/** The content of one event by itself; what depends on events before it stays empty. */
export function readSingleEvent(bytes: Uint8Array): TrailContent | null {
  return new TrailFold().contentOf(bytes, new Uint8Array(0));
}

/** What later events need of earlier ones: which step a handoff leads to, and where a branch is. */
class TrailFold {
  readonly #offers = new Map<string, { target: TrailTarget; sender: string; senderUnit: string }>();
  readonly #steps = new Map<string, string>();

  contentOf(bytes: Uint8Array, hash: Uint8Array): TrailContent | null {
    let event: ReadEvent;
    try {
      event = readEvent(bytes);
    } catch {
      return null;
    }
    if (event.body.$case === "statement") return this.#statement(event, event.body.statement, hash);
    if (event.body.$case === "bus") return this.#bus(event, event.body.bus);
    return null;
  }

  #statement(event: ReadEvent, statement: Statement, hash: Uint8Array): TrailContent {
    const { what } = statement;
    const agency = statement.author?.agency ?? "";
    const unit = statement.author?.unit ?? "";
    const acted = statement.prior.map(({ branch }) => branch);
    const base: TrailContent = {
      ...detailsOf(what),
      said: contractName(what?.$case ?? "nothing"),
      agency,
      unit,
      statementId: statement.statementId,
      system: event.header.system,
      recordedTime: event.header.recordedTime,
      wallTime: event.header.wallTime,
      branches: acted,
      targets: acted.map((branch) => this.#at(branch)),
      outcome: "",
      channel: "",
    };
    switch (what?.$case) {
      case "open":
        this.#steps.set("0", what.value.step);
        return {
          ...base,
          branches: ["0"],
          targets: [this.#at("0")],
          channel: channelWords.nameOf(what.value.channel),
        };
      case "forward":
      case "consult": {
        const targets = what.value.branches.map((target) => targetOf(target));
        for (const target of targets) {
          this.#offers.set(offerKey(hash, target.branch), { target, sender: agency, senderUnit: unit });
          // A child stays at the step it was made at until it is acknowledged.
          if (target.branch !== acted[0]) this.#steps.set(target.branch, this.#steps.get(acted[0] ?? "") ?? "");
        }
        return { ...base, targets };
      }
      case "acknowledge": {
        const offer = this.#offer(what.value.handoff);
        const branch = what.value.handoff?.branch ?? "";
        if (offer !== undefined) this.#steps.set(branch, offer.target.step);
        return { ...base, targets: [{ ...emptyTarget, branch, step: offer?.target.step ?? "" }] };
      }
      case "askRecall": {
        const offer = this.#offer(what.value.handoff);
        return { ...base, targets: [offer?.target ?? this.#at(what.value.handoff?.branch ?? "")] };
      }
      case "refuse":
      case "agreeRecall":
      case "refuseRecall": {
        const offer = this.#offer(what.value.handoff);
        const back = { agency: offer?.sender ?? "", unit: offer?.senderUnit ?? "", step: offer?.target.step ?? "" };
        return { ...base, targets: [{ ...emptyTarget, branch: what.value.handoff?.branch ?? "", ...back }] };
      }
      case "complete":
        return {
          ...base,
          targets: [{ ...emptyTarget, branch: acted[0] ?? "", step: what.value.step }],
          outcome: outcomeWords.nameOf(what.value.outcome),
        };
      case "join":
        this.#steps.set(what.value.into, what.value.step);
        return { ...base, targets: [{ ...emptyTarget, branch: what.value.into, step: what.value.step }] };
      case "return":
        return {
          ...base,
          outcome: outcomeWords.nameOf(what.value.outcome),
          channel: channelWords.nameOf(what.value.channel),
        };
      // About the dossier as a whole: one line, whatever the number of its branches.
      case "withdraw":
      case "erase":
        return { ...base, targets: [] };
      default:
        return base;
    }
  }

  #bus(event: ReadEvent, bus: BusStatement): TrailContent {
    const offer = this.#offers.get(offerKey(bus.cause, bus.branch));
    const { what } = bus;
    const moved = what?.$case === "reassigned" ? what.value.to : undefined;
    return {
      ...detailsOf(undefined),
      said: contractName(what?.$case ?? "nothing"),
      agency: "",
      unit: "",
      statementId: "",
      system: event.header.system,
      recordedTime: event.header.recordedTime,
      wallTime: event.header.wallTime,
      branches: [bus.branch],
      targets: [
        {
          branch: bus.branch,
          step: offer?.target.step ?? this.#steps.get(bus.branch) ?? "",
          edge: "",
          agency: moved?.agency ?? bus.receiver,
          unit: moved?.unit ?? offer?.target.unit ?? "",
        },
      ],
      reason: what?.$case === "warning" ? warningWords.nameOf(what.value.kind) : "",
      dueTime: what !== undefined && "dueTime" in what.value ? what.value.dueTime : undefined,
      outcome: "",
      channel: "",
    };
  }

  #at(branch: string): TrailTarget {
    return { ...emptyTarget, branch, step: this.#steps.get(branch) ?? "" };
  }

  #offer(handoff: { forward: Uint8Array; branch: string } | undefined) {
    return handoff === undefined ? undefined : this.#offers.get(offerKey(handoff.forward, handoff.branch));
  }
}

/** The contract's name of what the generator calls "deemedConsent". */
function contractName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const emptyTarget: TrailTarget = { branch: "", step: "", edge: "", agency: "", unit: "" };

function targetOf({ branch, step, edge, receiver }: ForwardBranch): TrailTarget {
  return { branch, step, edge, agency: receiver?.agency ?? "", unit: receiver?.unit ?? "" };
}

function offerKey(forward: Uint8Array, branch: string): string {
  return `${Buffer.from(forward).toString("hex")} ${branch}`;
}
