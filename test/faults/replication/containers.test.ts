// The same three nats-servers on networks of a container engine: the image that is deployed, a network of its own for the routes, and members
// taken off it. Where no engine runs this says so aloud. LIENTHONG_CONTAINERS=install (CI) installs it first; =required (verify:long) fails without.
import { eventStreamName } from "@lienthong/event-store";
import { expect, test } from "vitest";
import { testAreas } from "../../../packages/testkit/src/index.ts";
import { checkTrail } from "./check-trail.ts";
import { startContainerCluster } from "./container-cluster.ts";
import { ensureDocker } from "./docker.ts";
import { startReplicatedBus } from "./replicated-bus.ts";
import { type SteadyLoad, startLoad } from "./steady-load.ts";

const isRequired = process.env.LIENTHONG_CONTAINERS === "required";
const mayInstall = isRequired || process.env.LIENTHONG_CONTAINERS === "install";
const recoverySecondsMax = 10;
/** Votes may be split: see cluster.test.ts. */
const unluckyRecoverySecondsMax = 25;
const courses = testAreas.map((areaCode) => ({
  ward: `hn-wold-${areaCode}`,
  areaCode,
  procedure: "social-home-admission",
}));

/** From the harm until something that was signed when the harm was whole was accepted. */
async function secondsSince(harmAt: number, load: SteadyLoad): Promise<number> {
  const wholeAt = performance.now();
  return ((await load.recovery(wholeAt)).firstMs + wholeAt - harmAt) / 1_000;
}

test("on container networks, too: a leader cut off and a leader killed cost seconds and no statement", {
  timeout: 600_000,
}, async () => {
  const docker = await ensureDocker({ mayInstall });
  if (!docker.usable) {
    if (isRequired) throw new Error(`The test on container networks could not run: ${docker.why}.`);
    process.stderr.write(`NOT RUN: the test on container networks, because ${docker.why}.\n`);
    return;
  }
  const said: string[] = [];
  try {
    const on = await startReplicatedBus(await startContainerCluster());
    try {
      const { cluster } = on;
      const stream = eventStreamName(on.bus.bus.shard.name);
      const load = startLoad(on.bus, courses, 6);
      await load.recovery(performance.now());

      const cutOff = await cluster.leaderOf(stream);
      const cutAt = performance.now();
      await cluster.isolate(cutOff);
      const afterCut = await secondsSince(cutAt, load);
      said.push(`leader off its network: ${afterCut.toFixed(1)} s`);
      await cluster.rejoin(cutOff);
      await cluster.upToDate();

      const killed = await cluster.leaderOf(stream);
      const killedAt = performance.now();
      await cluster.kill(killed);
      const afterKill = await secondsSince(killedAt, load);
      said.push(`leader's container killed: ${afterKill.toFixed(1)} s`);
      await cluster.start(killed);
      await cluster.upToDate();

      await load.stop();
      const { faults, events } = await checkTrail(on.bus, load.accepted, cluster);
      said.push(`${load.accepted.length} accepted, ${events} events`);
      expect(load.refused).toEqual([]);
      expect(faults).toEqual([]);
      expect(Math.min(afterCut, afterKill)).toBeLessThan(recoverySecondsMax);
      expect(Math.max(afterCut, afterKill)).toBeLessThan(unluckyRecoverySecondsMax);
    } finally {
      await on.stop();
    }
  } finally {
    process.stdout.write(`on container networks: ${said.join("; ")}\n`);
    await docker.stop();
  }
});
