// The agencies: five systems over mutual TLS, each with an outbox and a durable receiver, playing real routes from desk to desk.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { RunFile } from "@lienthong/bus";
import type { TlsMaterial } from "@lienthong/chassis";
import { BusCallError, type Connection, connect, createAgencyPen, readAccepted } from "@lienthong/client";
import { Channel } from "@lienthong/contracts/exchange/v1/statement";
import { Promise as BusPromise } from "@lienthong/contracts/ledger/v1/promise";
import { RegistryState } from "@lienthong/registry-state";
import { importSigningKey, type SigningKey, type VerifyingKey } from "@lienthong/statement";
import { Dice } from "../../fuzz/dice.ts";
import type { LoadOrder } from "../fault.ts";
import { faultAreas } from "../world/fault-seed.ts";
import { AgencySystem } from "./agency-system.ts";
import { fillShard } from "./fill-shard.ts";
import { Journal } from "./journal.ts";
import type { LoadCalls, LoadGround, LoadQuestion } from "./load-messages.ts";
import { flood, neverSettle, poison, race } from "./misbehaving-clients.ts";
import { type RoutePlan, readPlans } from "./route-plans.ts";

/** What everything here stands on, once started. */
export interface LoadWorld {
  readonly ground: LoadGround;
  readonly run: RunFile;
  readonly network: Uint8Array;
  readonly shard: string;
  readonly origin: string;
  readonly promiseKeys: readonly VerifyingKey[];
  readonly plans: readonly RoutePlan[];
  readonly dice: Dice;
  readonly journal: Journal;
  tls(system: string): TlsMaterial;
  keyOf(agency: string): SigningKey;
  systemOf(agency: string): string;
  newDossier(): string;
}

const attemptMs = 1_500;
let world: LoadWorld;
let systems: AgencySystem[] = [];
const plansByDossier = new Map<string, RoutePlan>();
const open = new Set<string>();
const counts = { dossiers: 0, ended: 0 };
let isOpening = false;
let opening: Promise<void> = Promise.resolve();

async function start(ground: LoadGround): Promise<void> {
  const run = JSON.parse(readFileSync(ground.runFile, "utf8")) as RunFile;
  const caPem = readFileSync(run.tls.ca, "utf8");
  const tls = (system: string): TlsMaterial => {
    const files = run.tls.certificates[system];
    if (files === undefined) throw new Error(`There is no certificate for ${system}.`);
    return { caPem, certPem: readFileSync(files.certificate, "utf8"), keyPem: readFileSync(files.key, "utf8") };
  };
  const registry = connect({ address: ground.registry, tls: tls("operator") });
  const state = await readRegistry(registry);
  const today = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10);
  const plans = await readPlans(registry, faultAreas, today);
  registry.close();
  const shard = [...state.shards()][0]?.record;
  if (shard === undefined) throw new Error("The registry declares no shard.");
  const agencies = [...new Set(plans.flatMap(({ steps }) => steps.map(({ agency }) => agency)))];
  const systemOf = (agency: string): string => state.systemsOf(agency)[0] ?? "";
  const keys = new Map<string, SigningKey>();
  let number = 0;
  const day = today.slice(2).replaceAll("-", "");
  const journal = new Journal(join(ground.directory, "journal.jsonl"));
  world = {
    ground,
    run,
    network: state.network,
    shard: shard.name,
    origin: shard.origin,
    promiseKeys: [1, 2].map((index) => promiseKey(run, index)),
    plans,
    dice: new Dice(`${ground.seed}/load`),
    journal,
    tls,
    keyOf(agency) {
      const known = keys.get(agency) ?? importSigningKey(readFileSync(join(run.keys, `${agency}.pem`), "utf8"));
      keys.set(agency, known);
      return known;
    },
    systemOf,
    newDossier: () => `H26-${day}-${String(++number).padStart(7, "0")}`,
  };
  const stepOfForward = new Map<string, string>();
  const throws = new Map<string, number>();
  systems = [...new Set(agencies.map(systemOf))].map(
    (id, index) =>
      new AgencySystem({
        ...world,
        id,
        directory: join(ground.directory, id),
        // Half of them prefer one replica, half the other.
        addresses: index % 2 === 0 ? ground.exchanges : ground.exchanges.toReversed(),
        tls: tls(id),
        agencies: agencies.filter((agency) => systemOf(agency) === id),
        planOf: (dossier) => plansByDossier.get(dossier),
        stepOfForward,
        dice(dossier) {
          const thrown = (throws.get(dossier) ?? 0) + 1;
          throws.set(dossier, thrown);
          return new Dice(`${ground.seed}/${dossier}/${thrown}`);
        },
        onEnded(dossier) {
          if (open.delete(dossier)) counts.ended += 1;
        },
        onAccepted: () => {},
      }),
  );
  isOpening = true;
  opening = keepOpening();
}

/** A steady course whatever the bus does; only what clients could not finish themselves holds it back. */
async function keepOpening(): Promise<void> {
  const { plans, dice, ground } = world;
  const startedAt = performance.now();
  for (let count = 1; isOpening; count++) {
    const plan = dice.pick(plans);
    const dossier = world.newDossier();
    plansByDossier.set(dossier, plan);
    open.add(dossier);
    counts.dossiers += 1;
    const system = systems.find(({ id }) => id === world.systemOf(plan.opener));
    // A system whose files are being put back takes nothing at that moment; the desk tries again.
    await untilKept(() => system?.open(dossier, plan) ?? Promise.resolve());
    while (isOpening && open.size > openMax) await wait(50);
    const dueMs = startedAt + (count * 1_000) / ground.dossiersPerSecond - performance.now();
    if (dueMs > 0) await wait(dueMs);
  }
}

