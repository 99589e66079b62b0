import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Bus,
  type DemonstrationSystem,
  type demonstrationSystems,
  narrowSeed,
  type RunningReplica,
  type StartBusOptions,
  startBus,
} from "@lienthong/bus";
import type { TlsMaterial } from "@lienthong/chassis";
import { type Connection, connect, createAgencyPen } from "@lienthong/client";
import { importSigningKey, type SigningKey } from "@lienthong/statement";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import type { Seed } from "../../../deploy/seed/seed.ts";
import { TestOffice } from "./test-office.ts";

/** How a test's bus differs from the demonstration. */
export interface TestBusOptions {
  /** Wards (area codes of May 2025) that take part, with all that is above them and competent for them. */
  readonly areas?: readonly string[];
  /** Exchange replicas. */
  readonly replicas?: number;
  /** How many of them run in this process. */
  readonly runReplicas?: number;
  /** What the seed has beside, or instead of, the real data. */
  readonly seed?: (seed: Seed) => Seed;
  /** Data folder; by default a new one that `stop` removes. */
  readonly dataDirectory?: string;
  /** Systems instead of the demonstration's. */
  readonly systems?: StartBusOptions["systems"];
  /** Spans of the ledger other than the default. */
  readonly ledger?: StartBusOptions["ledger"];
  /** Whether, and where, an index is kept. */
  readonly audit?: StartBusOptions["audit"];
}

/** Area codes of former wards in Ba Đình and Hoàn Kiếm districts. */
export const testAreas = ["00001", "00004", "00006", "00037"] as const;

/** A bus for one test file. */
export class TestBus {
  readonly bus: Bus;
  readonly #ownsFolder: boolean;
  readonly #connections = new Map<string, Connection>();
  readonly #offices = new Map<string, TestOffice>();

  constructor(bus: Bus, ownsFolder: boolean) {
    this.bus = bus;
    this.#ownsFolder = ownsFolder;
  }

  /** TLS material of a system. */
  tls(system: string): TlsMaterial {
    const files = this.bus.run.tls.certificates[system];
    if (files === undefined) throw new Error(`There is no system '${system}' here.`);
    return {
      caPem: readFileSync(this.bus.run.tls.ca, "utf8"),
      certPem: readFileSync(files.certificate, "utf8"),
      keyPem: readFileSync(files.key, "utf8"),
    };
  }

  /** Connection of a system to an exchange replica (0 is the first), the registry, the documents, the ledger or the index; closed by `stop`. */
  connection(system: string, to: number | "registry" | "documents" | "ledger" | "audit" = 0): Connection {
    const key = `${system}/${to}`;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const made = this.newConnection(system, to);
    this.#connections.set(key, made);
    return made;
  }

  /** A connection of its own, to be closed by the caller. */
  newConnection(system: string, to: number | "registry" | "documents" | "ledger" | "audit" = 0): Connection {
    const address = typeof to === "string" ? this.bus.run.grpc[to] : this.bus.replicas[to]?.address;
    if (address === undefined) throw new Error(`There is no exchange replica ${to}.`);
    return connect({ address, tls: this.tls(system) });
  }

  /** System that speaks for an agency. */
  systemOf(agency: string): string {
    const system = this.bus.registry.state.systemsOf(agency)[0];
    if (system === undefined) throw new Error(`${agency} has delegated to no system.`);
    return system;
  }

  /** Demonstration seal of an agency. */
  keyOf(agency: string): SigningKey {
    return importSigningKey(readFileSync(join(this.bus.run.keys, `${agency}.pem`), "utf8"));
  }

  /** Somebody who speaks for an agency, in the bus's first shard unless told. */
  office(agency: string, shard = this.bus.shard.name): TestOffice {
    const name = `${agency}/${shard}`;
    let office = this.#offices.get(name);
    if (office === undefined) {
      const pen = createAgencyPen({
        agency,
        keys: [this.keyOf(agency)],
        network: this.bus.registry.state.network,
        shard,
        clock: (this.bus.replicas[0] as RunningReplica).exchange.clock,
      });
      office = new TestOffice(this, agency, pen);
      this.#offices.set(name, office);
    }
    return office;
  }

  /** Stops the bus; removes its folder if it was made for it. */
  async stop(options: { keepFolder?: boolean } = {}): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    await this.bus.stop();
    if (this.#ownsFolder && options.keepFolder !== true)
      await rm(this.bus.folder.root, { recursive: true, force: true });
  }
}

/** Starts a bus with a few wards on free ports. Takes about two seconds. */
export async function startTestBus(options: TestBusOptions = {}): Promise<TestBus> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "lienthong-test-")));
  const systems: ((seed: Parameters<typeof demonstrationSystems>[0]) => DemonstrationSystem[]) | undefined =
    options.systems;
  const { seed: amend = (seed: Seed) => seed } = options;
  const bus = await startBus({
    dataDirectory,
    seed: async () => amend(narrowSeed(await loadSeed(), options.areas ?? testAreas)),
    ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    ...(options.runReplicas === undefined ? {} : { runReplicas: options.runReplicas }),
    ...(systems === undefined ? {} : { systems }),
    ...(options.ledger === undefined ? {} : { ledger: options.ledger }),
    ...(options.audit === undefined ? {} : { audit: options.audit }),
  });
  return new TestBus(bus, options.dataDirectory === undefined);
}

let nextNumber = Math.floor(Math.random() * 100_000_000);

/** A dossier code that no other test uses. */
export function dossierCode(): string {
  nextNumber += 1;
  return `H26-250505-${String(nextNumber % 1_000_000_000_000).padStart(9, "0")}`;
}
