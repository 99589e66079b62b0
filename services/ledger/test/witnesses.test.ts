import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@lienthong/chassis";
import { dossierCode, startTestBus, type TestBus } from "@lienthong/testkit";
import {
  leafHash,
  newSeed,
  parsePolicy,
  parseVerifierKey,
  signatureType,
  signerOfSeed,
  verifyTlogProof,
} from "@lienthong/tlog";
import { openWitnessFolder, type ServedWitness, serveWitness } from "@lienthong/witness";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
let bus: TestBus;
let shard: string;
let seeds: Uint8Array[];
const running: (ServedWitness | null)[] = [null, null];
const names = ["thanh-tra", "bo-tu-phap"];
const ports = [0, 0];
const logger = createLogger({ service: "witness-test", level: "silent" });

const ledger = () => bus.connection("operator", "ledger").ledger;

async function startWitness(index: number): Promise<ServedWitness> {
  const witness = await serveWitness({
    state: await openWitnessFolder(join(bus.bus.folder.root, names[index] as string)),
    signer: await signerOfSeed(
      `witness.example/${names[index]}`,
      signatureType.cosignature,
      seeds[index] as Uint8Array,
    ),
    logs: bus.bus.run.logs.map(({ vkey }) => parseVerifierKey(vkey)),
    host: "127.0.0.1",
    port: ports[index] as number,
    logger,
  });
  ports[index] = Number(new URL(witness.url).port);
  running[index] = witness;
  return witness;
}

async function stopWitness(index: number): Promise<void> {
  await running[index]?.close(0);
  running[index] = null;
}

async function opened() {
  const office = bus.office("hn-wold-00001");
  return office.submit(office.signOpen(dossierCode(), "00001", "birth-group-nd63"));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-witnessed-"));
  bus = await startTestBus({ dataDirectory: folder, ledger: { witnessTimeoutMs: 1_000 } });
  shard = bus.bus.shard.name;
  seeds = [newSeed(), newSeed()];
  const [first, second] = [await startWitness(0), await startWitness(1)];
  const path = bus.bus.folder.policy;
  const lines = (await readFile(path, "utf8")).replace("quorum none\n", "");
  await writeFile(path, lines);
  await appendFile(
    path,
    `witness ${names[0]} ${first.vkey} ${first.url}\nwitness ${names[1]} ${second.vkey} ${second.url}\ngroup both 2 ${names.join(" ")}\nquorum both\n`,
  );
  // The file is read again every few seconds.
  const deadlineMs = performance.now() + 15_000;
  while (bus.bus.ledger?.ledger.policy.policy.quorum !== "both") {
    if (performance.now() > deadlineMs) throw new Error("The changed policy was not read.");
    const { leafIndex } = await opened();
    await ledger().receipt({ log: shard, leafIndex });
  }
}, 90_000);

afterAll(async () => {
  await stopWitness(0);
  await stopWitness(1);
  await bus.stop({ keepFolder: true });
  await rm(folder, { recursive: true, force: true });
});

test("a receipt waits for the quorum, and verifies against the policy with both witnesses and their times", async () => {
  const accepted = await opened();
  const receipt = await ledger().receipt({ log: shard, leafIndex: accepted.leafIndex, level: "witnessed" });
  const policy = parsePolicy(await readFile(bus.bus.folder.policy, "utf8"));
  const verified = await verifyTlogProof(receipt.receipt, leafHash(accepted.event), policy);
  expect(verified.quorumHolds).toBe(true);
  expect(verified.witnesses.map(({ name }) => name)).toEqual(names);
  expect(receipt.checkpoint).toMatchObject({ witnessed: true, missing: [] });
  expect(receipt.checkpoint?.cosignatures.map(({ witness }) => witness)).toEqual(names);
});

test("a head that was published before the policy asked for witnesses is cosigned, too, though no other follows", {
  timeout: 60_000,
}, async () => {
  await expect
    .poll(() => ledger().getCheckpoint({ log: "registry" }), { timeout: 30_000 })
    .toMatchObject({ witnessed: true, missing: [] });
});

test("without a witness checkpoints are published and say who is missing; when it is back they are cosigned", {
  timeout: 60_000,
}, async () => {
  await stopWitness(1);
  const accepted = await opened();
  const sealed = await ledger().receipt({ log: shard, leafIndex: accepted.leafIndex });
  expect(sealed.receipt).toContain(bus.bus.shard.origin);
  const size = accepted.leafIndex + 1n;
  await expect
    .poll(
      async () => (await ledger().listCheckpoints({ log: shard, minSize: size, pageSize: 1 })).checkpoints[0]?.missing,
      { timeout: 10_000 },
    )
    .toMatchObject([{ witness: names[1], reason: /cannot be reached/ }]);
  const published = await fetch(`${bus.bus.run.logs.find(({ name }) => name === shard)?.url}/checkpoint`);
  expect(await published.text()).toContain(`witness.example/${names[0]}`);
  const unwitnessed = ledger().receipt(
    { log: shard, leafIndex: accepted.leafIndex, level: "witnessed" },
    { deadlineMs: 300 },
  );
  await expect(unwitnessed).rejects.toMatchObject({ reason: "DEADLINE_PASSED" });

  await startWitness(1);
  const receipt = await ledger().receipt(
    { log: shard, leafIndex: accepted.leafIndex, level: "witnessed" },
    { deadlineMs: 20_000 },
  );
  expect(receipt.checkpoint).toMatchObject({ witnessed: true });
});

test("cosignatures that were collected stay when the ledger starts again without its witnesses", {
  timeout: 60_000,
}, async () => {
  const accepted = await opened();
  const { checkpoint } = await ledger().receipt({ log: shard, leafIndex: accepted.leafIndex, level: "witnessed" });
  await stopWitness(0);
  await stopWitness(1);
  await bus.stop({ keepFolder: true });
  bus = await startTestBus({ dataDirectory: bus.bus.folder.root, ledger: { witnessTimeoutMs: 500 } });
  const url = bus.bus.run.logs.find(({ name }) => name === shard)?.url;
  const again = await ledger().getCheckpoint({ log: shard, size: checkpoint?.size ?? 0n });
  expect(again).toMatchObject({ witnessed: true, note: checkpoint?.note });
  const receipt = await ledger().receipt({ log: shard, leafIndex: accepted.leafIndex, level: "witnessed" });
  expect(receipt.checkpoint?.size).toBe(checkpoint?.size);
  expect((await fetch(`${url}/checkpoints/${checkpoint?.size}`)).status).toBe(200);
});
