import type { Delivery, DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { backOffMs, pause } from "./back-off.ts";
import type { DurableReceiveOptions, DurableReceiver, HandledDelivery, ReceiveTrouble } from "./durable-receiver.ts";
import { InboxStore, type MarkedDelivery, type ParkedDelivery } from "./inbox-store.ts";
import { KeptSubscription } from "./kept-subscription.ts";

interface Job {
  readonly delivery: HandledDelivery;
  failures: number;
}

interface TryAgain {
  readonly resolve: (handled: number) => void;
  readonly reject: (error: unknown) => void;
}

/** What is to be done for one dossier, one after the other. */
interface Lane {
  readonly dossier: string;
  readonly jobs: (Job | TryAgain)[];
  /** It is being worked at, waits to be, or waits for its next attempt. */
  busy: boolean;
}

interface Done {
  readonly lane: Lane;
  readonly job: Job;
  /** Null: handled. */
  readonly parked: ParkedDelivery | null;
}

const listMax = 1_000;
const shortBackOff = { firstBackoffMs: 200, backoffMsMax: 30_000 };

/** Subscribes, hands over, remembers and settles: the receiver as `receiveDurably` gives it. */
export class ResumingReceiver implements DurableReceiver {
  readonly ready: Promise<void>;
  readonly #options: DurableReceiveOptions;
  readonly #store: InboxStore;
  readonly #backOff: { firstBackoffMs: number; backoffMsMax: number };
  readonly #lanes = new Map<string, Lane>();
  /** Deliveries in lanes, by shard, agency and leaf index. */
  readonly #present = new Map<string, Job>();
  /** The one with the highest leaf index that came, by shard and agency. */
  readonly #reached = new Map<string, MarkedDelivery>();
  readonly #toRun: Lane[] = [];
  #running = 0;
  #done: Done[] = [];
  /** Redeliveries of what is handled already: they only need to be settled. */
  #settleOnly: (MarkedDelivery & { readonly role: DeliveryRole })[] = [];
  #commitScheduled = false;
  #commitFailures = 0;
  readonly #subscription: KeptSubscription;
  readonly #closeSignal = new AbortController();
  #closed = false;
  #closeOnce: Promise<void> | null = null;
  #restWaiters: (() => void)[] = [];

  constructor(options: DurableReceiveOptions) {
    this.#options = options;
    this.#backOff = {
      firstBackoffMs: options.firstBackoffMs ?? shortBackOff.firstBackoffMs,
      backoffMsMax: options.backoffMsMax ?? shortBackOff.backoffMsMax,
    };
    this.#store = new InboxStore(options.directory, options.subscription ?? "main", options.handledMax ?? 1_000_000);
    this.#subscription = new KeptSubscription(options, {
      backOff: this.#backOff,
      fromLeafIndex: () => (this.#store.started ? undefined : options.fromLeafIndex),
      onStands: () => this.#markStarted(),
      onDeliveries: (deliveries) => this.#take(deliveries),
      onTrouble: (trouble) => this.#trouble(trouble),
    });
    this.ready = this.#subscription.ready;
  }

  parked(limit: number = listMax): ParkedDelivery[] {
    return this.#store.parked(limit);
  }

  async tryAgain(dossier?: string): Promise<{ handled: number; parked: number }> {
    if (this.#closing) throw new Error("This receiver is closed; open it again.");
    const dossiers = dossier === undefined ? this.#store.parkedDossiers() : [dossier];
    const counts = await Promise.all(
      dossiers.map((one) => new Promise<number>((resolve, reject) => this.#enqueue(one, { resolve, reject }))),
    );
    return { handled: counts.reduce((sum, count) => sum + count, 0), parked: this.#store.parkedCount };
  }

  position(agency: string, shard: string = this.#options.shard): bigint | null {
    return this.#store.position(shard, agency);
  }

  close({ withinMs = 10_000 }: { withinMs?: number } = {}): Promise<void> {
    this.#closeOnce ??= this.#close(withinMs);
    return this.#closeOnce;
  }

  get #closing(): boolean {
    return this.#closeSignal.signal.aborted;
  }

  async #close(withinMs: number): Promise<void> {
    this.#closeSignal.abort();
    this.#subscription.stopComingBack();
    let timer: NodeJS.Timeout | null = null;
    const rest = new Promise<void>((resolve) => {
      this.#restWaiters.push(resolve);
      timer = setTimeout(resolve, withinMs);
      this.#checkRest();
    });
    await rest;
    if (timer !== null) clearTimeout(timer);
    this.#commit();
    this.#closed = true;
    for (const job of [...this.#lanes.values()].flatMap(({ jobs }) => jobs)) {
      if ("reject" in job) job.reject(new Error("The receiver was closed before it could try again."));
    }
    // Sends what was settled; what was not handled comes again the next time.
    await this.#subscription.close();
    this.#store.close();
  }

  #markStarted(): void {
    if (this.#closed || this.#store.started) return;
    try {
      this.#store.transaction(() => this.#store.markStarted());
    } catch (error) {
      // It is marked when the subscription stands the next time; until then it starts from the index again.
      this.#trouble({ error: error as Error, delivery: null, retryInMs: null });
    }
  }

  /** Takes deliveries in without waiting for their handlers: the credit bounds how many there are. */
  #take(deliveries: readonly Delivery[]): void {
    if (this.#closing) return;
    for (const came of deliveries) {
      const delivery: Delivery = { ...came, shard: came.shard || this.#options.shard };
      const { leafIndex } = delivery;
      const source = sourceOf(delivery);
      if (leafIndex >= (this.#reached.get(source)?.leafIndex ?? 0n)) this.#reached.set(source, delivery);
      // One that came again while it is worked at is settled when that is done.
      if (this.#present.has(keyOf(delivery))) continue;
      if (this.#store.has(delivery)) {
        this.#settleOnly.push(delivery);
        this.#scheduleCommit();
        continue;
      }
      let job: Job;
      try {
        job = { delivery: handledOf(delivery), failures: 0 };
      } catch (error) {
        this.#parkUnreadable(delivery, error as Error);
        continue;
      }
      this.#present.set(keyOf(delivery), job);
      this.#enqueue(job.delivery.dossier, job);
    }
  }

  /** An event that this client cannot read: an older client among newer ones. Its dossier is not known, so nothing waits for it. */
  #parkUnreadable({ shard, agency, role, leafIndex, event: bytes }: Delivery, error: Error): void {
    // Beyond the bound it comes again, as everything that is not settled.
    if (!this.#mayPark()) return;
    const parked = { shard, agency, role, leafIndex, bytes, dossier: "", failures: 1, error: sentenceOf(error) };
    this.#store.transaction(() => this.#store.park(parked));
    this.#trouble({ error, delivery: parked, retryInMs: null });
    this.#settleOnly.push(parked);
    this.#scheduleCommit();
  }

  #enqueue(dossier: string, job: Job | TryAgain): void {
    let lane = this.#lanes.get(dossier);
    if (lane === undefined) {
      lane = { dossier, jobs: [], busy: false };
      this.#lanes.set(dossier, lane);
    }
    lane.jobs.push(job);
    this.#goOn(lane);
  }

  #goOn(lane: Lane): void {
    if (lane.busy) return;
    if (lane.jobs.length === 0) {
      this.#lanes.delete(lane.dossier);
      return;
    }
    lane.busy = true;
    this.#toRun.push(lane);
    this.#runMore();
  }

  #runMore(): void {
    while (!this.#closing && this.#running < (this.#options.handlersMax ?? 8)) {
      const lane = this.#toRun.shift();
      if (lane === undefined) break;
      this.#running += 1;
      const [job] = lane.jobs as [Job | TryAgain];
      void ("delivery" in job ? this.#runJob(lane, job) : this.#runTryAgain(lane, job)).finally(() => {
        this.#running -= 1;
        this.#runMore();
        this.#checkRest();
      });
    }
  }

  async #runJob(lane: Lane, job: Job): Promise<void> {
    const { delivery } = job;
    try {
      // What follows a parked delivery of its dossier must not overtake it.
      if (this.#store.isParked(lane.dossier) && this.#mayPark()) {
        this.#finish({ lane, job, parked: parkedOf(delivery, 0, null) });
        return;
      }
      await this.#handle({ ...delivery, failures: job.failures });
      this.#finish({ lane, job, parked: null });
    } catch (thrown) {
      const error = thrown as Error;
      job.failures += 1;
      if (job.failures >= (this.#options.failuresMax ?? 8) && this.#mayPark()) {
        this.#trouble({ error, delivery, retryInMs: null });
        this.#finish({ lane, job, parked: parkedOf(delivery, job.failures, sentenceOf(error)) });
        return;
      }
      const retryInMs = backOffMs(job.failures, this.#backOff);
      this.#trouble({ error, delivery, retryInMs });
      void this.#pause(retryInMs).then(() => {
        lane.busy = false;
        if (!this.#closing) this.#goOn(lane);
      });
    }
  }

  async #runTryAgain(lane: Lane, again: TryAgain): Promise<void> {
    let handled = 0;
    try {
      for (let parked = this.#store.firstParked(lane.dossier); parked !== null; ) {
        if (this.#closing) break;
        const one: ParkedDelivery = parked;
        try {
          await this.#handle({ ...handledOf({ ...one, event: one.bytes }), failures: one.failures });
        } catch (error) {
          this.#store.transaction(() => this.#store.failedAgain(one, sentenceOf(error as Error)));
          break;
        }
        this.#store.transaction(() => {
          this.#store.unpark(one);
          this.#store.markHandled(one);
        });
        handled += 1;
        parked = this.#store.firstParked(lane.dossier);
      }
      again.resolve(handled);
    } catch (error) {
      again.reject(error);
    }
    lane.jobs.shift();
    lane.busy = false;
    this.#goOn(lane);
  }

  async #handle(delivery: HandledDelivery): Promise<void> {
    const { handleWithinMs = 60_000 } = this.#options;
    const overdue = new AbortController();
    const passed = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new Error(`The handler took longer than ${handleWithinMs} ms.`);
      overdue.abort(error);
      passed.reject(error);
    }, handleWithinMs);
    try {
      await Promise.race([this.#options.handler(delivery, overdue.signal), passed.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #mayPark(): boolean {
    const soon = this.#done.filter(({ parked }) => parked !== null).length;
    return this.#store.parkedCount + soon < (this.#options.parkedMax ?? 1_000);
  }

  #finish(done: Done): void {
    this.#done.push(done);
    this.#scheduleCommit();
  }

  #scheduleCommit(): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    // What is done in one turn of the event loop shares one fsync.
    setImmediate(() => {
      this.#commitScheduled = false;
      if (!this.#closed) this.#commit();
    });
  }

  /** Marks what is done, and only then settles it. */
  #commit(): void {
    const done = this.#done;
    const settleOnly = this.#settleOnly;
    this.#done = [];
    this.#settleOnly = [];
    if (done.length + settleOnly.length === 0) return;
    for (const { job } of done) this.#present.delete(keyOf(job.delivery));
    try {
      this.#store.transaction(() => {
        for (const { job, parked } of done) {
          if (parked === null) this.#store.markHandled(job.delivery);
          else this.#store.park(parked);
        }
        for (const position of this.#positions()) this.#store.movePosition(position);
      });
      // A crash before this: the handler was called, and is called again for the same deliveries.
      this.#commitFailures = 0;
    } catch (error) {
      for (const { job } of done) this.#present.set(keyOf(job.delivery), job);
      this.#done.unshift(...done);
      this.#settleOnly.unshift(...settleOnly);
      if (this.#closing) return;
      this.#commitFailures += 1;
      const retryInMs = backOffMs(this.#commitFailures, this.#backOff);
      this.#trouble({ error: error as Error, delivery: null, retryInMs });
      void this.#pause(retryInMs).then(() => this.#scheduleCommit());
      return;
    }
    // A subscription to one shard does not name it with each delivery.
    const named = ({ agency, leafIndex, role, shard }: MarkedDelivery & { role: DeliveryRole }) => ({
      agency,
      leafIndex,
      role,
      shard: this.#options.shard === "" ? shard : "",
    });
    this.#subscription.settle([...done.map(({ job }) => job.delivery), ...settleOnly].map(named));
    for (const { lane } of done) {
      lane.jobs.shift();
      lane.busy = false;
      this.#goOn(lane);
    }
    this.#checkRest();
  }

  /** By shard and agency, the highest leaf index at or below which nothing is in hand. */
  #positions(): MarkedDelivery[] {
    const positions = new Map(this.#reached);
    for (const { delivery } of this.#present.values()) {
      const source = sourceOf(delivery);
      const reached = positions.get(source);
      if (reached !== undefined && delivery.leafIndex <= reached.leafIndex) {
        positions.set(source, { ...reached, leafIndex: delivery.leafIndex - 1n });
      }
    }
    return [...positions.values()].filter(({ leafIndex }) => leafIndex >= 0n);
  }

  #pause(ms: number): Promise<void> {
    return pause(ms, this.#closeSignal.signal);
  }

  #trouble(trouble: ReceiveTrouble): void {
    try {
      this.#options.onTrouble?.(trouble);
    } catch {
      // Whoever is told of troubles must not become one.
    }
  }

  #checkRest(): void {
    if (this.#running > 0 || this.#done.length > 0) return;
    for (const resume of this.#restWaiters.splice(0)) resume();
  }
}

function handledOf(delivery: Omit<Delivery, "redelivered">): HandledDelivery {
  const { shard, agency, role, leafIndex, event: bytes } = delivery;
  const event = readEvent(bytes);
  const dossier = event.dossier ?? "";
  return { shard, agency, role, leafIndex, bytes, event, hash: leafHash(bytes), dossier, failures: 0 };
}

function parkedOf(delivery: HandledDelivery, failures: number, error: string | null): ParkedDelivery {
  const { shard, agency, role, leafIndex, bytes, dossier } = delivery;
  return { shard, agency, role, leafIndex, bytes, dossier, failures, error };
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sourceOf({ shard, agency }: MarkedDelivery): string {
  return `${shard}/${agency}`;
}

function keyOf(delivery: MarkedDelivery): string {
  return `${sourceOf(delivery)}/${delivery.leafIndex}`;
}
