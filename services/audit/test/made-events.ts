import { createHash } from "node:crypto";
import type { ShardEvent } from "@lienthong/contracts/exchange/v1/event";
import { Statement, StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { type BranchCustody, type DossierState, evolve, openBranches } from "@lienthong/domain";
import { eventSubject, type FollowedMessage, shardEventSubject } from "@lienthong/event-store";
import { type EventBody, encodeEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";

/** A source of numbers that a seed decides. */
export function diceOf(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export const agencies = ["hn-a", "hn-b", "hn-c", "hn-d", "hn-e"] as const;
export const procedureEntries = ["aa", "bb", "cc"].map((pair) => pair.repeat(32));
/** What the entries of made dossiers are called. */
export const madeNames = {
  procedureOf: (entry: string) => `procedure-${entry.slice(0, 2)}`,
  routeOf: () => "route/1",
};

type What = { $case: string; value: Record<string, unknown> };

/** Plays dossiers at random and writes their events: what `evolve` can follow, not all that `decide` would allow. */
export class EventMill {
  readonly shard: string;
  /** Events made and not drained. */
  messages: FollowedMessage[] = [];
  /** State of every dossier, folded in one go. */
  readonly states = new Map<string, DossierState>();
  readonly #dice: (below: number) => number;
  #timeMs = Date.parse("2025-05-05T08:00:00+07:00");
  #made = 0;
  #shardEvents = 0;
  #statements = 0;

  constructor(shard: string, seed: number) {
    this.shard = shard;
    this.#dice = diceOf(seed);
    this.#appendShardEvent({
      $case: "opened",
      value: {
        network: new Uint8Array(32),
        shardEntry: new Uint8Array(32),
        origin: "example/x",
        clock: 2,
        simulatedStartTime: this.#time(),
      },
    });
  }

  /** Plays until there are so many events. */
  play(events: number, dossiersMax: number): this {
    while (this.messages.length < events) {
      this.#timeMs += this.#dice(600_000);
      const open = [...this.states.values()].filter((state) => openBranches(state).length > 0);
      if (open.length < dossiersMax && (open.length === 0 || this.#dice(5) === 0)) this.#open();
      else this.#move(open[this.#dice(open.length)] as DossierState);
    }
    return this;
  }

  /** Opens dossiers and takes each through the same few steps, several side by side: quick to make in great numbers. */
  playPlainly(dossiers: number): this {
    const sideBySide = 250;
    for (let begun = 0; begun < dossiers; begun += sideBySide) {
      const codes = Array.from({ length: Math.min(sideBySide, dossiers - begun) }, () => this.#open());
      const receiver = (index: number) => agencies[1 + ((begun + index) % 4)] as string;
      this.#timeMs += 60_000;
      for (const [index, code] of codes.entries()) this.#forwardTo(code, "0", receiver(index));
      for (const code of codes) this.#bus(code, "0");
      this.#timeMs += 60_000;
      for (const [index, code] of codes.entries()) {
        const forward = this.states.get(code)?.branches.get("0")?.pending?.forward;
        this.#say(code, receiver(index), ["0"], { $case: "acknowledge", value: { handoff: { forward, branch: "0" } } });
      }
      for (const [index, code] of codes.entries()) {
        if (index % 10 !== 0)
          this.#say(code, receiver(index), ["0"], { $case: "return", value: { outcome: 1, channel: 1 } });
        this.states.delete(code);
      }
    }
    return this;
  }

  /** Events made so far, drained or not. */
  get made(): number {
    return this.#made;
  }

  /** Gives the events away, so that they take no memory here. */
  drain(): FollowedMessage[] {
    const { messages } = this;
    this.messages = [];
    return messages;
  }

  #open(): string {
    const number = this.#statements + 1;
    const code = `H26-250505-${String(number).padStart(8, "0")}`;
    const author = agencies[this.#dice(agencies.length)] as string;
    const pinned = Buffer.from(procedureEntries[this.#dice(3)] as string, "hex");
    this.#say(code, author, [], {
      $case: "open",
      value: {
        areaCode: "00004",
        procedureEntry: pinned,
        routeEntry: pinned,
        calendarEntry: pinned,
        step: "start",
        channel: 1,
      },
    });
    return code;
  }

  #forwardTo(code: string, branch: string, to: string): number {
    const holder = this.states.get(code)?.branches.get(branch)?.holder ?? "";
    return this.#say(code, holder, [branch], { $case: "forward", value: { branches: [this.#target(branch, to)] } });
  }

  #target(branch: string, to: string) {
    const step = `step-${this.#dice(4)}`;
    const dueTime = this.#dice(3) === 0 ? timeOf(this.#timeMs + 600_000) : undefined;
    return {
      branch,
      step,
      edge: `to-${step}`,
      receiver: { agency: to, unit: this.#dice(2) === 0 ? "" : `${to}-unit` },
      dueTime,
    };
  }

  #move(state: DossierState): number {
    const code = state.dossier;
    const branches = openBranches(state).filter(({ state: at }) => at !== "FORKED");
    const branch = branches[this.#dice(branches.length)] as BranchCustody;
    const id = branch.branch;
    const pick = (choices: readonly What["$case"][]) => choices[this.#dice(choices.length)] as string;
    const other = () => agencies[this.#dice(agencies.length)] as string;
    const receiver = branch.pending?.receiver ?? "";
    const handoff = { forward: branch.pending?.forward, branch: id };
    const say = (author: string, $case: string, value: Record<string, unknown> = {}) =>
      this.#say(code, author, [id], { $case, value });
    const isRoot = id === "0";
    switch (branch.state) {
      case "WORKING":
      case "COMPLETED": {
        const always = ["forward", "forward", "stop"];
        const working =
          branch.state === "WORKING" ? ["complete", "assign", "pause", "requestSupplement", "consult"] : [];
        const forking = id.length < 4 && branch.consultation === null ? ["fork"] : [];
        const join = this.#joinOf(state, branch);
        const what = pick([
          ...always,
          ...working,
          ...forking,
          ...(isRoot ? ["return", "withdraw"] : []),
          ...(join ? ["join"] : []),
        ]);
        if (what === "forward") return this.#forwardTo(code, id, other());
        if (what === "fork" || what === "consult") {
          const used = [...state.branches.keys()].filter(
            (key) => key.startsWith(`${id}.`) && key.split(".").length === id.split(".").length + 1,
          );
          const targets = [1, 2].map((n) => this.#target(`${id}.${used.length + n}`, other()));
          return say(branch.holder, what === "fork" ? "forward" : "consult", {
            branches: targets,
            ...(what === "consult" && this.#dice(2) === 0 ? { leadBranch: targets[0]?.branch } : {}),
          });
        }
        if (what === "join" && join)
          return this.#say(code, branch.holder, join, {
            $case: "join",
            value: { into: join[0]?.slice(0, -2), step: "joined" },
          });
        if (what === "withdraw") {
          return this.#say(
            code,
            state.openedBy,
            openBranches(state).map((each) => each.branch),
            { $case: "withdraw", value: { reason: 1 } },
          );
        }
        if (what === "complete")
          return say(branch.holder, "complete", { step: branch.step, outcome: 1 + this.#dice(4) });
        if (what === "assign") return say(branch.holder, "assign", { unit: `${branch.holder}-unit-2` });
        if (what === "pause") return say(branch.holder, "pause", { reason: 2 });
        if (what === "requestSupplement")
          return say(branch.holder, "requestSupplement", { reason: 1, documentKinds: ["form"] });
        if (what === "return") return say(branch.holder, "return", { outcome: 1, channel: 1 });
        return say(branch.holder, "stop", { reason: 1 });
      }
      case "HANDED_OVER":
      case "RECALL_ASKED": {
        const asked = branch.state === "RECALL_ASKED";
        const what = pick([
          "acknowledge",
          "acknowledge",
          "refuse",
          ...(asked ? ["agreeRecall", "refuseRecall"] : ["askRecall"]),
          ...(branch.pending?.delivered === true ? [] : ["delivered", "delivered"]),
        ]);
        if (what === "delivered") return this.#bus(code, id);
        if (what === "askRecall") return say(branch.holder, what, { handoff, reason: 1 });
        return say(receiver, what, { handoff, ...(what === "refuse" || what === "refuseRecall" ? { reason: 1 } : {}) });
      }
      case "SUPPLEMENT_AWAITED":
        return say(state.openedBy, "bringSupplement", { request: branch.head });
      case "PAUSED":
        return say(branch.holder, "resume", { pause: branch.head });
      default:
        throw new Error(`A branch that is ${branch.state} cannot move.`);
    }
  }

  /** Children that could be joined now, if this branch is one of them. */
  #joinOf(state: DossierState, branch: BranchCustody): string[] | null {
    const parent = state.branches.get(branch.branch.slice(0, -2));
    if (parent?.fork == null || branch.consultation !== null || !parent.fork.children.includes(branch.branch))
      return null;
    const { children } = parent.fork;
    return children.every((child) => state.branches.get(child)?.state === "WORKING") ? [...children] : null;
  }

  #say(code: string, author: string, on: readonly string[], what: What): number {
    const before = this.states.get(code);
    const statementId = `01970000-0000-7000-8000-${String(++this.#statements).padStart(12, "0")}`;
    const payload = Statement.encode(
      Statement.fromPartial({
        version: 1,
        shard: this.shard,
        author: { agency: author, unit: this.#dice(2) === 0 ? "" : `${author}-unit`, officerRef: "" },
        statementId,
        dossier: code,
        statedTime: this.#time(),
        prior: on.map((branch) => ({ branch, head: before?.branches.get(branch)?.head ?? new Uint8Array(32) })),
        what: what as never,
      }),
    ).finish();
    const envelopeBytes = StatementEnvelope.encode({ payload, signatures: [] }).finish();
    return this.#append(code, { $case: "statement", envelopeBytes });
  }

  #bus(code: string, branch: string): number {
    const pending = this.states.get(code)?.branches.get(branch)?.pending;
    return this.#append(code, {
      $case: "bus",
      value: {
        id: createHash("sha256").update(`${code}${branch}${this.#made}`).digest(),
        dossier: code,
        cause: pending?.forward ?? new Uint8Array(32),
        branch,
        receiver: pending?.receiver ?? "",
        ordinal: 0,
        what: { $case: "delivered", value: { system: "hn-mot-cua", subscription: "main" } },
      },
    });
  }

  #appendShardEvent(what: NonNullable<ShardEvent["what"]>): void {
    const bytes = encodeEvent(this.#header(++this.#shardEvents, new Uint8Array(0)), {
      $case: "shard",
      value: { what },
    });
    this.messages.push({ sequence: ++this.#made, subject: shardEventSubject(this.shard), payload: bytes });
  }

  /** @returns the sequence. */
  #append(code: string, body: EventBody): number {
    const before = this.states.get(code) ?? null;
    const bytes = encodeEvent(this.#header((before?.number ?? 0) + 1, before?.lastEvent ?? new Uint8Array(0)), body);
    const hash = leafHash(bytes);
    this.states.set(code, evolve(before, readEvent(bytes), hash));
    const sequence = ++this.#made;
    this.messages.push({ sequence, subject: eventSubject(this.shard, code), payload: bytes });
    return sequence;
  }

  #header(number: number, previous: Uint8Array) {
    return {
      version: 1,
      shard: this.shard,
      generation: 1,
      number: BigInt(number),
      previous,
      registryHead: { size: 1n, root: new Uint8Array(32) },
      system: "hn-mot-cua",
      recordedTime: this.#time(),
      wallTime: timeOf(this.#timeMs + 1_000_000_000),
    };
  }

  #time() {
    return timeOf(this.#timeMs);
  }
}

function timeOf(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 };
}
