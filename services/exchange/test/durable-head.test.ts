import { cp, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scenarioShard } from "@lienthong/bus";
import { eventStreamName } from "@lienthong/event-store";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refusalOf } from "./conditions.ts";
import { faultsOf, readStream, sameBytes, streamLength } from "./stream-facts.ts";

const ward = "hn-wold-00001";
const areaCode = testAreas[0];
const procedure = "social-home-admission";

let root: string;
let folder: string;
let bus: TestBus | null;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-head-"));
  folder = join(root, "data");
  bus = await startTestBus({ dataDirectory: folder });
});

afterEach(async () => {
  await bus?.stop();
  await rm(root, { recursive: true, force: true });
});

function running(): TestBus {
  if (bus === null) throw new Error("The bus does not run.");
  return bus;
}

async function stop(): Promise<void> {
  await bus?.stop();
  bus = null;
}

async function start(): Promise<void> {
  bus = await startTestBus({ dataDirectory: folder });
}

async function writeSome(dossiersCount: number): Promise<HeldBranch[]> {
  const office = running().office(ward);
  const held: HeldBranch[] = [];
  for (let at = 0; at < dossiersCount; at += 1) {
    held.push(await office.complete(await office.open(dossierCode(), areaCode, procedure)));
  }
  return held;
}

/** Nothing is written, the answer says why and what to do, and reading still works. */
async function expectStopped(known: HeldBranch, why: RegExp): Promise<void> {
  const office = running().office(ward);
  const before = await streamLength(running().bus);
  const stream = running().connection(running().systemOf(ward)).exchange.openStream();
  // All at once, and each heard from the start: a rejection that nobody awaits yet would end the test.
  const refusals = await Promise.all([
    refusalOf(office.open(dossierCode(), areaCode, procedure)),
    refusalOf(office.forward(known)),
    refusalOf(stream.submit(office.signOpen(dossierCode(), areaCode, procedure).envelope)),
  ]);
  await stream.end();
  for (const refusal of refusals) {
    expect(refusal.reason).toBe("SHARD_STOPPED");
    expect(refusal.retry).toBe("terminal");
    expect(refusal.message).toMatch(why);
    expect(refusal.message).toMatch(/restore the stream .* then start again/);
    expect(refusal.message).toContain("docs/runbook.md");
  }
  expect(running().bus.replicas[0]?.exchange.stopped()?.message).toMatch(why);
  expect(await streamLength(running().bus)).toBe(before);
  const question = { shard: running().bus.shard.name, dossier: known.dossier, agency: ward };
  const trail = await running().connection(running().systemOf(ward)).exchange.getTrail(question);
  expect(trail.length).toBeGreaterThan(0);
}

async function expectGoesOn(known: HeldBranch): Promise<void> {
  const before = await streamLength(running().bus);
  await running().office(ward).forward(known);
  await writeSome(1);
  const events = await readStream(running().bus);
  expect(events.length).toBe(before + 3);
  expect(faultsOf(events, running().bus.shard.name)).toEqual([]);
}

const natsFolder = () => join(folder, "nats");
const headsOf = () => join(folder, "exchange", scenarioShard.name, "exchange-1");

/** Where the server keeps messages, set aside and put back as a backup would. */
async function swapFor(copy: string, setAside: string): Promise<void> {
  await rename(natsFolder(), setAside);
  await cp(copy, natsFolder(), { recursive: true });
}

describe("yesterday's copy of the stream's folder", () => {
  let yesterday: string;
  let early: HeldBranch;
  let late: HeldBranch;

  beforeEach(async () => {
    [early] = (await writeSome(3)) as [HeldBranch];
    await stop();
    yesterday = join(root, "yesterday");
    await cp(natsFolder(), yesterday, { recursive: true });
    await start();
    [late] = (await writeSome(3)) as [HeldBranch];
    await stop();
  });

  test("stops the shard with a sentence that says what to do; with the right folder back it goes on", async () => {
    const today = join(root, "today");
    await swapFor(yesterday, today);
    await start();
    await expectStopped(early, /the stream ends at event \d+, but .* is event \d+: accepted events are missing/);
    await stop();
    await rm(natsFolder(), { recursive: true });
    await rename(today, natsFolder());
    await start();
    await expectGoesOn(late);
  });

  test("is noticed by the table of dossier heads when the durable head is lost", async () => {
    await swapFor(yesterday, join(root, "today"));
    await rm(join(headsOf(), "head"));
    await start();
    await expectStopped(early, /the position of the follower is event \d+: accepted events are missing/);
  });

  test("is noticed by the durable head when the table of dossier heads is lost", async () => {
    await swapFor(yesterday, join(root, "today"));
    for (const suffix of ["", "-wal", "-shm"]) {
      await rm(join(headsOf(), `dossier-heads.sqlite${suffix}`), { force: true });
    }
    await start();
    await expectStopped(early, /the head of the last event written here is event \d+: accepted events are missing/);
  });
});

test("with the right stream a lost table of dossier heads is filled again, and a lost durable head is written again", async () => {
  const [first] = (await writeSome(2)) as [HeldBranch];
  await stop();
  for (const suffix of ["", "-wal", "-shm"]) {
    await rm(join(headsOf(), `dossier-heads.sqlite${suffix}`), { force: true });
  }
  await start();
  await expectGoesOn(first);
  const [second] = (await writeSome(1)) as [HeldBranch];
  await stop();
  await rm(join(headsOf(), "head"));
  await start();
  await expectGoesOn(second);
});

test("another stream of the same length with other content stops the shard", async () => {
  const [known] = (await writeSome(2)) as [HeldBranch];
  const events = await readStream(running().bus);
  const streamName = eventStreamName(running().bus.shard.name);
  // Every event comes back in its place but the last, of which one bit is another.
  const forged = events.map(({ subject, bytes }, index) => {
    const payload = Uint8Array.from(bytes);
    if (index === events.length - 1) payload[payload.length - 1] = (payload.at(-1) as number) ^ 1;
    return { subject, payload };
  });
  await stop();
  const heads = join(root, "heads");
  await rename(join(folder, "exchange"), heads);
  await start();
  const admin = await running().bus.connectNats("admin", "test: empties the stream");
  const manager = await jetstreamManager(admin, { checkAPI: false });
  const { config } = await manager.streams.info(streamName);
  await manager.streams.delete(streamName);
  await manager.streams.add(config);
  await admin.close();
  const writer = await running().bus.connectNats("exchange", "test: forges the stream");
  for (const { subject, payload } of forged) await writer.request(subject, payload);
  await writer.close();
  await stop();
  await rm(join(folder, "exchange"), { recursive: true });
  await rename(heads, join(folder, "exchange"));
  await start();
  const stored = await readStream(running().bus);
  expect(stored.map(({ bytes }, index) => sameBytes(bytes, events[index]?.bytes ?? bytes))).toEqual([
    ...Array.from({ length: events.length - 1 }, () => true),
    false,
  ]);
  await expectStopped(known, /names event \d+ with another hash than the stream's/);
});
