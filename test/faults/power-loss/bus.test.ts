import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNatsServer } from "@lienthong/nats-server";
import { startTestBus } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultsAfterStart, faultsInStores, promisesIn } from "./check-bus.ts";
import { isLong, recordingIsPossible } from "./how-much.ts";
import { recordWrites } from "./record-writes.ts";
import { type Data, type Names, RecordedDisk } from "./recorded-disk.ts";

const program = fileURLToPath(new URL("./programs/run-bus.ts", import.meta.url));
const syncOff = fileURLToPath(new URL("./planted/sync-off.mjs", import.meta.url));
const canRecord = recordingIsPossible();

let folder: string;
let before: string;
let natsBinary: string;

beforeAll(async () => {
  if (!canRecord) return;
  folder = mkdtempSync(join(tmpdir(), "lienthong-power-"));
  before = join(folder, "before");
  const found = await findNatsServer();
  if (found.kind !== "binary") throw new Error("This test needs a nats-server of its own; unset LIENTHONG_NATS_URL.");
  natsBinary = found.path;
  const bus = await startTestBus({ dataDirectory: join(before, "data") });
  await bus.stop();
});
afterAll(() => {
  if (canRecord) rmSync(folder, { recursive: true, force: true });
});

/** A bus on a copy of the folder, from start to stop, with dossiers on their way all the time. */
async function record(name: string, options: { before: string; preload?: string }): Promise<RecordedDisk> {
  const root = join(folder, name);
  cpSync(options.before, root, { recursive: true });
  const preload = options.preload === undefined ? [] : ["--import", options.preload];
  const traceFile = join(folder, `${name}.trace`);
  await recordWrites({ command: [...preload, program, root, isLong ? "60" : "16", "6"], traceFile });
  return new RecordedDisk({ trace: readFileSync(traceFile, "utf8"), root, before: options.before });
}

function cutAt(disk: RecordedDisk, at: number, names: Names, data: Data) {
  const target = join(folder, "cut");
  disk.writeAfterCut(target, at, names, data);
  return {
    dataDirectory: join(target, "data"),
    promises: promisesIn(String(disk.seen("journal", at) ?? "")),
  };
}

/** Some cuts, spread over the recording. */
function someCuts(disk: RecordedDisk, count: number): number[] {
  const every = Math.max(1, Math.floor(disk.cuts.length / count));
  return disk.cuts.filter((_, i) => i % every === every - 1).map(({ at }) => at);
}

test.runIf(canRecord)(
  "after a power cut nothing accepted or shown is gone, nothing runs ahead of its stream, and the bus goes on",
  { timeout: 3_600_000 },
  async () => {
    const disk = await record("running", { before });
    expect(disk.differencesFrom(join(folder, "running"))).toEqual([]);
    const cuts = someCuts(disk, isLong ? disk.cuts.length : 5);
    let started = 0;
    for (const [turn, at] of cuts.entries()) {
      for (const names of isLong
        ? (["journal", "kept"] as const)
        : [turn % 2 === 0 ? ("journal" as const) : ("kept" as const)]) {
        const data = turn % 2 === 0 ? "lost" : at;
        const { dataDirectory, promises } = cutAt(disk, at, names, data);
        const where = `cut at ${at}, names ${names}, data ${data}, ${promises.length} promises`;
        expect(await faultsInStores(dataDirectory, promises, natsBinary), where).toEqual([]);
        if (turn % (isLong ? 40 : 3) !== 2) continue;
        started += 1;
        expect(await faultsAfterStart(dataDirectory, promises), `${where}, started`).toEqual([]);
      }
    }
    expect(started).toBeGreaterThan(0);
  },
);

test.runIf(canRecord)(
  "a nats-server that answers before it syncs is found out: accepted events are gone after the cut",
  { timeout: 600_000 },
  async () => {
    const disk = await record("sync-off", { before, preload: syncOff });
    // The last moment before the bus is stopped, which would sync all the same.
    const answered = disk.cuts.map(({ at }) => ({
      at,
      count: promisesIn(String(disk.seen("journal", at) ?? "")).length,
    }));
    const most = Math.max(...answered.map(({ count }) => count));
    const { at } = answered.find(({ count }) => count === most) ?? { at: disk.end };
    const { dataDirectory, promises } = cutAt(disk, at, "journal", "lost");
    const faults = await faultsInStores(dataDirectory, promises, natsBinary);
    expect(faults.join("\n")).toMatch(/was accepted and is gone/);
  },
);

test.runIf(canRecord && isLong)(
  "a bus whose power is cut during its first start starts again, with keys and registry that fit",
  { timeout: 3_600_000 },
  async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const disk = await record("first", { before: empty });
    for (const at of someCuts(disk, 60)) {
      const { dataDirectory, promises } = cutAt(disk, at, "journal", "lost");
      expect(await faultsAfterStart(dataDirectory, promises), `first start, cut at ${at}`).toEqual([]);
    }
  },
);
