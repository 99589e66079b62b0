import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, demonstrationSystems, narrowSeed, operatorSystem, scenarioShard, startBus } from "@lienthong/bus";
import { type Connection, connect } from "@lienthong/client";
import { importSigningKey, type SigningKey } from "@lienthong/statement";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { type PlayScenarioOptions, playScenario, type ScenarioSummary } from "../src/index.ts";

/** Wards of two districts. */
const areaCodes = ["00001", "00004", "00006", "00016", "00019"];

/** A real bus of five wards, and the systems that speak to it. */
export interface PlayedBus {
  readonly bus: Bus;
  /** Connection of the system that speaks for an agency. */
  connectionFor(agency: string): Connection;
  /** Seal of an agency. */
  keysFor(agency: string): readonly SigningKey[];
  play(options: Partial<PlayScenarioOptions> & { dossiers: number; seed: number }): Promise<ScenarioSummary>;
  /** Stops the bus and starts it again on the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a bus in a folder of its own. */
export async function startPlayedBus(): Promise<PlayedBus> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "lienthong-scenario-"));
  const seed = narrowSeed(await loadSeed(), areaCodes);
  const systemOf = new Map(
    demonstrationSystems(seed).flatMap(({ id, agencies }) => agencies.map((agency) => [agency, id] as const)),
  );
  const keys = new Map<string, SigningKey>();
  let bus: Bus;
  let connections: Map<string, Connection>;
  let registry: Connection;

  async function start(): Promise<void> {
    bus = await startBus({ dataDirectory, seed: async () => seed });
    const { run } = bus;
    const caPem = readFileSync(run.tls.ca, "utf8");
    const connectAs = (system: string, address: string): Connection => {
      const files = run.tls.certificates[system];
      if (files === undefined) throw new Error(`The bus has no certificate for system '${system}'.`);
      const certPem = readFileSync(files.certificate, "utf8");
      return connect({ address, tls: { caPem, certPem, keyPem: readFileSync(files.key, "utf8") } });
    };
    registry = connectAs(operatorSystem, run.grpc.registry);
    connections = new Map([...new Set(systemOf.values())].map((id) => [id, connectAs(id, run.grpc.exchange)]));
  }
  async function stop(): Promise<void> {
    for (const connection of [registry, ...connections.values()]) connection.close();
    await bus.stop();
  }
  const connectionFor = (agency: string): Connection => {
    const connection = connections.get(systemOf.get(agency) ?? "");
    if (connection === undefined) throw new Error(`No system speaks for '${agency}'.`);
    return connection;
  };

  const keysFor = (agency: string): readonly SigningKey[] => {
    const key = keys.get(agency) ?? importSigningKey(readFileSync(join(bus.run.keys, `${agency}.pem`), "utf8"));
    keys.set(agency, key);
    return [key];
  };

  await start();
  return {
    get bus() {
      return bus;
    },
    connectionFor,
    keysFor,
    play(options) {
      const exchange = bus.replicas[0]!.exchange;
      return playScenario({
        shard: scenarioShard.name,
        registry: registry.registry,
        systems: { connectionFor },
        keysFor,
        calendar: seed.calendar,
        clock: exchange.clock,
        advanceClock: (to) => exchange.advanceClock(to),
        ...options,
      });
    },
    async restart() {
      await stop();
      await start();
    },
    async stop() {
      await stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
