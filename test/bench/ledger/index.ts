// How fast the index is made from a stream, with how much memory, and how fast it answers as it grows: served PostgreSQL, PGlite beside it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasPostgres, PostgresCluster } from "../../../services/audit/test/databases.ts";
import { EventMill } from "../../../services/audit/test/made-events.ts";
import { StreamGround } from "../../../services/audit/test/stream-ground.ts";
import { startBenchProcess } from "../child-process.ts";
import { percentile } from "../results.ts";
import type { IndexOrders, IndexReport } from "./index-process.ts";

const shard = "bench-index";
const trailsAsked = 2_000;
/** Dossiers made at a time: about 20,000 events in memory. */
const dossiersPerPart = 4_000;

/** Figures of the index at these sizes; the last one counts for the whole. */
export async function measureIndex({ quick }: { readonly quick: boolean }): Promise<Record<string, number>> {
  const sizes = quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000];
  const largest = sizes.at(-1) ?? 0;
  const ground = await StreamGround.start();
  const cluster = hasPostgres ? await PostgresCluster.start() : null;
  const folder = await mkdtemp(join(tmpdir(), "bench-index-"));
  try {
    const codes = await fillStream(ground, sizes);
    const figures: Record<string, number> = {};
    const kinds: [string, string][] = [["pglite_", join(folder, "pglite")]];
    if (cluster !== null) kinds.unshift(["", await cluster.newDatabase()]);
    for (const [prefix, where] of kinds) {
      const child = startBenchProcess<IndexOrders, IndexReport>("./ledger/index-process.ts");
      let seconds = 0;
      for (const size of sizes) {
        const known = codes.filter(({ until }) => until <= size);
        const dossiers = Array.from(
          { length: trailsAsked },
          (_, at) => known[Math.floor((at * known.length) / trailsAsked)]?.code ?? "",
        );
        // So that no trail is asked for next to the one before it.
        dossiers.sort((a, b) => (a.split("").toReversed().join("") < b.split("").toReversed().join("") ? -1 : 1));
        const report = await child.call({
          ...{ natsUrl: ground.nats.url, seedFilePath: ground.nats.credentials.audit.seedFilePath },
          ...{ shard, where, size, dossiers },
        });
        seconds += report.seconds;
        figures[`${prefix}trail_p50_ms_${nameOf(size)}`] = percentile(report.trailMs, 0.5);
        figures[`${prefix}trail_p99_ms_${nameOf(size)}`] = percentile(report.trailMs, 0.99);
        figures[`${prefix}rebuild_peak_mb_${nameOf(size)}`] = report.peakMegabytes;
      }
      figures[`${prefix}rebuild_seconds_${nameOf(largest)}`] = seconds;
      figures[`${prefix}rebuild_events_per_second`] = largest / seconds;
      await child.end();
    }
    return figures;
  } finally {
    await ground.stop();
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function nameOf(size: number): string {
  return size >= 1_000_000 ? `${size / 1_000_000}m` : `${size / 1_000}k`;
}

/** Fills the stream, and tells dossiers with the size of the log at which all their events are there. */
async function fillStream(ground: StreamGround, sizes: readonly number[]): Promise<{ code: string; until: number }[]> {
  const largest = sizes.at(-1) ?? 0;
  const mill = new EventMill(shard, 1);
  const codes: { code: string; until: number }[] = [];
  const append = await ground.appender(shard);
  while (mill.made < largest) {
    mill.playPlainly(Math.min(dossiersPerPart, Math.ceil((largest - mill.made) / 4.9)));
    const messages = mill.drain();
    const last = new Map(messages.map(({ subject, sequence }) => [subject, sequence]));
    for (const [subject, until] of last) {
      // "lt.<shard>.event.<code>"; codes of this mill have no dots.
      const code = subject.split(".").at(-1) ?? "";
      if (code !== "_shard") codes.push({ code, until });
    }
    await append(messages);
  }
  return codes;
}
