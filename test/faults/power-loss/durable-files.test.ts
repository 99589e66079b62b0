import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultsAfterCut, promisedRounds } from "./check-durable-files.ts";
import { isLong, recordingIsPossible } from "./how-much.ts";
import { recordWrites } from "./record-writes.ts";
import { type Data, type Names, RecordedDisk } from "./recorded-disk.ts";

const program = fileURLToPath(new URL("./programs/write-durably.ts", import.meta.url));
const canRecord = recordingIsPossible();
/** In the short run one cut in so many, another one each time the number of syncs changes; in the long run every cut. */
const cutEvery = isLong ? 1 : 23;

let folder: string;
let trace = "";

beforeAll(async () => {
  if (!canRecord) return;
  folder = mkdtempSync(join(tmpdir(), "lienthong-power-"));
  for (const name of ["root", "before"]) mkdirSync(join(folder, name));
  await recordWrites({ command: [program, join(folder, "root")], traceFile: join(folder, "trace") });
  trace = readFileSync(join(folder, "trace"), "utf8");
});
afterAll(() => {
  if (canRecord) rmSync(folder, { recursive: true, force: true });
});

function recorded(ignoresSync?: (path: string) => boolean): RecordedDisk {
  const options = { trace, root: join(folder, "root"), before: join(folder, "before") };
  return new RecordedDisk(ignoresSync === undefined ? options : { ...options, ignoresSync });
}

/** Faults of the folder as a power cut leaves it, and what was looked at, for the message. */
async function faultsAt(disk: RecordedDisk, at: number, names: Names, data: Data): Promise<string[]> {
  const target = join(folder, "cut");
  disk.writeAfterCut(target, at, names, data);
  const promised = promisedRounds(String(disk.seen("journal", at) ?? ""));
  return (await faultsAfterCut(target, promised)).map(
    (fault) => `cut at ${at}, names ${names}, data ${data}: ${fault}`,
  );
}

test.runIf(canRecord)("a recording with all that was written is the folder, byte for byte", () => {
  const disk = recorded();
  expect(disk.differencesFrom(join(folder, "root"))).toEqual([]);
  expect(disk.cuts.length).toBeGreaterThan(150);
});

test.runIf(canRecord)(
  "after a power cut at any sync every durable file holds what it promised, whatever the disk made of names and bytes that were not synced",
  { timeout: 600_000 },
  async () => {
    const disk = recorded();
    const cuts = disk.cuts.filter((_, i) => i % cutEvery === 0 || i === disk.cuts.length - 1);
    for (const { at } of cuts) {
      for (const names of ["lost", "journal", "kept"] as const) {
        for (const data of ["lost", at] as const) expect(await faultsAt(disk, at, names, data)).toEqual([]);
      }
    }
  },
);

test.runIf(canRecord).each([
  ["the policy file's bytes", "replaced", /^policy\/policy/],
  ["a kept key's folder", "key", /^keys$/],
  ["the durable head", "head", /^exchange\/shard\/head$/],
  ["the outbox's database", "table", /outbox\.sqlite/],
  ["the witness's folder", "witness", /^witness\/state$/],
  ["the ledger's files", "log", /^ledger\/log\/(head|tile)/],
  ["the kept checkpoints", "checkpoints", /checkpoints\.sqlite/],
  ["the folder that a durable head lies in", "head", /^exchange$/],
])("with the syncs of %s left out, the loss is seen", { timeout: 120_000 }, async (_, part, path) => {
  const disk = recorded((synced) => path.test(synced));
  const { at } = disk.cuts.at(-1) ?? { at: disk.end };
  // The very end of the recording, where everything is promised.
  const faults = await faultsAt(disk, at + 1_000_000, "lost", "lost");
  expect(faults.join("\n")).toContain(`: ${part}: `);
});
