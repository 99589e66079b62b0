import { setTimeout as wait } from "node:timers/promises";
import { CallLane } from "./call-lane.ts";
import { Dice } from "./dice.ts";
import { EntrySource } from "./entry-source.ts";
import { fuzzFraming } from "./framing-lane.ts";
import { type BusFacts, type StreamVerdict, startFuzzBus } from "./fuzz-bus.ts";
import { FuzzWords } from "./fuzz-words.ts";
import { FuzzWorld } from "./fuzz-world.ts";
import { fuzzLibraryMethods } from "./library-lane.ts";
import { type MountedMethod, mountedMethods } from "./mounted-methods.ts";
import { RawChannel } from "./raw-channel.ts";
import { StatementLane, streamStatementsPath } from "./statement-lane.ts";
import { Stations } from "./stations.ts";
import { Tally } from "./tally.ts";

/** What is to be done. */
export interface FuzzOrders {
  readonly inputs: number;
  readonly seed: string;
  /** Ends after so long, however many inputs were made. */
  readonly minutes?: number;
  readonly report?: (line: string) => void;
}

/** What was seen. */
export interface FuzzOutcome {
  readonly seed: string;
  readonly seconds: number;
  readonly inputs: number;
  readonly tally: Tally;
  readonly methods: readonly MountedMethod[];
  readonly before: BusFacts;
  readonly after: BusFacts;
  readonly eventLoopBlockedMsMax: number;
  readonly stream: StreamVerdict;
  readonly loggedErrors: readonly string[];
}

/** Inputs of one round; between rounds a valid call is made, and dossiers that moved are replaced. */
const inputsPerRound = 2_500;
/** Of each round, statements on the streams; the rest are calls of every method. */
const statementShare = 0.7;
/** Systems that call: one that speaks for wards and departments, one for nobody. */
const callers = ["hn-mot-cua", "operator"] as const;

/** Sends inputs to a bus of its own until there were enough, and looks what became of it. */
export async function runFuzz({
  inputs,
  seed,
  minutes = Number.POSITIVE_INFINITY,
  report = () => {},
}: FuzzOrders): Promise<FuzzOutcome> {
  const bus = await startFuzzBus();
  const tally = new Tally();
  let world: FuzzWorld | null = null;
  try {
    world = new FuzzWorld(bus.started);
    await world.catchUp();
    const stations = new Stations(world, new Dice(`${seed} stations`));
    await stations.build();
    const entries = new EntrySource(world);
    await entries.build();
    const words = new FuzzWords(world, stations, entries);
    const ports = ["exchange", "registry"] as const;
    const mounted = new Map<(typeof ports)[number], MountedMethod[]>();
    for (const port of ports) mounted.set(port, await mountedMethods(world.address(port), world.tls("operator")));
    const methods = [...mounted.values()].flat();

    let statements = new StatementLane(world, stations, tally, seed);
    const on = { world, words, stations, tally };
    const makeLanes = (part: string) =>
      ports.flatMap((port) =>
        callers.map(
          (system) => new CallLane(port, system, mounted.get(port) ?? [], { ...on, seed: `${seed} ${part}` }),
        ),
      );
    let lanes = makeLanes("warm-up");

    let blockedMsMax = 0;
    const startedMs = performance.now();
    let rounds = 0;
    const round = async (count: number): Promise<void> => {
      const inStatements = Math.floor(count * statementShare);
      const inCalls = count - inStatements;
      const perLane = Math.max(1, Math.floor((inCalls * 0.94) / lanes.length));
      const part = `${seed} round ${rounds++}`;
      const few = Math.max(7, Math.floor(inCalls * 0.02));
      await Promise.all([
        statements.run(inStatements),
        ...lanes.map((lane) => lane.run(perLane, 24)),
        fuzzLibraryMethods(on.world, ports[rounds % 2] as (typeof ports)[number], tally, part, few),
        fuzzFraming(on.world, methods, tally, part, few),
      ]);
      await stations.refresh();
      await on.world.catchUp();
      await expectServing(on.world, tally);
      if (bus.ended() !== null) throw new Error(bus.ended() ?? "");
    };
    const closeAll = async (): Promise<void> => {
      statements.close();
      for (const lane of lanes) await lane.close();
      // What was left under way is given back within half a minute; a bus that keeps it longer has kept it.
      await wait(1_000);
    };

    const goal = inputs;
    const warmUp = Math.min(20_000, Math.max(inputsPerRound, Math.floor(goal * 0.3)));
    while (tally.inputs < warmUp) await round(inputsPerRound);
    await closeAll();
    const before = await bus.facts();
    blockedMsMax = before.eventLoopBlockedMsMax;
    statements = new StatementLane(world, stations, tally, `${seed} main`);
    lanes = makeLanes("main");

    let toldMs = performance.now();
    while (tally.inputs < goal && performance.now() - startedMs < minutes * 60_000) {
      await round(Math.min(inputsPerRound, Math.max(200, goal - tally.inputs)));
      if (performance.now() - toldMs > 10_000) {
        toldMs = performance.now();
        const rate = Math.round(tally.inputs / ((toldMs - startedMs) / 1_000));
        report(
          `${tally.inputs} of ${goal} inputs, ${rate} per second, ${tally.accepted} accepted, ${tally.faultCount} faults`,
        );
      }
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    await closeAll();
    const after = await bus.facts();
    blockedMsMax = Math.max(blockedMsMax, after.eventLoopBlockedMsMax);
    const stream = await bus.checkStream();
    for (const fault of stream.faults) tally.fault(streamStatementsPath, fault, new Uint8Array(0));
    const loggedErrors = await bus.loggedErrors();
    const common = { seed, seconds, inputs: tally.inputs, tally, methods };
    return { ...common, before, after, eventLoopBlockedMsMax: blockedMsMax, stream, loggedErrors };
  } finally {
    world?.close();
    if (bus.ended() === null) await bus.stop();
  }
}

/** The bus is well: its health says so, and a call of somebody else is answered. */
async function expectServing(world: FuzzWorld, tally: Tally): Promise<void> {
  for (const port of ["exchange", "registry"] as const) {
    const channel = new RawChannel(world.address(port), world.tls("operator"));
    const path = "/grpc.health.v1.Health/Check";
    const { status, responses } = await channel.unary(path, new Uint8Array(0), 10_000);
    if (status.code !== 0 || responses[0]?.[1] !== 1) {
      tally.fault(
        path,
        `The ${port} is not serving: ${status.code} ${status.message}`,
        responses[0] ?? new Uint8Array(0),
      );
    }
    channel.close();
  }
  await world.connection("hn-mot-cua").exchange.getShard();
  await world.connection("operator", "registry").registry.getHead();
}
