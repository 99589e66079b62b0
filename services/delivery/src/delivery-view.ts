import { asBusError, type BusError, busError, type Clock, type Logger, type PeerIdentity } from "@lienthong/chassis";
import { type AudienceMember, audienceOf } from "@lienthong/domain";
import type { ReadEvent } from "@lienthong/statement";
import { AgencyIndex } from "./agency-index.ts";
import type { EventBytes } from "./event-bytes.ts";
import { laneOf, roleNumber } from "./index-entry.ts";
import { OpenHandoffs } from "./open-handoffs.ts";
import { invalid, mainSubscription } from "./receive-requests.ts";
import type { Receiver } from "./receiver.ts";
import { type SettledState, sameSettled } from "./settled-state.ts";
import { Subscription } from "./subscription.ts";
import type { ViewStore } from "./view-store.ts";

/** An event of the shard's stream, decoded. */
export interface FedEvent {
  /** Leaf index + 1. */
  readonly sequence: number;
  /** A copy of its own. */
  readonly bytes: Uint8Array;
  /** Leaf hash, 32 bytes. */
  readonly hash: Uint8Array;
  readonly event: ReadEvent;
}

/** Names that one agency's receivers may use, so that a faulty system cannot fill the SETTLED stream. */
const subscriptionsPerAgencyMax = 32;

/** What the view stands on. */
export interface DeliveryViewOptions {
  readonly store: ViewStore;
  readonly bytes: EventBytes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Events applied before they are written to the store at once. */
  readonly unwrittenEventsMax: number;
  authorise(identity: PeerIdentity, agency: string): BusError | null;
}

/** Who is addressed by what, who has settled what, and who receives. */
export class DeliveryView {
  readonly handoffs: OpenHandoffs;
  readonly #options: DeliveryViewOptions;
  readonly #agencies = new Map<string, AgencyIndex>();
  readonly #receivers = new Set<Receiver>();
  readonly #woken = new Set<Receiver>();
  #newAgencies: AgencyIndex[] = [];
  /** Agencies with entries that the store lacks. */
  readonly #unwritten = new Set<AgencyIndex>();
  #unwrittenEvents = 0;
  #position = 0;
  #hash: Uint8Array = new Uint8Array(32);
  #wakeScheduled = false;
  #writeFailing = false;

  constructor(options: DeliveryViewOptions) {
    this.#options = options;
    this.handoffs = new OpenHandoffs(options.store);
    const position = options.store.position();
    if (position !== null) {
      this.#position = position.sequence;
      this.#hash = position.hash;
    }
    for (const { id, name, count } of options.store.agencies()) {
      this.#agencies.set(name, new AgencyIndex(name, id, options.store, count));
    }
  }

  /** Last sequence that was applied. */
  get position(): number {
    return this.#position;
  }

  get receivers(): ReadonlySet<Receiver> {
    return this.#receivers;
  }

