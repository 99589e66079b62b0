import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TlsMaterial } from "@lienthong/chassis";
import {
  type AcceptedEntry,
  type AgencyPen,
  type Connection,
  connect,
  createAgencyPen,
  type DurableReceiver,
  type HandledDelivery,
  type Outbox,
  openOutbox,
  type RefusedEntry,
  receiveDurably,
  type SignedStatement,
} from "@lienthong/client";
import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import {
  Channel,
  Outcome,
  RecallReason,
  RecallRefusalReason,
  RefusalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import { Promise as BusPromise } from "@lienthong/contracts/ledger/v1/promise";
import { readEvent, type SigningKey, type VerifyingKey } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { Dice } from "../../fuzz/dice.ts";
import type { Journal } from "./journal.ts";
import type { RoutePlan } from "./route-plans.ts";

/** What an agency's system is made of. */
export interface AgencySystemOptions {
  readonly id: string;
  /** Folder of its outbox and inbox. */
  readonly directory: string;
  /** Exchange replicas, the one it prefers first. */
  readonly addresses: readonly string[];
  readonly tls: TlsMaterial;
  readonly agencies: readonly string[];
  readonly keyOf: (agency: string) => SigningKey;
  readonly network: Uint8Array;
  readonly shard: string;
  readonly origin: string;
  readonly promiseKeys: readonly VerifyingKey[];
  readonly planOf: (dossier: string) => RoutePlan | undefined;
  /** Steps that forwards lead to, by the hash of the forward: what any of the systems was told of it. */
  readonly stepOfForward: Map<string, string>;
  /** Whether the unusual happens to a dossier this time. */
  readonly dice: (dossier: string) => Dice;
  readonly journal: Journal;
  /** Told of each dossier whose result was returned. */
  onEnded(dossier: string): void;
  onAccepted(leaf: number, event: Uint8Array): void;
}

const branch = "0";
const retryMsMax = 1_000;

/**
 * A system that speaks for agencies, as real ones should: what it says goes through an outbox that survives it, what it is told comes through a durable
 * receiver, and each step of a dossier follows from what it was told last. Nothing here knows more than the bus has told it.
 */
export class AgencySystem {
  readonly id: string;
  readonly #options: AgencySystemOptions;
  readonly #pens = new Map<string, AgencyPen>();
  /**
   * What was signed and has no outcome, or one from which nothing has followed yet: the procedures' software keeps it, and hands it to an outbox
   * that has lost it once more.
   */
  readonly #unanswered = new Map<string, SignedStatement>();
  #connection: Connection;
  #outbox: Outbox;
  #receiver: DurableReceiver;
  #lives = 1;

  constructor(options: AgencySystemOptions) {
    this.id = options.id;
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
    this.#connection = this.#connect();
    this.#outbox = this.#openOutbox();
    this.#receiver = this.#receive();
  }

  /** Opens a dossier along its plan. */
  async open(dossier: string, plan: RoutePlan): Promise<void> {
    const pen = this.#pen(plan.opener);
    const { areaCode, open } = plan;
    await this.#say(pen.open({ dossier, areaCode, ...open, channel: Channel.CHANNEL_ONLINE }), plan.opener, "open");
  }

  /** What waits to be sent. */
  get pending(): number {
    return this.#outbox.counts.pending;
  }

  /** A copy of the files as they are now. Both are SQLite databases that a crash may cut at any moment, so a copy is what a backup would be. */
  async backUp(): Promise<void> {
    await this.#closeStores();
    rmSync(this.#backup, { recursive: true, force: true });
    cpSync(this.#options.directory, this.#backup, { recursive: true });
    this.#openStores();
  }

  /** Puts the copy back in place of the files. */
  async restore(): Promise<void> {
    await this.#closeStores();
    rmSync(this.#options.directory, { recursive: true, force: true });
    cpSync(this.#backup, this.#options.directory, { recursive: true });
    this.#lives += 1;
    this.#openStores();
    for (const signed of [...this.#unanswered.values()]) await this.#outbox.submit(signed);
  }

  /** Loses the inbox altogether and asks for everything from the beginning of the log. */
  async receiveAnew(): Promise<void> {
    await this.#receiver.close({ withinMs: 2_000 });
    for (const suffix of ["", "-wal", "-shm"]) {
      rmSync(join(this.#options.directory, `inbox-main.sqlite${suffix}`), { force: true });
    }
    this.#lives += 1;
    this.#receiver = this.#receive(0n);
  }

  /** Deliveries that the receiver gave up. */
  parked(): { agency: string; leaf: number }[] {
    return this.#receiver.parked().map(({ agency, leafIndex }) => ({ agency, leaf: Number(leafIndex) }));
  }

  async close(): Promise<void> {
    await this.#closeStores();
    this.#connection.close();
  }

  get #backup(): string {
    return `${this.#options.directory}.backup`;
  }

  async #closeStores(): Promise<void> {
    await this.#receiver.close({ withinMs: 2_000 });
    await this.#outbox.close({ drainWithinMs: 500 });
  }

  #openStores(): void {
    this.#connection.close();
    this.#connection = this.#connect();
    this.#outbox = this.#openOutbox();
    this.#receiver = this.#receive();
  }

  #connect(): Connection {
    return connect({
      address: `ipv4:${this.#options.addresses.join(",")}`,
      tls: this.#options.tls,
      // Noticed within two seconds, so that a mute network is left for the other replica.
      channel: {
        serverName: "localhost",
        sharedConnection: false,
        reconnectBackoffMaxMs: retryMsMax,
        keepaliveTimeMs: 1_000,
        keepaliveTimeoutMs: 2_000,
      },
    });
  }

  #openOutbox(): Outbox {
    const { directory, journal, origin, promiseKeys } = this.#options;
    return openOutbox({
      directory,
      connection: this.#connection,
      expected: { origin, promiseKeys },
      backoffMsMax: retryMsMax,
      answerWithinMs: 6_000,
      onAccepted: (entry) => this.#accepted(entry),
      onRefused: (entry) => this.#refused(entry),
      onTrouble: ({ error, statementId }) => {
        const reason = (error as { reason?: string | null }).reason ?? error.message;
        if (statementId !== null) journal.write({ t: "unknown", id: statementId, reason });
      },
    });
  }

  #receive(fromLeafIndex?: bigint): DurableReceiver {
    const { directory, shard, agencies, journal } = this.#options;
    const receiver = receiveDurably({
      directory,
      connection: this.#connection,
      shard,
      agencies,
      ...(fromLeafIndex === undefined ? {} : { fromLeafIndex }),
      backoffMsMax: retryMsMax,
      handler: (delivery) => this.#delivered(delivery),
      onTrouble: ({ delivery, retryInMs }) => {
        if (delivery !== null && retryInMs === null) {
          journal.write({ t: "parked", agency: delivery.agency, leaf: Number(delivery.leafIndex) });
        }
      },
    });
    receiver.ready.catch((error: Error) =>
      journal.write({
        t: "violated",
        sentence: `The subscription of ${this.id} was refused for good: ${error.message}`,
      }),
    );
    return receiver;
  }

  #pen(agency: string): AgencyPen {
    let pen = this.#pens.get(agency);
    if (pen === undefined) {
      const { network, shard, keyOf } = this.#options;
      pen = createAgencyPen({ agency, keys: [keyOf(agency)], network, shard });
      this.#pens.set(agency, pen);
    }
    return pen;
  }

  async #say(signed: SignedStatement, agency: string, what: string): Promise<void> {
    const { statementId: id, dossier } = signed;
    this.#options.journal.write({ t: "offered", id, dossier, agency, what });
    this.#unanswered.set(id, signed);
    try {
      await this.#outbox.submit(signed);
    } catch (error) {
      // It was never kept, so it is never sent: whoever wanted it said signs another one.
      this.#unanswered.delete(id);
      throw error;
    }
  }

  /** The bus's word, kept outside it, and what follows from it for who said it. */
  async #accepted(entry: AcceptedEntry): Promise<void> {
    await this.#goOn(entry);
    // Not before: an outbox that closes meanwhile, and is put back as it was before this statement, would leave the dossier where it is.
    this.#unanswered.delete(entry.statementId);
  }

  async #goOn({ statementId, dossier, leafIndex, accepted }: AcceptedEntry): Promise<void> {
    const { journal } = this.#options;
    const promise = accepted.promise === undefined ? new Uint8Array(0) : BusPromise.encode(accepted.promise).finish();
    journal.write({
      t: "accepted",
      id: statementId,
      dossier,
      leaf: Number(leafIndex),
      event: base64(accepted.event),
      promise: base64(promise),
      again: accepted.repeatedAnswer,
    });
    this.#options.onAccepted(Number(leafIndex), accepted.event);
    const event = readEvent(accepted.event);
    if (event.body.$case !== "statement") return;
    const { what, author } = event.body.statement;
    const head = leafHash(accepted.event);
    const agency = author?.agency ?? "";
    // A pulse says nothing further.
    if (this.#options.planOf(dossier) === undefined) return;
    if (what?.$case === "open") await this.#work(dossier, agency, what.value.step, head);
    else if (what?.$case === "acknowledge") {
      const step = this.#options.stepOfForward.get(hex(what.value.handoff?.forward ?? head));
      if (step !== undefined) await this.#work(dossier, agency, step, head);
    } else if (what?.$case === "complete") await this.#moveOn(dossier, agency, what.value.step, head);
    else if (what?.$case === "refuseRecall") {
      const forward = what.value.handoff?.forward ?? head;
      await this.#say(this.#pen(agency).acknowledge({ dossier, branch, head, forward }), agency, "acknowledge");
    } else if (what?.$case === "forward") {
      this.#options.stepOfForward.set(hex(head), what.value.branches[0]?.step ?? "");
      if (!this.#options.dice(dossier).chance(0.08)) return;
      const recall = this.#pen(agency).askRecall({
        dossier,
        branch,
        head,
        reason: RecallReason.RECALL_REASON_CORRECTION,
      });
      await this.#say(recall, agency, "askRecall");
    } else if (what?.$case === "return") this.#options.onEnded(dossier);
  }

  /** Custody is here: the step is completed if the route asks for it, then the dossier moves on. */
  async #work(dossier: string, agency: string, step: string, head: Uint8Array): Promise<void> {
    const found = this.#options.planOf(dossier)?.steps.find((one) => one.step === step);
    if (found?.completionRequired !== true) return this.#moveOn(dossier, agency, step, head);
    const completed = this.#pen(agency).complete({ dossier, branch, head, step, outcome: Outcome.OUTCOME_DONE });
    await this.#say(completed, agency, "complete");
  }

  async #moveOn(dossier: string, agency: string, step: string, head: Uint8Array): Promise<void> {
    const steps = this.#options.planOf(dossier)?.steps ?? [];
    const at = steps.findIndex((one) => one.step === step);
    const next = steps[at + 1];
    const pen = this.#pen(agency);
    if (at < 0) return;
    if (next === undefined) {
      const result = { outcome: Outcome.OUTCOME_GRANTED, channel: Channel.CHANNEL_ONLINE };
      await this.#say(pen.returnToCitizen({ dossier, branch, head, ...result }), agency, "return");
    } else {
      const target = { branch, step: next.step, edge: next.edge, receiver: { agency: next.agency } };
      await this.#say(pen.forward({ dossier, branch, head, targets: [target] }), agency, "forward");
    }
  }

  async #refused({ statementId, dossier, refusal }: RefusedEntry): Promise<void> {
    const { journal } = this.#options;
    this.#unanswered.delete(statementId);
    if (refusal.contested !== null) {
      journal.write({ t: "violated", sentence: `An answer to ${statementId} does not hold: ${refusal.message}` });
    }
    journal.write({ t: "refused", id: statementId, dossier, reason: refusal.reason ?? refusal.message });
  }

  /** An event that concerns one of the agencies. What it answers follows from the event alone, so that a second time does no harm. */
  async #delivered({ agency, role, leafIndex, event, hash, dossier }: HandledDelivery): Promise<void> {
    const life = `${this.id}/${this.#lives}`;
    this.#options.journal.write({ t: "delivered", agency, leaf: Number(leafIndex), hash: hex(hash), dossier, life });
    if (event.body.$case !== "statement") return;
    const { what } = event.body.statement;
    const pen = this.#pen(agency);
    if (role === DeliveryRole.DELIVERY_ROLE_RECEIVER && what?.$case === "forward") {
      this.#options.stepOfForward.set(hex(hash), what.value.branches[0]?.step ?? "");
      const answer = { dossier, branch, head: hash };
      if (this.#options.dice(dossier).chance(0.06)) {
        await this.#say(pen.refuse({ ...answer, reason: RefusalReason.REFUSAL_REASON_INCOMPLETE }), agency, "refuse");
      } else await this.#say(pen.acknowledge(answer), agency, "acknowledge");
    } else if (what?.$case === "askRecall") {
      // Told as a copy: custody was offered by the forward.
      const forward = what.value.handoff?.forward ?? hash;
      const answer = { dossier, branch, head: hash, forward };
      const turn = this.#options.dice(dossier).below(3);
      if (turn === 0) await this.#say(pen.acknowledge(answer), agency, "acknowledge");
      else if (turn === 1) await this.#say(pen.agreeRecall(answer), agency, "agreeRecall");
      else {
        const reason = RecallRefusalReason.RECALL_REFUSAL_REASON_WORK_BEGUN;
        await this.#say(pen.refuseRecall({ ...answer, reason }), agency, "refuseRecall");
      }
    } else if (
      role === DeliveryRole.DELIVERY_ROLE_SENDER &&
      (what?.$case === "refuse" || what?.$case === "agreeRecall")
    ) {
      // Back in hand: it goes the same way again.
      const offered = this.#options.stepOfForward.get(hex(what.value.handoff?.forward ?? hash));
      const steps = this.#options.planOf(dossier)?.steps ?? [];
      const before = steps[steps.findIndex(({ step }) => step === offered) - 1];
      if (before !== undefined) await this.#moveOn(dossier, agency, before.step, hash);
    }
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
