import { asBusError, type BusError, busError, type Clock, type Logger, type PeerIdentity } from "@lienthong/chassis";
import { type AudienceMember, audienceOfEvent, endedHandoffs } from "@lienthong/domain";
import type { ReadEvent } from "@lienthong/statement";
import { AgencyIndex } from "./agency-index.ts";
import type { EventBytes } from "./event-bytes.ts";
import { FetchDesk } from "./fetch-desk.ts";
import { laneOf, roleNumber } from "./index-entry.ts";
import { OpenDossiers } from "./open-dossiers.ts";
import { OpenHandoffs } from "./open-handoffs.ts";
import { invalid, mainSubscription } from "./receive-requests.ts";
import { type SettledState, sameSettled } from "./settled-state.ts";
import { type Holder, Subscription } from "./subscription.ts";
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

/** Who is given deliveries: a stream, or a call that waits for a page. */
export interface Attendant extends Holder {
  readonly identity: PeerIdentity;
  /** By agency. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  /** Field of its request that names the agencies. */
  readonly agenciesField: string;
  /** When the registry was last asked whether it may receive, on the monotonic clock. */
  authorisedAtMs: number;
  /** Takes what it can. Never rejects. */
  pump(): Promise<unknown>;
  /** Ends it with a refusal. */
  end(error: BusError): void;
  /** Takes nothing more; gives back what it has. */
  close(): void;
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
  readonly #dossiers: OpenDossiers;
  readonly #options: DeliveryViewOptions;
  readonly #agencies = new Map<string, AgencyIndex>();
  readonly #receivers = new Set<Attendant>();
  readonly #woken = new Set<Attendant>();
  readonly #desks = new Map<Subscription, FetchDesk>();
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
    this.#dossiers = new OpenDossiers(options.store);
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

  get receivers(): ReadonlySet<Attendant> {
    return this.#receivers;
  }

  /** Folds events in. Those seen before are passed over; one that is not the next is an Error: a hole must not be skipped. */
  apply(batch: readonly FedEvent[]): void {
    for (const { sequence, bytes, hash, event } of batch) {
      if (sequence <= this.#position) continue;
      if (sequence !== this.#position + 1) {
        throw new Error(`The deliveries stand at event ${this.#position} and were given event ${sequence}.`);
      }
      // Whom an event concerns depends on where the dossier stood before it.
      const before = event.dossier === null ? null : this.#dossiers.partiesOf(event.dossier);
      const members = audienceOfEvent(event, before);
      this.handoffs.apply(event, sequence, hash, endedHandoffs(event, before));
      this.#dossiers.apply(event, hash, before);
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
        ...this.#dossiers.changes(),
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
    this.#dossiers.changesWritten();
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
  checkName(agencyName: string, name: string, field: string): void {
    const used = this.#agencies.get(agencyName)?.subscriptions;
    if (used === undefined || used.has(name) || used.size < subscriptionsPerAgencyMax) return;
    throw invalid(field, `one of the ${subscriptionsPerAgencyMax} names that ${agencyName} uses already`);
  }

  /** The desk of those who fetch from a subscription. */
  deskOf(subscription: Subscription): FetchDesk {
    let desk = this.#desks.get(subscription);
    if (desk === undefined) {
      desk = new FetchDesk(subscription);
      this.#desks.set(subscription, desk);
      subscription.receivers.add(desk);
    }
    return desk;
  }

  join(receiver: Attendant): void {
    this.#receivers.add(receiver);
    for (const subscription of receiver.subscriptions.values()) subscription.receivers.add(receiver);
  }

  /** What a receiver had goes to others. */
  leave(receiver: Attendant): void {
    receiver.close();
    this.#part(receiver);
  }

  /** A call takes part in the hand-out until it has its page. */
  joinFetch(fetch: Attendant): void {
    for (const subscription of fetch.subscriptions.values()) this.deskOf(subscription).callCount += 1;
    this.join(fetch);
  }

  /** The page stays under way; what was given back, or more than fitted, may go to others. */
  leaveFetch(fetch: Attendant): void {
    for (const subscription of fetch.subscriptions.values()) this.deskOf(subscription).callEnded();
    this.#part(fetch);
  }

  /** Clears the desks to which nobody has come back for so long: what waits there leaves the memory. */
  clearDesertedDesks(idleMs: number): void {
    const sinceMs = performance.now() - idleMs;
    for (const [subscription, desk] of this.#desks) {
      if (!desk.deserted(sinceMs)) continue;
      this.#desks.delete(subscription);
      subscription.receivers.delete(desk);
      if (subscription.receivers.size === 0) subscription.rest();
    }
  }

  #part(receiver: Attendant): void {
    this.#receivers.delete(receiver);
    this.#woken.delete(receiver);
    for (const subscription of receiver.subscriptions.values()) {
      subscription.receivers.delete(receiver);
      if (subscription.receivers.size === 0) subscription.rest();
      else this.#wake(subscription);
    }
  }

  /** Has the receivers of a subscription look for deliveries, in the next turn of the event loop. */
  #wake(subscription: Subscription): void {
    // A desk has no credit; all others are attendants.
    for (const receiver of subscription.receivers) this.wakeReceiver(receiver as Attendant);
  }

  wakeReceiver(receiver: Attendant): void {
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

  /** Something was settled: a stream has credit again, and perhaps a dossier can go on elsewhere. */
  afterSettling(receiver: Attendant | null, settled: ReadonlySet<Subscription>): void {
    if (receiver !== null) this.wakeReceiver(receiver);
    for (const subscription of settled) {
      if (receiver === null || subscription.receivers.size > 1) this.#wake(subscription);
    }
  }

  /** Takes back what was not settled in time. */
  takeBackOlder(ackWaitMs: number): void {
    const givenBeforeMs = performance.now() - ackWaitMs;
    const receivedOn = new Set<Subscription>(this.#desks.keys());
    for (const receiver of this.#receivers) {
      for (const subscription of receiver.subscriptions.values()) receivedOn.add(subscription);
    }
    for (const subscription of receivedOn) {
      if (subscription.underWayCount > 0 && subscription.takeBackOlder(givenBeforeMs)) this.#wake(subscription);
    }
  }

  /** Ends the streams of those who may not receive any more. */
  authoriseAgain(everyMs: number): void {
    const nowMs = performance.now();
    for (const receiver of this.#receivers) {
      if (nowMs - receiver.authorisedAtMs < everyMs) continue;
      receiver.authorisedAtMs = nowMs;
      const { identity, agenciesField } = receiver;
      const refusal = this.refusalFor(identity, [...receiver.subscriptions.keys()], (at) => `${agenciesField}[${at}]`);
      if (refusal !== null) receiver.end(refusal);
    }
  }

  /** Why a system may not receive for one of these agencies, naming the field of its place; null if it may. */
  refusalFor(identity: PeerIdentity, agencies: readonly string[], fieldOf: (index: number) => string): BusError | null {
    for (const [index, agency] of agencies.entries()) {
      const refusal = this.#authorise(identity, agency);
      if (refusal === null) continue;
      const { reason, metadata, cause } = refusal;
      // An agency that the registry does not know is delegated to nobody.
      const named = reason === "AGENCY_UNKNOWN" ? "DELEGATION_MISSING" : reason;
      const details = { system: identity.systemId, ...metadata, agency, field: fieldOf(index) };
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