  /** Folds events in. Those seen before are passed over; one that is not the next is an Error: a hole must not be skipped. */
  apply(batch: readonly FedEvent[]): void {
    for (const { sequence, bytes, hash, event } of batch) {
      if (sequence <= this.#position) continue;
      if (sequence !== this.#position + 1) {
        throw new Error(`The deliveries stand at event ${this.#position} and were given event ${sequence}.`);
      }
      const members = audienceOf(event, this.handoffs.senderOf);
      this.handoffs.apply(event, sequence, hash);
      this.#position = sequence;
      this.#hash = hash;
      this.#unwrittenEvents += 1;
      if (members.length > 0) this.#address(members, sequence, bytes, laneOf(event.dossier ?? ""));
    }
    if (this.#unwrittenEvents >= this.#options.unwrittenEventsMax) this.write();
  }

  /** Brings the store up to the position. A store that cannot be written costs memory and, at a crash, reading again. */
  write(): void {
    if (this.#unwrittenEvents === 0 || this.#position === 0) return;
    try {
      this.#options.store.write({
        agencies: this.#newAgencies,
        entries: [...this.#unwritten].map((agency) => ({ agency: agency.id, entries: agency.unwritten })),
        ...this.handoffs.changes(),
        position: this.#position,
        hash: this.#hash,
      });
    } catch (error) {
      if (!this.#writeFailing) this.#options.logger.error({ err: error }, "The delivery store cannot be written.");
      this.#writeFailing = true;
      return;
    }
    this.#writeFailing = false;
    this.#newAgencies = [];
    for (const agency of this.#unwritten) agency.written();
    this.#unwritten.clear();
    this.#unwrittenEvents = 0;
    this.handoffs.changesWritten();
  }

  /** What another replica, or this one before, has written about a subscription. */
  settledElsewhere(agencyName: string, name: string, state: SettledState, message: number): void {
    const subscription = this.#subscription(this.#agency(agencyName), name);
    if (message < subscription.settledMessage) return;
    subscription.settledMessage = message;
    subscription.merge(state, this.#position);
    subscription.changed = !sameSettled(subscription.settledState(), state);
    this.#wake(subscription);
  }

  /** A subscription of an agency, made on its first use: from the beginning, or from where it was asked to start. */
  open(agencyName: string, name: string, fromSequence: number | null): Subscription {
    const agency = this.#agency(agencyName);
    // Handing out from earlier than asked is safe; a mark beyond what is known would swallow events to come.
    const from = fromSequence === null ? null : Math.min(fromSequence, this.#position + 1);
    const known = agency.subscriptions.get(name);
    if (known === undefined) {
      const subscription = this.#subscription(agency, name, from === null ? 0 : from - 1);
      subscription.changed = true;
      return subscription;
    }
    if (from !== null) known.startAgainFrom(from, this.#options.clock.nowMs());
    return known;
  }

  /** Throws a refusal if a name cannot be used beside those in use. */
  checkName(agencyName: string, name: string): void {
    const used = this.#agencies.get(agencyName)?.subscriptions;
    if (used === undefined || used.has(name) || used.size < subscriptionsPerAgencyMax) return;
    throw invalid(
      "start.subscription",
      `one of the ${subscriptionsPerAgencyMax} names that ${agencyName} uses already`,
    );
  }

  join(receiver: Receiver): void {
    this.#receivers.add(receiver);
    for (const subscription of receiver.subscriptions.values()) subscription.receivers.add(receiver);
  }

  /** What a receiver had goes to others. */
  leave(receiver: Receiver): void {
    this.#receivers.delete(receiver);
    this.#woken.delete(receiver);
    receiver.close();
    for (const subscription of receiver.subscriptions.values()) {
      subscription.receivers.delete(receiver);
      if (subscription.receivers.size === 0) subscription.rest();
      else this.#wake(subscription);
    }
  }

  /** Has the receivers of a subscription look for deliveries, in the next turn of the event loop. */
  #wake(subscription: Subscription): void {
    for (const receiver of subscription.receivers) this.wakeReceiver(receiver as Receiver);
  }

  wakeReceiver(receiver: Receiver): void {
    if (receiver.freeCredit <= 0) return;
    this.#woken.add(receiver);
    if (this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    // Whatever is appended or settled in this turn shares messages.
    setImmediate(() => {
      this.#wakeScheduled = false;
      const woken = [...this.#woken].sort((a, b) => b.freeCredit - a.freeCredit);
      this.#woken.clear();
      for (const each of woken) void each.pump();
    });
  }

  /** Something was settled: there is credit again, and perhaps a dossier that can go on elsewhere. */
  afterSettling(receiver: Receiver, settled: ReadonlySet<Subscription>): void {
    this.wakeReceiver(receiver);
    for (const subscription of settled) {
      if (subscription.receivers.size > 1) this.#wake(subscription);
    }
  }

  /** Takes back what was not settled in time. */
  takeBackOlder(ackWaitMs: number): void {
    const givenBeforeMs = performance.now() - ackWaitMs;
    const seen = new Set<Subscription>();
    for (const receiver of this.#receivers) {
      for (const subscription of receiver.subscriptions.values()) {
        if (seen.has(subscription)) continue;
        seen.add(subscription);
        if (subscription.underWayCount > 0 && subscription.takeBackOlder(givenBeforeMs)) this.#wake(subscription);
      }
    }
  }

  /** Ends the streams of those who may not receive any more. */
  authoriseAgain(everyMs: number): void {
    const nowMs = performance.now();
    for (const receiver of this.#receivers) {
      if (nowMs - receiver.authorisedAtMs < everyMs) continue;
      receiver.authorisedAtMs = nowMs;
      const refusal = this.refusalFor(receiver.identity, [...receiver.subscriptions.keys()]);
      if (refusal !== null) receiver.end(refusal);
    }
  }

  /** Why a system may not receive for one of these agencies, named by its place in `start`; null if it may. */
  refusalFor(identity: PeerIdentity, agencies: readonly string[]): BusError | null {
    for (const [index, agency] of agencies.entries()) {
      const refusal = this.#authorise(identity, agency);
      if (refusal === null) continue;
      const { reason, metadata, cause } = refusal;
      // An agency that the registry does not know is delegated to nobody.
      const named = reason === "AGENCY_UNKNOWN" ? "DELEGATION_MISSING" : reason;
      const details = { system: identity.systemId, ...metadata, agency, field: `start.agencies[${index}]` };
      return busError(named, details, { cause });
    }
    return null;
  }

  /** A refusal that is thrown, as of a system that the registry no longer knows, is one all the same. */
  #authorise(identity: PeerIdentity, agency: string): BusError | null {
    try {
      return this.#options.authorise(identity, agency);
    } catch (error) {
      return asBusError(error);
    }
  }

  /** Subscriptions whose settled state is to be written. */
  changedSubscriptions(): Subscription[] {
    const changed: Subscription[] = [];
    for (const agency of this.#agencies.values()) {
      for (const subscription of agency.subscriptions.values()) if (subscription.changed) changed.push(subscription);
    }
    return changed;
  }

  allSubscriptions(): Subscription[] {
    return [...this.#agencies.values()].flatMap((agency) => [...agency.subscriptions.values()]);
  }

  waitingCount(agencyName: string, name: string = mainSubscription): number {
    const agency = this.#agencies.get(agencyName);
    return agency === undefined ? 0 : (agency.subscriptions.get(name)?.waitingCount ?? agency.count);
  }

  #address(members: readonly AudienceMember[], sequence: number, bytes: Uint8Array, lane: number): void {
    let received = false;
    for (const { agency: name, role } of members) {
      if (name === "") continue;
      const agency = this.#agency(name);
      const entry = { sequence, role: roleNumber(role), lane };
      agency.add(entry);
      this.#unwritten.add(agency);
      for (const subscription of agency.subscriptions.values()) {
        subscription.add(entry);
        if (subscription.receivers.size === 0) continue;
        received = true;
        this.#wake(subscription);
      }
    }
    // Where nobody listens, the stream keeps it well enough.
    if (received) this.#options.bytes.keep(sequence, bytes);
  }

  #agency(name: string): AgencyIndex {
    let agency = this.#agencies.get(name);
    if (agency === undefined) {
      agency = new AgencyIndex(name, this.#agencies.size + 1, this.#options.store, 0);
      this.#agencies.set(name, agency);
      this.#newAgencies.push(agency);
    }
    return agency;
  }

  #subscription(agency: AgencyIndex, name: string, settledUpTo: number = 0): Subscription {
    let subscription = agency.subscriptions.get(name);
    if (subscription === undefined) {
      subscription = new Subscription(agency, name, settledUpTo);
      agency.subscriptions.set(name, subscription);
    }
    return subscription;
  }
}
