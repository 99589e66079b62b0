// A bus of the version named in `earlier-version`, under load, becomes one of this version: service by service, each stopped in good order and
// started again from this tree, on the same data folder, while the others go on. What agencies were told is held against log, index and stream.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Fault, type ServiceName, type ServiceSettings, serviceNames } from "../fault.ts";
import { runFaults } from "../run-faults.ts";
import { earlierVersion, unpackEarlierTree } from "./earlier-tree.ts";

const isRequired = process.env.LIENTHONG_EARLIER_VERSION === "required";
const preload = [new URL("./load-earlier-tree.ts", import.meta.url)];

/** Stops each service in good order and starts it from this tree. */
const rollingUpgrade: Fault = {
  name: "rolling-upgrade",
  async run(world) {
    for (const name of serviceNames) {
      const from = performance.now();
      await world.services[name].holdDown("SIGTERM");
      await world.services[name].start({ environment: { LIENTHONG_TEST_TREE: "" } });
      const { everyMs } = await world.nextAccepted(60_000);
      world.note(
        `${name} upgraded in ${Math.round(performance.now() - from)} ms; the next statement after ${everyMs} ms`,
      );
    }
    return `${serviceNames.length} services, one after the other`;
  },
};

test("every service is upgraded under load, and nobody is told anything wrong", { timeout: 300_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "lienthong-upgrade-"));
  try {
    const commit = await earlierVersion();
    const tree = join(directory, "earlier");
    const missing = await unpackEarlierTree(commit, tree);
    if (missing !== null) {
      if (isRequired) throw new Error(`The rolling upgrade could not run: ${missing}.`);
      process.stderr.write(`NOT RUN: the rolling upgrade, because ${missing}.\n`);
      return;
    }
    const settings: ServiceSettings = { preload, environment: { LIENTHONG_TEST_TREE: tree } };
    const { violations, sentences, counts, notes } = await runFaults({
      directory,
      seed: "rolling-upgrade",
      forMs: 1_000,
      faults: [rollingUpgrade],
      eachOnce: true,
      settings: Object.fromEntries(serviceNames.map((name) => [name, settings])) as Record<
        ServiceName,
        ServiceSettings
      >,
      say: () => {},
    });
    process.stdout.write(`${notes.join("\n")}\n${counts.accepted} statements accepted, ${counts.refused} refused\n`);
    const usedBy = (await readdir(tree)).filter((name) => name.startsWith("used-by-"));
    expect(usedBy.length).toBeGreaterThanOrEqual(serviceNames.length);
    expect(sentences).toEqual([]);
    expect(Object.values(violations).every((count) => count === 0)).toBe(true);
    expect(counts.accepted).toBeGreaterThan(50);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
});
