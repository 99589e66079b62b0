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

/** Statements of one round on the streams; between rounds, dossiers that moved are replaced. */
const statementsPerRound = 2_500;
/** Most of all inputs that are calls; the rest are statements on the streams. */
const callShare = 0.15;
/** Of all inputs, each: calls of the libraries' own services, and frames below gRPC. */
const smallShare = 0.005;
const ports = ["exchange", "registry"] as const;
type Port = (typeof ports)[number];
/** Systems that call: those that speak for wards, departments and police, and one that speaks for nobody. */
const callers: Readonly<Record<Port, readonly string[]>> = {
  exchange: ["hn-mot-cua", "ca-cu-tru"],
  registry: ["operator", "hn-mot-cua"],
};
const callsAtOnce = 24;
/** After so many inputs, caches and pools of the bus have the size that they keep. */
const warmUpInputsMax = 50_000;

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
    const mounted = new Map<Port, MountedMethod[]>();
    for (const port of ports) mounted.set(port, await mountedMethods(world.address(port), world.tls("operator")));
    const methods = [...mounted.values()].flat();
    const on = { world, words, stations, tally };

    /** Fuzzes from all sides until there were so many inputs, and leaves nothing open. */
    const stretch = async (part: string, goal: number, untilMs: number): Promise<void> => {
      const began = tally.inputs;
      const goesOn = () => tally.inputs < goal && performance.now() < untilMs && bus.ended() === null;
      const statements = new StatementLane(on.world, stations, tally, `${seed} ${part}`);
      const lanes = ports.flatMap((port) =>
        callers[port].map(
          (system) => new CallLane(port, system, mounted.get(port) ?? [], { ...on, seed: `${seed} ${part}` }),
        ),
      );
      const sayStatements = async (): Promise<void> => {
        while (goesOn()) {
          await statements.run(Math.min(statementsPerRound, Math.max(100, goal - tally.inputs)));
          await stations.refresh();
          await expectServing(on.world, tally);
        }
      };
      // Calls keep their share: statements come by the thousand, and would else be nearly everything.
      const callsGoOn = () => goesOn() && (tally.inputs - began) * callShare >= inCalls() - callsAtOnce * 8;
      const inCalls = () => tally.inputs - began - statements.sent;
      const makeCalls = async (lane: CallLane): Promise<void> => {
        while (goesOn()) {
          await lane.run(callsGoOn, callsAtOnce);
          await wait(5);
        }
      };
      const sendOddities = async (): Promise<void> => {
        for (let turn = 0, sent = 0; goesOn(); turn++) {
          if (sent <= (tally.inputs - began) * smallShare) {
            await fuzzLibraryMethods(on.world, ports[turn % 2] as Port, tally, `${seed} ${part} ${turn}`, 14);
            await fuzzFraming(on.world, methods, tally, `${seed} ${part} ${turn}`, 14);
            sent += 14;
          } else await wait(50);
          await on.world.catchUp();
        }
      };
      try {
        await Promise.all([sayStatements(), sendOddities(), ...lanes.map(makeCalls)]);
      } finally {
        statements.close();
        for (const lane of lanes) await lane.close();
      }
      const ended = bus.ended();
      if (ended !== null) throw new Error(ended);
      // What was left under way is given back at once; what is still there in a second was kept.
      await wait(1_000);
    };

    const startedMs = performance.now();
    const untilMs = startedMs + minutes * 60_000;
    let toldFaults = 0;
    const telling = setInterval(() => {
      const rate = Math.round(tally.inputs / ((performance.now() - startedMs) / 1_000));
      const faults = `${tally.faultCount} faults`;
      report(`${tally.inputs} of ${inputs} inputs, ${rate} per second, ${tally.accepted} accepted, ${faults}`);
      for (const { method, what } of tally.faults.slice(toldFaults)) report(`FOUND: ${method}: ${what}`);
      toldFaults = tally.faults.length;
    }, 10_000);
    let before: BusFacts;
    try {
      await stretch("warm-up", Math.min(warmUpInputsMax, Math.floor(inputs * 0.4)), untilMs);
      before = await bus.facts();
      await stretch("main", inputs, untilMs);
    } finally {
      clearInterval(telling);
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const after = await bus.facts();
    const blockedMsMax = Math.max(before.eventLoopBlockedMsMax, after.eventLoopBlockedMsMax);
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
