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
    const figures: Record<string, number> = {};
    const kinds = [{ prefix: "pglite_", where: join(folder, "pglite"), seconds: 0 }];
    if (cluster !== null) kinds.unshift({ prefix: "", where: await cluster.newDatabase(), seconds: 0 });
    const stream = await openStream(ground);
    for (const size of sizes) {
      // An index stops at the end of what there is, so that each size is asked at rest; the next one builds on it.
      await stream.fillTo(size);
      const made = stream.made();
      for (const kind of kinds) {
        const { prefix, where } = kind;
        const child = startBenchProcess<IndexOrders, IndexReport>("./ledger/index-process.ts");
        const dossiers = Array.from(
          { length: trailsAsked },
          (_, at) => stream.codes[Math.floor((at * stream.codes.length) / trailsAsked)] ?? "",
        );
        // So that no trail is asked for next to the one before it.
        dossiers.sort((a, b) => (a.split("").toReversed().join("") < b.split("").toReversed().join("") ? -1 : 1));
        const report = await child.call({
          ...{ natsUrl: ground.nats.url, seedFilePath: ground.nats.credentials.audit.seedFilePath },
          ...{ shard, where, size: made, dossiers },
        });
        await child.end();
        kind.seconds += report.seconds;
        figures[`${prefix}trail_p50_ms_${nameOf(size)}`] = percentile(report.trailMs, 0.5);
        figures[`${prefix}trail_p99_ms_${nameOf(size)}`] = percentile(report.trailMs, 0.99);
        figures[`${prefix}rebuild_peak_mb_${nameOf(size)}`] = report.peakMegabytes;
        if (size !== largest) continue;
        figures[`${prefix}rebuild_seconds_${nameOf(largest)}`] = kind.seconds;
        figures[`${prefix}rebuild_events_per_second`] = made / kind.seconds;
      }
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

/** A stream that is filled with dossiers that are through, in steps. */
async function openStream(ground: StreamGround): Promise<{
  readonly codes: string[];
  made(): number;
  fillTo(size: number): Promise<void>;
}> {
  const mill = new EventMill(shard, 1);
  const codes: string[] = [];
  const append = await ground.appender(shard);
  return {
    codes,
    made: () => mill.made,
    async fillTo(size) {
      while (mill.made < size) {
        mill.playPlainly(Math.min(dossiersPerPart, Math.ceil((size - mill.made) / 4.9)));
        const messages = mill.drain();
        // "lt.<shard>.event.<code>"; codes of this mill have no dots.
        const subjects = new Set(messages.map(({ subject }) => subject.split(".").at(-1) ?? ""));
        for (const code of subjects) if (code !== "_shard") codes.push(code);
        await append(messages);
      }
    },
  };
}
