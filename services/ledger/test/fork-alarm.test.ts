import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@lienthong/chassis";
import { dossierCode, startTestBus, type TestBus } from "@lienthong/testkit";
import { newSeed, parseVerifierKey, signatureType, signCheckpoint, signerOfSeed } from "@lienthong/tlog";
import { collectCosignatures, openWitnessFolder, type ServedWitness, serveWitness } from "@lienthong/witness";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { logSigner } from "../src/log-key.ts";

let folder: string;
let bus: TestBus;
let witness: ServedWitness;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-fork-"));
  bus = await startTestBus({ dataDirectory: folder, ledger: { sealEveryMs: 100, witnessTimeoutMs: 1_000 } });
  witness = await serveWitness({
    state: await openWitnessFolder(join(folder, "witness")),
    signer: await signerOfSeed("witness.example/thanh-tra", signatureType.cosignature, newSeed()),
    logs: bus.bus.run.logs.map(({ vkey }) => parseVerifierKey(vkey)),
    host: "127.0.0.1",
    port: 0,
    logger: createLogger({ service: "witness-test", level: "silent" }),
  });
}, 120_000);

afterAll(async () => {
  await witness?.close(0);
  await bus?.stop({ keepFolder: true });
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test("a witness that has seen more of a log than the ledger offers raises an alarm, once", {
  timeout: 60_000,
}, async () => {
  // Somebody else with the log's key showed the witness a larger tree.
  const { name, origin } = bus.bus.shard;
  const signer = logSigner(origin, await readFile(join(folder, "keys", "logs", `${name}.pem`), "utf8"));
  const checkpoint = await signCheckpoint({ origin, size: 1_000_000, root: new Uint8Array(32).fill(7) }, signer);
  const shown = await collectCosignatures({
    checkpoint,
    proofFrom: async () => [],
    witnesses: [{ name: "thanh-tra", url: witness.url, vkey: witness.vkey }],
    timeoutMs: 10_000,
  });
  expect(shown.missing).toEqual([]);

  const policy = join(folder, "policy.txt");
  const logs = (await readFile(policy, "utf8")).replace(/^quorum .*$/m, "");
  await writeFile(policy, `${logs}witness thanh-tra ${witness.vkey} ${witness.url}\nquorum thanh-tra\n`);
  const office = bus.office("hn-wold-00001");
  const alarms = async () =>
    (await readFile(join(folder, "logs", "bus.log"), "utf8"))
      .split("\n")
      .filter((line) => line.includes("A witness has seen another log than this one"));
  await vi.waitFor(
    async () => {
      await office.submit(office.signOpen(dossierCode(), "00001", "birth-group-nd63"));
      expect(await alarms()).toHaveLength(1);
    },
    { timeout: 30_000, interval: 250 },
  );
  const [line = "{}"] = await alarms();
  expect(JSON.parse(line)).toMatchObject({
    log: name,
    witness: "thanh-tra",
    reason: expect.stringContaining("1000000"),
  });
  for (let i = 0; i < 3; i++) await office.submit(office.signOpen(dossierCode(), "00001", "birth-group-nd63"));
  expect(await alarms()).toHaveLength(1);
});
