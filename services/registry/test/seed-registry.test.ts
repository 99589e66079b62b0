import { registrySubject } from "@lienthong/event-store";
import { RegistryState } from "@lienthong/registry-state";
import { generateSigningKey } from "@lienthong/statement";
import { expect, test } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import {
  at,
  fixedKey,
  registrarKey,
  shardRecord,
  systemRecord,
} from "../../../packages/registry-state/test/registry-fixture.ts";
import { followRegistry, type SeedContent, seedRegistry } from "../src/index.ts";
import { openStream, startTestBus } from "./bus-fixture.ts";

async function hanoi(): Promise<SeedContent> {
  const seed = await loadSeed();
  const system = systemRecord("hn-system", [new Uint8Array(32).fill(9)]);
  const shard = shardRecord("hanoi-2026q4");
  if (system.$case !== "system" || shard.$case !== "shard") throw new Error("the fixture gave other records");
  const agencies = seed.agencies.map(({ record }) => record.id);
  return {
    seed,
    systems: [system.value],
    agencyKeys: agencies.map((agency) => ({ agency, key: generateSigningKey("p256"), demonstration: true })),
    delegations: agencies.map((agency) => ({ agency, system: "hn-system" })),
    promiseKeys: [{ replica: "exchange-1", key: fixedKey("exchange-1") }],
    shards: [shard.value],
  };
}

/** The offices right under the city, and no keys: a few dozen entries. */
async function cityOnly(): Promise<SeedContent> {
  const content = await hanoi();
  const agencies = content.seed.agencies
    .filter(({ record }) => record.parent === "" || record.parent === "hn")
    .slice(0, 40);
  const seed = { ...content.seed, agencies, units: [], successions: [] };
  return { ...content, seed, agencyKeys: [], delegations: [] };
}

test("the registry of Hanoi is seeded, folded by a follower and seeded again without effect", async () => {
  const bus = await startTestBus();
  const { append, reader, connection } = await openStream(bus);
  const content = await hanoi();
  const lines: string[] = [];
  const options = {
    ...content,
    append,
    reader,
    registrarKey,
    networkName: "lienthong-hanoi",
    recordedTime: at(0),
    report: (line: string) => lines.push(line),
  };
  const startedMs = performance.now();
  const seeded = await seedRegistry(options);
  const seededMs = performance.now() - startedMs;
  expect(seeded.found).toBe(0);
  expect(BigInt(seeded.written)).toBe(seeded.head.size);
  expect(lines.at(-1)).toBe(`The registry has ${seeded.written} of ${seeded.written} entries.`);

  const foldStartedMs = performance.now();
  const follower = followRegistry({ connection, network: seeded.network });
  await follower.caughtUp;
  const foldedMs = performance.now() - foldStartedMs;
  expect(follower.state.head).toEqual(seeded.head);
  await follower.stop();

  const stored = (await reader.messagesOfSubject(registrySubject)).map(({ payload }) => payload);
  const hereStartedMs = performance.now();
  const here = new RegistryState();
  for (const bytes of stored) here.apply(bytes);
  const hereMs = performance.now() - hereStartedMs;
  console.log(
    `${seeded.written} entries: seeded in ${seededMs.toFixed(0)} ms, folded by a follower in ${foldedMs.toFixed(0)} ms, on one thread in ${hereMs.toFixed(0)} ms`,
  );

  const again = await seedRegistry(options);
  expect(again).toMatchObject({ written: 0, found: seeded.written, head: seeded.head });
}, 120_000);

test("a seed that was cut off in the middle goes on where it stopped", async () => {
  const bus = await startTestBus();
  const { append, reader } = await openStream(bus);
  const all = await hanoi();
  const content = {
    ...all,
    seed: { ...all.seed, units: [], successions: [] },
    agencyKeys: all.agencyKeys.slice(0, 400),
    delegations: all.delegations.slice(0, 400),
  };
  let batches = 0;
  const cutOff: typeof append = {
    ...append,
    appendBatch(messages) {
      batches += 1;
      return batches <= 2 ? append.appendBatch(messages) : Promise.reject(new Error("the process was killed"));
    },
  };
  const options = { ...content, reader, registrarKey, networkName: "lienthong-hanoi", recordedTime: at(0) };
  await expect(seedRegistry({ ...options, append: cutOff })).rejects.toThrow("killed");
  const rest = await seedRegistry({ ...options, append });
  expect(rest.found).toBe(2_000);
  const state = new RegistryState();
  await state.applyMany((await reader.messagesOfSubject(registrySubject)).map(({ payload }) => payload));
  expect(state.head).toEqual(rest.head);
  for (const { agency } of content.agencyKeys) expect(state.isDelegated(agency, "hn-system")).toBe(true);
}, 120_000);

test("a batch that landed although its acknowledgement was lost is not written twice", async () => {
  const bus = await startTestBus();
  const { append, reader } = await openStream(bus);
  const small = await cityOnly();
  let attempts = 0;
  const losing: typeof append = {
    ...append,
    async appendBatch(messages) {
      attempts += 1;
      const outcome = await append.appendBatch(messages);
      return attempts === 1 ? { kind: "unknown", cause: new Error("the acknowledgement was lost") } : outcome;
    },
  };
  const options = { ...small, append: losing, reader, registrarKey, networkName: "n", recordedTime: at(0) };
  const seeded = await seedRegistry(options);
  const { lastSequence } = await reader.state();
  expect(BigInt(lastSequence)).toBe(seeded.head.size);
}, 120_000);

test("a registry of another registrar is left alone", async () => {
  const bus = await startTestBus();
  const { append, reader } = await openStream(bus);
  const content = await cityOnly();
  const options = { ...content, append, reader, registrarKey, networkName: "n", recordedTime: at(0) };
  const seeded = await seedRegistry(options);
  await expect(seedRegistry({ ...options, registrarKey: fixedKey("somebody") })).rejects.toThrow(/does not name/);
  expect(BigInt((await reader.state()).lastSequence)).toBe(seeded.head.size);
}, 120_000);
