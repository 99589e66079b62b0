// A process that makes an index from a stream up to a size, and says how long it took and how much memory it had at its peak.
import { readFileSync } from "node:fs";
import { createLogger } from "@lienthong/chassis";
import { connectAs } from "@lienthong/nats-server";
import { AuditIndex, openDatabase } from "../../../services/audit/src/index.ts";
import { readTrail } from "../../../services/audit/src/questions/trail.ts";
import { madeNames } from "../../../services/audit/test/made-events.ts";
import { onCommand } from "../child-process.ts";

/** Where from, where to, and how far. The first command opens; every one builds on. */
export interface IndexOrders {
  readonly natsUrl: string;
  readonly seedFilePath: string;
  readonly shard: string;
  /** "postgres://…", or a folder for the embedded database. */
  readonly where: string;
  readonly size: number;
  /** Dossiers whose trails are asked for when it is there. */
  readonly dossiers: readonly string[];
}

/** How it went. */
export interface IndexReport {
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly trailMs: readonly number[];
}

const everything = { agency: "hn-z", scopes: [], unlimited: true, scope: "all" };

async function open({ natsUrl, seedFilePath, where }: IndexOrders): Promise<AuditIndex> {
  const database = await openDatabase({ url: where.startsWith("postgres:") ? where : undefined, directory: where });
  return AuditIndex.open({
    database,
    connection: await connectAs({ url: natsUrl, role: "audit", seedFilePath, name: "bench index" }),
    names: madeNames,
    registryAt: async () => {},
    logger: createLogger({ service: "bench", level: "fatal" }),
  });
}

let kept: AuditIndex | null = null;
/** Trails asked for before the clock runs: connections are made and plans are known then, as in a service that has run for a minute. */
const trailsBefore = 100;

onCommand<IndexOrders, IndexReport>(async (orders) => {
  const { shard, size, dossiers } = orders;
  kept ??= await open(orders);
  const index = kept;
  const began = performance.now();
  index.followShard(shard);
  await index.waitForSize(shard, size, AbortSignal.timeout(3_600_000));
  const seconds = (performance.now() - began) / 1_000;
  await index.database.script("analyze");
  const trailMs: number[] = [];
  for (const dossier of [...dossiers.slice(0, trailsBefore), ...dossiers]) {
    const asked = performance.now();
    const { items } = await readTrail(index.database, everything, { dossier, shard: "", pageSize: 100, after: null });
    trailMs.push(performance.now() - asked);
    if (items.length === 0) throw new Error(`The index has no events of ${dossier}.`);
  }
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return { seconds, peakMegabytes: Number(peak ?? 0) / 1_024, trailMs: trailMs.slice(trailsBefore) };
});

process.on("SIGTERM", () => process.exit(0));
