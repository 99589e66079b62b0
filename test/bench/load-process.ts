// The load generator: eight systems over mutual TLS, each with one stream of statements and one subscription, signing for its
// agencies. A handoff is done when the sender holds the acknowledged event.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunFile } from "@lienthong/bus";
import {
  type AgencyPen,
  type Connection,
  connect,
  createAgencyPen,
  type Receiver,
  type StatementStream,
} from "@lienthong/client";
import { type Delivery, DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { Channel, Outcome } from "@lienthong/contracts/exchange/v1/statement";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { importSigningKey, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { BenchBus } from "./bus-process.ts";
import { onCommand } from "./child-process.ts";

/** A stretch of load. */
export type LoadCommand =
  /** `receives`: false leaves the deliveries to another process. */
  | { readonly kind: "connect"; readonly bus: BenchBus; readonly receives?: boolean }
  /** As many dossiers at once as given, for a number of seconds after a warm-up. */
  | { readonly kind: "saturate"; readonly inFlight: number; readonly warmUpSeconds: number; readonly seconds: number }
  /** Handoffs started at a steady rate. */
  | { readonly kind: "steady"; readonly perSecond: number; readonly warmUpSeconds: number; readonly seconds: number }
  /** Opens so many dossiers, numbered from `from` + 1, and leaves them at the desk. */
  | { readonly kind: "open"; readonly inFlight: number; readonly from: number; readonly dossiers: number }
  /** One agency says so much about one dossier of its own, each time on the head it knows: most of it comes too late. */
  | { readonly kind: "race"; readonly perSecond: number; readonly seconds: number }
  /** How many events the shard has. */
  | { readonly kind: "count" }
  /** Load until the shard has this many events. */
  | { readonly kind: "fill"; readonly inFlight: number; readonly events: number };

/** What was measured. */
export interface LoadResult {
  readonly seconds: number;
  readonly handoffs: number;
  readonly events: number;
  /** Mean size of the events received, in bytes. */
  readonly eventBytes: number;
  /** From before the forward is signed until the sender holds the acknowledged event. */
  readonly latenciesMs: readonly number[];
}

interface Office {
  readonly agency: string;
  readonly pen: AgencyPen;
  readonly stream: StatementStream;
}

const procedure = "social-allowance-3tier";
const shardDay = "2025-05-05";
const offices = new Map<string, Office>();
/** (dossier → what its sender waits for). A dossier has one handoff at a time here. */
const waiting = new Map<string, (head: Uint8Array) => void>();
let control: Connection;
let plans: (() => Promise<DossierPlan>)[] = [];
let nextDossier = 0;
const latencies: { at: number; ms: number }[] = [];
const received = { events: 0, bytes: 0 };

interface DossierPlan {
  readonly areaCode: string;
  readonly ward: string;
  readonly open: { procedureEntry: Uint8Array; routeEntry: Uint8Array; calendarEntry: Uint8Array; step: string };
  /** Edges in order, with who is offered custody. */
  readonly hops: readonly { edge: string; step: string; receiver: string }[];
}

async function connectAll(bus: BenchBus, receives: boolean): Promise<void> {
  const run = JSON.parse(readFileSync(bus.runFile, "utf8")) as RunFile;
  const caPem = readFileSync(run.tls.ca, "utf8");
  const tls = (system: string) => {
    const files = run.tls.certificates[system];
    if (files === undefined) throw new Error(`No certificate for ${system}.`);
    return { caPem, certPem: readFileSync(files.certificate, "utf8"), keyPem: readFileSync(files.key, "utf8") };
  };
  const registry = connect({ address: run.grpc.registry, tls: tls("operator") });
  control = connect({ address: run.grpc.exchange, tls: tls("operator") });
  const { network, shard } = await control.exchange.getShard();
  const described = await registry.registry.getProcedure(procedure);
  const route = described.routes[0];
  if (route?.route === undefined) throw new Error("The bench's procedure has no route.");
  for (const system of bus.systems) {
    if (system.agencies.length === 0) continue;
    const connection = connect({ address: run.grpc.exchange, tls: tls(system.id) });
    const stream = connection.exchange.openStream({ inFlightMax: 4_096 });
    for (const agency of system.agencies) {
      const key = importSigningKey(readFileSync(join(run.keys, `${agency}.pem`), "utf8"));
      offices.set(agency, { agency, stream, pen: createAgencyPen({ agency, keys: [key], network, shard }) });
    }
    if (!receives) continue;
    const receiver: Receiver = connection.delivery.receive(
      { shard, agencies: system.agencies, credit: 10_000 },
      (deliveries) => onDeliveries(deliveries, receiver),
    );
    await receiver.ready;
    void receiver.ended.then((why) => {
      if (why !== null) throw why;
    });
  }
  const wards = [...offices.keys()].filter((agency) => agency.startsWith("hn-wold-"));
  plans = wards.map((ward) => {
    let plan: Promise<DossierPlan> | null = null;
    return () => {
      plan ??= planFor(ward, route.route as RouteRecord, {
        procedureEntry: described.entry,
        routeEntry: route.entry,
        calendarEntry: described.calendarEntry,
      });
      return plan;
    };
  });

  async function planFor(
    ward: string,
    record: RouteRecord,
    entries: Omit<DossierPlan["open"], "step">,
  ): Promise<DossierPlan> {
    const areaCode = ward.replace("hn-wold-", "");
    const start = record.steps.find((step) => step.start);
    const hops: { edge: string; step: string; receiver: string }[] = [];
    for (let at = start?.id ?? ""; ; ) {
      const edge = record.edges.find((candidate) => candidate.from === at && candidate.kind === 1);
      if (edge === undefined) break;
      const role = record.steps.find((step) => step.id === edge.to)?.role ?? "";
      const resolved = await registry.registry.resolveRole({ role, areaCode, procedure, onDate: shardDay });
      hops.push({ edge: edge.id, step: edge.to, receiver: resolved.candidates[0]?.agency ?? "" });
      at = edge.to;
    }
    return { areaCode, ward, open: { ...entries, step: start?.id ?? "" }, hops };
  }
}

function onDeliveries(deliveries: readonly Delivery[], receiver: Receiver): void {
  receiver.settle(deliveries);
  for (const delivery of deliveries) {
    received.events += 1;
    received.bytes += delivery.event.length;
    const event = readEvent(delivery.event);
    const dossier = event.dossier ?? "";
    const what = event.body.$case === "statement" ? event.body.statement.what?.$case : "delivered";
    if (delivery.role === DeliveryRole.DELIVERY_ROLE_RECEIVER) {
      const office = offices.get(delivery.agency) as Office;
      const signed = office.pen.acknowledge({ dossier, branch: "0", head: leafHash(delivery.event) });
      office.stream.submit(signed.envelope).catch(failed);
    } else if (what === "acknowledge") {
      const resolve = waiting.get(dossier);
      waiting.delete(dossier);
      resolve?.(leafHash(delivery.event));
    }
  }
}

function failed(error: Error): void {
  process.stderr.write(`The load generator was refused: ${error.message}\n`);
  process.exit(1);
}

function openDossier(plan: DossierPlan): { dossier: string; opened: Promise<Uint8Array> } {
  nextDossier += 1;
  const dossier = `H26-250505-${String(nextDossier).padStart(7, "0")}`;
  const office = offices.get(plan.ward) as Office;
  const signed = office.pen.open({ dossier, areaCode: plan.areaCode, ...plan.open, channel: Channel.CHANNEL_ONLINE });
  return { dossier, opened: office.stream.submit(signed.envelope).then((accepted) => leafHash(accepted.event)) };
}

async function handOver(
  dossier: string,
  head: Uint8Array,
  sender: string,
  hop: DossierPlan["hops"][number],
): Promise<Uint8Array> {
  const startedAt = performance.now();
  const office = offices.get(sender) as Office;
  const acknowledged = new Promise<Uint8Array>((resolve) => waiting.set(dossier, resolve));
  const target = { branch: "0", step: hop.step, edge: hop.edge, receiver: { agency: hop.receiver } };
  const signed = office.pen.forward({ dossier, branch: "0", head, targets: [target] });
  await office.stream.submit(signed.envelope);
  const next = await acknowledged;
  const at = performance.now();
  latencies.push({ at, ms: at - startedAt });
  return next;
}

/** One dossier from its opening until its result is returned. */
async function runDossier(): Promise<void> {
  const plan = await (plans[nextDossier % plans.length] as () => Promise<DossierPlan>)();
  const { dossier, opened } = openDossier(plan);
  let head = await opened;
  let holder = plan.ward;
  for (const hop of plan.hops) {
    head = await handOver(dossier, head, holder, hop);
    holder = hop.receiver;
  }
  const office = offices.get(holder) as Office;
  const signed = office.pen.returnToCitizen({
    dossier,
    branch: "0",
    head,
    outcome: Outcome.OUTCOME_GRANTED,
    channel: Channel.CHANNEL_ONLINE,
  });
  await office.stream.submit(signed.envelope);
}

const eventCount = async (): Promise<number> => Number((await control.exchange.getShard()).eventCount);
const pause = (ms: number): Promise<void> => new Promise((resume) => setTimeout(resume, ms));

/** Keeps a number of dossiers under way until told to stop; resolves when the last has ended. */
function keepBusy(inFlight: number): { stop(): Promise<void> } {
  let stopping = false;
  const workers = Array.from({ length: inFlight }, async () => {
    while (!stopping) await runDossier();
  });
  return {
    async stop() {
      stopping = true;
      await Promise.all(workers);
    },
  };
}

async function measure(seconds: number): Promise<LoadResult> {
  const eventsBefore = await eventCount();
  const from = performance.now();
  await pause(seconds * 1_000);
  const until = performance.now();
  const events = (await eventCount()) - eventsBefore;
  const inside = latencies.filter(({ at }) => at >= from && at < until);
  return {
    seconds: (until - from) / 1_000,
    handoffs: inside.length,
    events,
    eventBytes: received.bytes / received.events,
    latenciesMs: inside.map(({ ms }) => ms),
  };
}

async function saturate(inFlight: number, warmUpSeconds: number, seconds: number): Promise<LoadResult> {
  latencies.length = 0;
  const busy = keepBusy(inFlight);
  await pause(warmUpSeconds * 1_000);
  const result = await measure(seconds);
  await busy.stop();
  return result;
}

/** Open loop: a handoff begins when its time has come, whether the ones before are done or not. */
async function steady(perSecond: number, warmUpSeconds: number, seconds: number): Promise<LoadResult> {
  latencies.length = 0;
  const startedAt = performance.now();
  const count = Math.ceil(perSecond * (warmUpSeconds + seconds));
  // Dossiers with custody at hand; each handoff takes one and gives it back while hops remain.
  const idle: { dossier: string; head: Uint8Array; holder: string; plan: DossierPlan; hop: number }[] = [];
  const running: Promise<void>[] = [];
  const measured: Promise<LoadResult> = pause(warmUpSeconds * 1_000).then(() => measure(seconds));
  for (let index = 0; index < count; index++) {
    const dueMs = startedAt + (index * 1_000) / perSecond - performance.now();
    if (dueMs > 0) await pause(dueMs);
    running.push(
      (async () => {
        let taken = idle.shift();
        if (taken === undefined) {
          const plan = await (plans[nextDossier % plans.length] as () => Promise<DossierPlan>)();
          const { dossier, opened } = openDossier(plan);
          taken = { dossier, head: await opened, holder: plan.ward, plan, hop: 0 };
        }
        const hop = taken.plan.hops[taken.hop];
        if (hop === undefined) return;
        const head = await handOver(taken.dossier, taken.head, taken.holder, hop);
        if (taken.hop + 1 < taken.plan.hops.length)
          idle.push({ ...taken, head, holder: hop.receiver, hop: taken.hop + 1 });
      })(),
    );
  }
  const result = await measured;
  await Promise.all(running);
  return result;
}

async function fill(inFlight: number, events: number): Promise<LoadResult> {
  const startedAt = performance.now();
  const before = await eventCount();
  const busy = keepBusy(inFlight);
  while ((await eventCount()) < events) await pause(100);
  await busy.stop();
  latencies.length = 0;
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    handoffs: 0,
    eventBytes: 0,
    events: (await eventCount()) - before,
    latenciesMs: [],
  };
}

/** Opens dossiers and nothing else. */
async function openOnly(inFlight: number, from: number, dossiers: number): Promise<LoadResult> {
  nextDossier = from;
  const startedAt = performance.now();
  const last = nextDossier + dossiers;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (nextDossier < last) {
        const plan = await (plans[nextDossier % plans.length] as () => Promise<DossierPlan>)();
        if (nextDossier < last) await openDossier(plan).opened;
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  return { seconds, handoffs: 0, events: dossiers, eventBytes: 0, latenciesMs: [] };
}

/** Assigns the same dossier to officer after officer, faster than each can be answered. `events`: how many were accepted. */
async function race(perSecond: number, seconds: number): Promise<LoadResult> {
  nextDossier = 9_000_000 + Math.floor(Math.random() * 900_000);
  const plan = await (plans[0] as () => Promise<DossierPlan>)();
  const { dossier, opened } = openDossier(plan);
  const office = offices.get(plan.ward) as Office;
  let head = await opened;
  let accepted = 0;
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  const count = perSecond * seconds;
  for (let said = 0; said < count; said++) {
    const dueMs = startedAt + (said * 1_000) / perSecond - performance.now();
    if (dueMs > 1) await pause(dueMs);
    const signed = office.pen.assign({ dossier, branch: "0", head, officerRef: `officer-${said}` });
    running.push(
      office.stream.submit(signed.envelope).then(
        (answer) => {
          accepted += 1;
          head = leafHash(answer.event);
        },
        (error: { reason?: string }) => {
          if (error.reason !== "PRIOR_STALE" && error.reason !== "OVERLOADED") failed(error as Error);
        },
      ),
    );
  }
  await Promise.all(running);
  return { seconds, handoffs: 0, events: accepted, eventBytes: 0, latenciesMs: [] };
}

onCommand<LoadCommand, LoadResult | null>(async (command) => {
  switch (command.kind) {
    case "connect":
      await connectAll(command.bus, command.receives !== false);
      return null;
    case "saturate":
      return saturate(command.inFlight, command.warmUpSeconds, command.seconds);
    case "steady":
      return steady(command.perSecond, command.warmUpSeconds, command.seconds);
    case "open":
      return openOnly(command.inFlight, command.from, command.dossiers);
    case "race":
      return race(command.perSecond, command.seconds);
    case "count":
      return { seconds: 0, handoffs: 0, events: await eventCount(), eventBytes: 0, latenciesMs: [] };
    case "fill":
      return fill(command.inFlight, command.events);
  }
});
