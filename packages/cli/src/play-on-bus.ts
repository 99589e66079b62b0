import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bus, operatorSystem } from "@lienthong/bus";
import { type Connection, connect } from "@lienthong/client";
import {
  playScenario,
  SCENARIO_SUMMARY_VERSION,
  type ScenarioProgress,
  type ScenarioSummary,
} from "@lienthong/scenario";
import { importSigningKey, type SigningKey } from "@lienthong/statement";

/** Remembered of a play: what was asked for, and what came of it once it was finished. */
interface PlayMark {
  readonly dossiers: number;
  readonly seed: number;
  readonly summary: ScenarioSummary | null;
}

/** The play that a data folder holds. */
export interface PlayedScenario {
  /** Null: another version of the scenario played in this folder, and what it told cannot be shown any more. */
  readonly summary: ScenarioSummary | null;
  /** False: it was finished by an earlier start. */
  readonly playedNow: boolean;
}

const scenarioSeed = 20_250_505;

/** Connections of the demonstration's systems; one per system. */
export class SystemConnections {
  readonly #bus: Bus;
  readonly #open = new Map<string, Connection>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Connection of the system that speaks for an agency, to the exchange. */
  forAgency(agency: string): Connection {
    const system = this.#bus.registry.state.systemsOf(agency)[0];
    if (system === undefined) throw new Error(`${agency} has delegated to no system.`);
    return this.#connect(system, this.#bus.run.grpc.exchange);
  }

  /** The operator's connection to the registry. */
  registry(): Connection {
    return this.#connect(operatorSystem, this.#bus.run.grpc.registry);
  }

  /** The operator's connection to the ledger. */
  ledger(): Connection {
    return this.#connect(operatorSystem, this.#bus.run.grpc.ledger);
  }

  close(): void {
    for (const connection of this.#open.values()) connection.close();
    this.#open.clear();
  }

  #connect(system: string, address: string): Connection {
    const key = `${system} ${address}`;
    let connection = this.#open.get(key);
    if (connection === undefined) {
      const { ca, certificates } = this.#bus.run.tls;
      const files = certificates[system];
      if (files === undefined) throw new Error(`There is no certificate for the system '${system}'.`);
      connection = connect({
        address,
        tls: {
          caPem: readFileSync(ca, "utf8"),
          certPem: readFileSync(files.certificate, "utf8"),
          keyPem: readFileSync(files.key, "utf8"),
        },
      });
      this.#open.set(key, connection);
    }
    return connection;
  }
}

/** Plays the scenario if the folder's shard has not seen it whole; a play that was cut off goes on where it stopped. */
export async function playOnBus(
  bus: Bus,
  connections: SystemConnections,
  options: { dossiers: number; signal: AbortSignal; onProgress: (progress: ScenarioProgress) => void },
): Promise<PlayedScenario> {
  const markFile = join(bus.folder.root, "scenario.json");
  const mark = existsSync(markFile) ? (JSON.parse(readFileSync(markFile, "utf8")) as PlayMark) : null;
  if (mark?.summary != null) {
    const isReadable = mark.summary.version === SCENARIO_SUMMARY_VERSION;
    return { summary: isReadable ? mark.summary : null, playedNow: false };
  }
  const play = { dossiers: mark?.dossiers ?? options.dossiers, seed: mark?.seed ?? scenarioSeed };
  await writeFile(markFile, JSON.stringify({ ...play, summary: null } satisfies PlayMark));
  const exchange = bus.replicas[0]?.exchange;
  const calendar = bus.registry.state.calendarInForce("2025-05-05");
  if (exchange === undefined || calendar === undefined)
    throw new Error("There is no exchange or no calendar to play with.");
  const keys = new Map<string, SigningKey>();
  const summary = await playScenario({
    ...play,
    shard: bus.shard.name,
    registry: connections.registry().registry,
    systems: { connectionFor: (agency) => connections.forAgency(agency) },
    keysFor(agency) {
      let key = keys.get(agency);
      if (key === undefined) {
        key = importSigningKey(readFileSync(join(bus.run.keys, `${agency}.pem`), "utf8"));
        keys.set(agency, key);
      }
      return [key];
    },
    calendar: calendar.record,
    clock: exchange.clock,
    advanceClock: (to) => exchange.advanceClock(to),
    onProgress: options.onProgress,
    signal: options.signal,
  });
  await writeFile(markFile, JSON.stringify({ ...play, summary } satisfies PlayMark));
  return { summary, playedNow: true };
}
