import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLedger, restoreStream } from "@lienthong/bus";
import { eventStreamName } from "@lienthong/event-store";
import { dossierCode, type HeldBranch, startTestBus, type TestBus } from "@lienthong/testkit";
import { parsePolicy, verifyTlogProof } from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";

let dataDirectory: string;
let bus: TestBus | null = null;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "lienthong-restored-"));
});
afterAll(async () => {
  await bus?.stop({ keepFolder: true });
  await rm(dataDirectory, { recursive: true, force: true });
}, 60_000);

const ward = "hn-wold-00001";

test("a stream that lost an event is made again from the log as a declared generation, and everything goes on with it", {
  timeout: 180_000,
}, async () => {
  bus = await startTestBus({ dataDirectory });
  const { name: shard } = bus.bus.shard;
  const held: HeldBranch[] = [];
  for (let i = 0; i < 4; i++) held.push(await bus.office(ward).open(dossierCode(), "00001", "birth-group-nd63"));
  const ledger = () => (bus as TestBus).connection("operator", "ledger").ledger;
  const last = BigInt(held.length);
  const receipt = await ledger().receipt({ log: shard, leafIndex: last });

  // What an intruder with the administrator's rights could do: another stream under the same name, without one event.
  const admin = await bus.bus.connectNats("admin", "an intruder");
  const manager = await jetstreamManager(admin, { checkAPI: false });
  const streamName = eventStreamName(shard);
  const { config } = await manager.streams.info(streamName);
  await manager.streams.delete(streamName);
  await manager.streams.add({ ...config, deny_delete: true });
  await admin.close();
  await bus.stop({ keepFolder: true });
  bus = null;

  const restored = await restoreStream({ dataDirectory, shard, report: () => {} });
  expect(restored.before.findings).toContainEqual({ what: "stream-short", lastIndex: -1, size: held.length + 1 });
  expect(restored.restored).toEqual({ generation: 2, from: held.length + 1, unsealed: 0 });
  // Once is enough.
  expect((await restoreStream({ dataDirectory, shard, report: () => {} })).restored).toBeNull();

  bus = await startTestBus({ dataDirectory });
  expect(bus.bus.replicas[0]?.exchange.stopped()).toBeNull();
  const completed = await bus.office(ward).complete(held[0] as HeldBranch);
  const { leafIndex } = await ledger().receipt({ log: shard, dossier: completed.dossier, hash: completed.head });
  expect(leafIndex).toBe(last + 2n);
  const { policy } = (await ledger().listLogs())[0] ?? { policy: "" };
  const verified = await verifyTlogProof(receipt.receipt, receipt.leafHash, parsePolicy(policy));
  expect(verified.index).toBe(Number(last));
  const proof = await ledger().getConsistencyProof({ log: shard, oldSize: receipt.checkpoint?.size ?? 0n });
  expect(proof.path.length).toBeGreaterThan(0);
  for await (const { name, report } of checkLedger({ dataDirectory }))
    expect({ name, findings: report.findings }).toEqual({ name, findings: [] });
});