const openMax = 600;

async function untilKept(act: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt >= 100) throw error;
      await wait(50);
    }
  }
}

async function readRegistry(registry: Connection): Promise<RegistryState> {
  const state = new RegistryState();
  const { size } = (await registry.registry.getHead()).head ?? { size: 0n };
  for (let from = 0n; from < size; ) {
    const { signedEntries: entries } = await registry.registry.listEntries({ fromNumber: from, pageSize: 1_000 });
    for (const entry of entries) state.apply(entry);
    from += BigInt(entries.length);
  }
  return state;
}

function promiseKey(run: RunFile, index: number): VerifyingKey {
  return importSigningKey(readFileSync(join(run.keys, "..", "promise", `exchange-${index}.pem`), "utf8"));
}

async function pulse({
  replica,
  withinMs,
}: {
  replica: number;
  withinMs: number;
}): Promise<{ ms: number; leaf: number; dossier: string }> {
  const { plans, journal, ground, tls, keyOf, systemOf } = world;
  const plan = plans[0] as RoutePlan;
  const { opener, areaCode } = plan;
  const address = ground.exchanges[replica] as string;
  const pen = createAgencyPen({ agency: opener, keys: [keyOf(opener)], network: world.network, shard: world.shard });
  const dossier = world.newDossier();
  const signed = pen.open({ dossier, areaCode, ...plan.open, channel: Channel.CHANNEL_ONLINE });
  const id = signed.statementId;
  journal.write({ t: "offered", id, dossier, agency: opener, what: "open" });
  const startedAt = performance.now();
  for (;;) {
    const connection = connect({
      address,
      tls: tls(systemOf(opener)),
      channel: { sharedConnection: false, serverName: "localhost" },
    });
    try {
      const accepted = await connection.exchange.submit(signed.envelope, { deadlineMs: attemptMs });
      const expected = { sent: signed, origin: world.origin, network: world.network, promiseKeys: world.promiseKeys };
      readAccepted(accepted, expected);
      const promise = accepted.promise === undefined ? "" : base64(BusPromise.encode(accepted.promise).finish());
      const leaf = Number(accepted.leafIndex);
      journal.write({
        t: "accepted",
        id,
        dossier,
        leaf,
        event: base64(accepted.event),
        promise,
        again: accepted.repeatedAnswer,
      });
      return { ms: performance.now() - startedAt, leaf, dossier };
    } catch (error) {
      const reason = error instanceof BusCallError ? (error.reason ?? error.message) : (error as Error).message;
      journal.write({ t: "unknown", id, reason });
      if (performance.now() - startedAt > withinMs) {
        throw new Error(`No statement was accepted by ${address} within ${withinMs} ms; the last answer was ${reason}`);
      }
      await wait(50);
    } finally {
      connection.close();
    }
  }
}

async function receipt({ leaf, withinMs }: { leaf: number; withinMs: number }): Promise<{ ms: number }> {
  const { journal, ground, tls, shard } = world;
  const startedAt = performance.now();
  for (;;) {
    const options = { sharedConnection: false, serverName: "localhost" };
    const connection = connect({
      address: ground.ledger,
      tls: tls(world.systemOf(world.plans[0]?.opener ?? "")),
      channel: options,
    });
    try {
      const given = await connection.ledger.receipt({ log: shard, leafIndex: BigInt(leaf) }, { deadlineMs: 3_000 });
      journal.write({ t: "receipt", leaf, proof: given.receipt });
      return { ms: performance.now() - startedAt };
    } catch (error) {
      if (performance.now() - startedAt > withinMs) {
        throw new Error(`No receipt for leaf ${leaf} within ${withinMs} ms: ${(error as Error).message}`);
      }
      await wait(50);
    } finally {
      connection.close();
    }
  }
}

async function order(given: LoadOrder): Promise<void> {
  switch (given.kind) {
    case "flood":
      return flood(world, given.statements);
    case "never-settle":
      return neverSettle(world, given.milliseconds);
    case "poison":
      return poison(world);
    case "fill":
      return fillShard(world, given.dossiers);
    case "race":
      return race(world, given.dossiers);
    case "restore-client": {
      const system = world.dice.pick(systems);
      await system.backUp();
      await wait(2_000);
      if (world.dice.chance(0.5)) await system.restore();
      else await system.receiveAnew();
      return;
    }
  }
}

async function finish({ withinMs }: { withinMs: number }): Promise<{ unfinished: string[]; parked: number }> {
  isOpening = false;
  await opening;
  const deadline = performance.now() + withinMs;
  const isAtRest = (): boolean => open.size === 0 && systems.every(({ pending }) => pending === 0);
  while (!isAtRest() && performance.now() < deadline) await wait(100);
  // What is on its way to a receiver, and asks for nothing.
  await wait(2_000);
  const parked = systems.flatMap((system) => system.parked());
  for (const system of systems) await system.close();
  await world.journal.close();
  return { unfinished: [...open], parked: parked.length };
}

const calls: { [Name in keyof LoadCalls]: (argument: never) => Promise<unknown> } = {
  start,
  pulse,
  receipt,
  order,
  finish,
  async counts() {
    return { ...counts, pending: systems.reduce((sum, { pending }) => sum + pending, 0) };
  },
};

process.on("message", ({ number, name, argument }: LoadQuestion) => {
  calls[name](argument as never).then(
    (result) => process.send?.({ number, result }),
    (error: Error) => process.send?.({ number, error: error.stack ?? String(error) }),
  );
});
// Without the harness there is nobody to tell.
process.on("disconnect", () => process.exit(1));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
