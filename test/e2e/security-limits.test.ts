// A system that floods a running bus, and everybody else on it.
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { narrowSeed, startBus } from "@lienthong/bus";
import { defaultLimits } from "@lienthong/chassis";
import type { BusCallError } from "@lienthong/client";
import { StreamStatementsRequest } from "@lienthong/contracts/exchange/v1/exchange_service";
import { dossierCode, TestBus, testAreas } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadSeed } from "../../deploy/seed/load-seed.ts";

const ward = "hn-wold-00004";
const areaCode = "00004";
const procedure = "birth-group-nd63";
const share = {
  ...defaultLimits,
  limitStatementsPerSystemPerSecond: 300,
  limitStatementsPerSystemBurst: 300,
  limitStatementsPerAgencyPerSecond: 100,
  limitStatementsPerAgencyBurst: 100,
  limitStreams: 4,
  limitConnections: 4,
};
let bus: TestBus;
let data: string;
let flooder: string;
let insurance: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "lienthong-limits-"));
  const seed = async () => narrowSeed(await loadSeed(), testAreas);
  bus = new TestBus(await startBus({ dataDirectory: data, seed, share }), false);
  const agencies = [...bus.bus.registry.state.agencies()].map(({ record }) => record.id);
  const spokenForBy = (system: string) =>
    agencies.find((agency) => bus.bus.registry.state.isDelegated(agency, system)) ?? "";
  flooder = spokenForBy("ca-cu-tru");
  insurance = spokenForBy("bhxh");
});

afterAll(async () => {
  await bus.stop();
  await rm(data, { recursive: true, force: true });
});

test("an agency and a system that state without end are held back with the span to wait; others' statements keep passing", async () => {
  const { pen } = bus.office(flooder);
  const connection = bus.newConnection("ca-cu-tru");
  const flood = connection.exchange.openStream({ inFlightMax: 2_000, answerWithinMs: 60_000 });
  // About dossiers that do not exist: each costs the bus a signature to check unless it is held back before.
  const envelopes = Array.from(
    { length: 1_000 },
    () => pen.acknowledge({ dossier: dossierCode(), branch: "0", head: new Uint8Array(32) }).envelope,
  );
  const outcomes = new Map<string, number>();
  const spans: number[] = [];
  let flooding = true;
  const state = (envelope: Uint8Array) =>
    flood.submit(envelope).catch((error: unknown) => {
      const { reason = "none", metadata, retryAfterMs } = error as Partial<BusCallError>;
      const key = reason === "LIMIT_REACHED" ? `${reason} ${metadata?.of}` : String(reason);
      outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
      if (reason === "LIMIT_REACHED") spans.push(retryAfterMs ?? 0);
    });
  const flooded = (async () => {
    while (flooding) await Promise.all(envelopes.map(state));
  })();
  await expect.poll(() => spans.length, { timeout: 20_000 }).toBeGreaterThan(50);

  const office = bus.office(ward);
  const tookMs: number[] = [];
  for (let number = 0; number < 40; number++) {
    const startedAt = performance.now();
    await office.open(dossierCode(), areaCode, procedure);
    tookMs.push(performance.now() - startedAt);
  }
  flooding = false;
  await flooded;
  flood.cancel();
  connection.close();
  tookMs.sort((a, b) => a - b);
  const told = [...outcomes].map(([reason, count]) => `${reason} ${count}`).join(", ");
  process.stdout.write(
    `Flooder: ${told}; others' opens: median ${tookMs[20]?.toFixed(0)} ms, slowest ${tookMs.at(-1)?.toFixed(0)} ms\n`,
  );
  expect([...outcomes.keys()].sort()).toEqual(
    expect.arrayContaining([`LIMIT_REACHED agency ${flooder}`, "LIMIT_REACHED system ca-cu-tru"]),
  );
  expect(Math.min(...spans)).toBeGreaterThan(0);
  // The share of the flooder is far below what the bus can do: others wait for nobody.
  expect(tookMs[20]).toBeLessThan(2_000);
}, 120_000);

test("streams and connections beyond the share of one system are refused; other systems open theirs", async () => {
  const flooding = bus.newConnection("bhxh");
  const shard = bus.bus.shard.name;
  const receive = (subscription: string) => {
    const receiver = flooding.delivery.receive({ shard, agencies: [insurance], subscription }, () => {});
    receiver.ready.catch(() => {});
    return receiver;
  };
  const held = ["a", "b", "c", "d"].map(receive);
  await Promise.all(held.map(({ ready }) => ready));
  expect(await receive("e").ended).toMatchObject({ reason: "LIMIT_REACHED", retry: "retry-after" });
  const office = bus.newConnection(bus.systemOf(ward));
  const receiver = office.delivery.receive({ shard, agencies: [ward] }, () => {});
  await receiver.ready;

  const connections = Array.from({ length: 6 }, () => bus.newConnection("operator"));
  const asked = await Promise.allSettled(connections.map(({ exchange }) => exchange.getShard()));
  expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  for (const one of asked) if (one.status === "rejected") expect(one.reason).toMatchObject({ retry: "retry" });
  await office.exchange.getShard();
  for (const connection of [flooding, office, ...connections]) connection.close();
});

test("a system that sends statements and never reads an answer is read no further, and its memory is bounded", async () => {
  const { caPem, certPem, keyPem } = bus.tls("thue");
  const address = bus.bus.replicas[0]?.address ?? "";
  const session = connectHttp2(`https://localhost:${address.split(":")[1]}`, {
    ...{ ca: caPem, cert: certPem, key: keyPem },
    // Never a window for answers: as a process does that hangs.
    settings: { initialWindowSize: 0 },
    // What we have not sent yet is ours to keep.
    maxSessionMemory: 1_000,
  });
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": "/lienthong.exchange.v1.ExchangeService/StreamStatements",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const ended: unknown[] = [];
  stream.on("error", (error) => ended.push(error.message));
  stream.on("close", () => ended.push(stream.rstCode));
  const statements = Array.from({ length: 50 }, (_, index) => ({
    correlation: BigInt(index),
    envelope: Buffer.alloc(20_000, 0xff),
  }));
  const message = Buffer.from(StreamStatementsRequest.encode({ statements }).finish());
  const frame = Buffer.concat([Buffer.alloc(5), message]);
  frame.writeUInt32BE(message.length, 1);
  global.gc?.();
  const rssBefore = process.memoryUsage().rss;
  let sent = 0;
  // 100 MB, of which a bounded part is taken.
  while (sent < 100) {
    const taken = new Promise<boolean>((resolve) => stream.write(frame, (error) => resolve(!error)));
    if (!(await Promise.race([taken, wait(3_000).then(() => false)]))) break;
    sent += 1;
  }
  process.stdout.write(`A reader of nothing: ${sent} of 100 MB taken before it was read no further\n`);
  expect(ended).toEqual([]);
  expect(sent).toBeLessThan(80);
  // Our own 100 MB of frames share one buffer.
  expect(process.memoryUsage().rss - rssBefore).toBeLessThan(250_000_000);
  await bus.office(ward).connection().exchange.getShard();
  session.destroy();
}, 120_000);
