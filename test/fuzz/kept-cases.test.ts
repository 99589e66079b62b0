import { afterAll, beforeAll, expect, test } from "vitest";
import { replayCase } from "./case-replay.ts";
import { keptCases } from "./found-cases.ts";
import { type FuzzBus, startFuzzBus } from "./fuzz-bus.ts";
import { FuzzWorld } from "./fuzz-world.ts";
import { blockedMsMax } from "./judge-outcome.ts";

let bus: FuzzBus;
let world: FuzzWorld;

beforeAll(async () => {
  bus = await startFuzzBus();
  world = new FuzzWorld(bus.started);
  await world.catchUp();
});
afterAll(async () => {
  world?.close();
  await bus?.stop();
});

test.each(keptCases())("$file: what was found once is answered with $expected now", async (kept) => {
  await bus.facts();
  expect(await replayCase(kept, world)).toBe(kept.expected);
  const { eventLoopBlockedMsMax, warnings } = await bus.facts();
  expect(eventLoopBlockedMsMax).toBeLessThan(blockedMsMax);
  expect(warnings).toEqual([]);
  await world.connection("hn-mot-cua").exchange.getShard();
});
