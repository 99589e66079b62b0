import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusCallError, type Connection, type Receiver } from "@lienthong/client";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { closeShard, declareShard, type NewShard, Registrar } from "@lienthong/enrolment";
import { generateSigningKey, readEvent } from "@lienthong/statement";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const ward = "hn-wold-00001";
const areaCode = testAreas[0];
const procedure = "social-home-admission";
const next: NewShard = {
  name: "hanoi-2025q3-scenario",
  origin: "lienthong.example/hanoi-2025q3-scenario",
  logPublicKey: generateSigningKey("ed25519").publicKey.slice(-32),
  promiseDelaySeconds: 86_400,
  simulated: true,
  areaCodes: ["01"],
};

let folder: string;
let bus: TestBus;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-year-end-"));
  bus = await startTestBus({ dataDirectory: folder });
});

afterAll(async () => {
  await bus?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`It did not come true within 30 s: ${what}.`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

const connectionOf = (agency: string): Connection => bus.connection(bus.systemOf(agency));
const receiverOf = (offered: HeldBranch): string =>
  bus.bus.registry.state.resolveRole({
    role: "DEPT_HEALTH",
    areaCode: offered.areaCode,
    procedure,
    date: "2025-05-05",
  }).candidates[0]?.agency ?? "";

/** Receives for an agency over all shards. */
function receiveAll(agency: string, subscription: string): { seen: Delivery[]; receiver: Receiver } {
  const seen: Delivery[] = [];
  const receiver: Receiver = connectionOf(agency).delivery.receive(
    { shard: "", agencies: [agency], subscription },
    (deliveries) => {
      seen.push(...deliveries);
      receiver.settle(deliveries);
    },
  );
  return { seen, receiver };
}

async function forwardedIn(shard: string): Promise<HeldBranch> {
  const office = bus.office(ward, shard);
  const held = await office.complete(await office.open(dossierCode(), areaCode, procedure));
  return (await office.forward(held))[0] as HeldBranch;
}

test("at the year's end a shard is opened and the old one closed, and nobody has to start anything again", async () => {
  const first = bus.bus.shard.name;
  const before = await forwardedIn(first);
  const department = receiverOf(before);
  const { seen, receiver } = receiveAll(department, "all-shards");
  await until("what waits in the first shard is delivered, and says where it is from", () => seen.length === 1);
  expect(seen[0]?.shard).toBe(first);

  const repeated = bus.office(ward).signOpen(dossierCode(), areaCode, procedure);
  const opened = await bus.office(ward).submit(repeated);

  const registrar = await Registrar.open({
    registry: bus.connection("operator", "registry").registry,
    key: bus.bus.registrarKey,
  });
  expect((await declareShard(registrar, next)).isNew).toBe(true);
  expect((await closeShard(registrar, first)).isNew).toBe(true);
  // Said twice, recorded once.
  expect((await closeShard(registrar, first)).isNew).toBe(false);

  const { exchange } = connectionOf(ward);
  await until("new dossiers are opened in the new shard", async () => (await exchange.getShard()).shard === next.name);

  // A dossier stays in the shard that opened it, and a retry finds what came of it there; only `open` is over.
  const acknowledged = await bus.office(department).acknowledge(before);
  expect(acknowledged.head).not.toEqual(before.head);
  const again = await bus.office(ward).submit(repeated);
  expect(again.repeatedAnswer).toBe(true);
  expect(Buffer.from(again.event).equals(opened.event)).toBe(true);
  const late = bus.office(ward).open(dossierCode(), areaCode, procedure);
  await expect(late).rejects.toMatchObject({ reason: "SHARD_CLOSED", metadata: { field: "statement.shard" } });

  // The receiver that stood all the time is given what is forwarded in the new shard.
  const after = await forwardedIn(next.name);
  await until("the new shard's forward is delivered", () => seen.some(({ shard }) => shard === next.name));
  const delivered = seen.find(({ shard }) => shard === next.name) as Delivery;
  expect(readEvent(delivered.event).dossier).toBe(after.dossier);
  await until("its sender sees it delivered", async () => {
    const { branches } = await exchange.getDossier({ shard: next.name, dossier: after.dossier, agency: ward });
    return branches[0]?.pending?.delivered === true;
  });
  await receiver.close();
});

test("a page over all shards says where each delivery is from, and settles them where they are", async () => {
  const first = bus.bus.shard.name;
  const department = receiverOf({ areaCode } as HeldBranch);
  const { delivery } = connectionOf(department);
  const page = await delivery.fetch({ shard: "", agencies: [department], subscription: "pages" });
  expect(new Set(page.deliveries.map(({ shard }) => shard))).toEqual(new Set([first, next.name]));
  await delivery.settle({ shard: "", subscription: "pages", deliveries: page.deliveries });
  const rest = await delivery.fetch({ shard: "", agencies: [department], subscription: "pages", waitMs: 300 });
  expect(rest.deliveries).toEqual([]);
  expect(rest.unsettledCount).toBe(0n);
});

test("bad input over all shards is refused by its field", async () => {
  const department = receiverOf({ areaCode } as HeldBranch);
  const { delivery } = connectionOf(department);
  const settled = { agency: department, leafIndex: 0n };
  const refused = async (call: Promise<unknown>): Promise<string> => {
    const error = await call.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof BusCallError)) throw error ?? new Error("It was not refused.");
    return `${error.reason} ${error.metadata.field}`;
  };
  expect(await refused(delivery.settle({ shard: "", deliveries: [settled] }))).toBe(
    "FIELD_MISSING deliveries[0].shard",
  );
  expect(await refused(delivery.settle({ shard: "", deliveries: [{ ...settled, shard: "hanoi-1999q1" }] }))).toBe(
    "SHARD_UNKNOWN deliveries[0].shard",
  );
  expect(await refused(delivery.fetch({ shard: "", agencies: [department], fromLeafIndex: 3n }))).toBe(
    "FIELD_INVALID from_leaf_index",
  );
  expect(await refused(delivery.fetch({ shard: "hanoi-1999q1", agencies: [department] }))).toBe("SHARD_UNKNOWN shard");
  const backwards = delivery.receive({ shard: "", agencies: [department], fromLeafIndex: 3n }, () => {});
  await expect(backwards.ready).rejects.toMatchObject({ metadata: { field: "start.from_leaf_index" } });
  const strange = delivery.receive({ shard: "", agencies: [department], subscription: "strange" }, () => {});
  await strange.ready;
  strange.settle([{ ...settled, shard: "hanoi-1999q1" }]);
  expect(await strange.ended).toMatchObject({ reason: "SHARD_UNKNOWN" });
});

test("started again, the bus serves both shards, and run.json names the one that takes new dossiers", async () => {
  await bus.stop();
  bus = await startTestBus({ dataDirectory: folder });
  const { exchange } = connectionOf(ward);
  expect((await exchange.getShard()).shard).toBe(next.name);
  expect((await exchange.getShard(bus.bus.shard.name)).shard).toBe(bus.bus.shard.name);
  await forwardedIn(next.name);
  const run = JSON.parse(await readFile(bus.bus.folder.runFile, "utf8"));
  expect(run.shard).toBe(next.name);
  expect(run.logs.map(({ name }: { name: string }) => name)).toEqual(["registry", bus.bus.shard.name, next.name]);
});
