// The bus in a process of its own: registry, exchange and delivery on an embedded nats-server, as `lienthong up` runs them.
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, narrowSeed, operatorSystem, startBus } from "@lienthong/bus";
import { loadSeed } from "../../deploy/seed/load-seed.ts";
import type { Seed } from "../../deploy/seed/seed.ts";
import { onCommand } from "./child-process.ts";

/** A former ward in each of eight districts: as many systems, each speaking for its ward and district, as one per district would. */
export const benchAreas = ["00001", "00037", "00091", "00115", "00157", "00178", "00241", "00301"] as const;

/** What a bench needs to know of a running bus. */
export interface BenchBus {
  readonly runFile: string;
  readonly natsUrl: string;
  readonly natsPid: number;
  readonly adminSeed: string;
  readonly exchangeSeed: string;
  readonly systems: readonly { readonly id: string; readonly agencies: readonly string[] }[];
}

let bus: Bus | null = null;
let directory = "";
let isKept = false;

function benchSystems(seed: Seed) {
  const byArea = new Map(
    seed.agencies.filter(({ record }) => record.areaCode !== "").map(({ record }) => [record.areaCode, record]),
  );
  const systems = benchAreas.map((area, index) => {
    const ward = byArea.get(area);
    if (ward === undefined) throw new Error(`The seed has no ward ${area}.`);
    return {
      id: `bench-${index + 1}`,
      name: { vi: `Hệ thống thử tải ${index + 1}`, en: `Load system ${index + 1}` },
      agencies: [ward.id, ward.parent],
    };
  });
  const taken = new Set(systems.flatMap((system) => system.agencies));
  for (const { record } of seed.agencies) if (!taken.has(record.id)) systems[0]?.agencies.push(record.id);
  return [
    { id: operatorSystem, name: { vi: "Công cụ vận hành", en: "Tools of the operator" }, agencies: [] },
    ...systems,
  ];
}

/** A handoff is three events here: the steps of the route need not be completed one by one. */
function withoutCompletion(seed: Seed): Seed {
  const routes = seed.routes.map(({ record }) => ({
    record: { ...record, steps: record.steps.map((step) => ({ ...step, completionRequired: false })) },
  }));
  return { ...seed, routes };
}

/** What the bus is started with. */
export interface BenchBusOrders {
  readonly keyKind: "ed25519" | "p256";
  /** "elsewhere": no ledger in this process; absent: as everywhere. */
  readonly ledger?: "elsewhere";
  /** Data folder that stays when the process ends; absent: a new one that does not. */
  readonly directory?: string;
}

onCommand<BenchBusOrders, BenchBus>(async ({ keyKind, ledger, directory: given }) => {
  directory = given ?? mkdtempSync(join(tmpdir(), "lienthong-bench-"));
  isKept = given !== undefined;
  const seed = withoutCompletion(narrowSeed(await loadSeed(), benchAreas));
  bus = await startBus({
    dataDirectory: directory,
    seed: async () => seed,
    systems: benchSystems,
    keyKind: () => keyKind,
    ...(ledger === undefined ? {} : { ledger }),
  });
  const seeds = join(bus.folder.nats, "nkeys");
  return {
    runFile: bus.folder.runFile,
    natsUrl: bus.run.nats,
    natsPid: bus.natsPid ?? 0,
    adminSeed: join(seeds, "admin.seed"),
    exchangeSeed: join(seeds, "exchange.seed"),
    systems: benchSystems(seed),
  };
});

process.on("SIGTERM", () => {
  void (async () => {
    await bus?.stop();
    if (!isKept) await rm(directory, { recursive: true, force: true });
    process.exit(0);
  })();
});
