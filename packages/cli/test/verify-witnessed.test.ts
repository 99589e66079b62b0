import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createLogger } from "@lienthong/chassis";
import { parseVerifierKey, signatureType, signerOfSeed } from "@lienthong/tlog";
import { openWitnessFolder, type ServedWitness, serveWitness } from "@lienthong/witness";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, newCode, startCliBus } from "./cli-bus.ts";
import { bring, ward } from "./stages.ts";

const logger = createLogger({ service: "witness-test", level: "silent" });
const witnesses: ServedWitness[] = [];
let cli: CliBus;
let folder: string;
let policy: string;

/** Waits until something holds; the test's own bound ends a wait that never does. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(100);
}

beforeAll(async () => {
  cli = await startCliBus();
  folder = await mkdtemp(join(tmpdir(), "lienthong-witnessed-"));
  policy = join(cli.data, "policy.txt");
  const logs = cli.bus.run.logs.map(({ vkey }) => parseVerifierKey(vkey));
  for (const [index, name] of ["thanh-tra", "bao-chi"].entries()) {
    const seed = new Uint8Array(32).fill(index + 1);
    witnesses.push(
      await serveWitness({
        state: await openWitnessFolder(join(folder, name)),
        signer: await signerOfSeed(`witness.example/${name}`, signatureType.cosignature, seed),
        logs,
        host: "127.0.0.1",
        port: 0,
        logger,
      }),
    );
  }
  const lines = witnesses.map(({ vkey, url }, index) => `witness w${index + 1} ${vkey} ${url}`);
  const text = await readFile(policy, "utf8");
  await writeFile(policy, text.replace("quorum none", [...lines, "group both all w1 w2", "quorum both"].join("\n")));
}, 120_000);
afterAll(async () => {
  await Promise.all(witnesses.map((witness) => witness.close()));
  await cli?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

it("a bundle carries the witnesses' word and the times between which its events were sealed, and a promise is settled by it", async () => {
  const bundle = join(folder, "bundle.json");
  const promise = join(folder, "promise.json");
  let code = "";
  // The ledger reads the policy again within seconds; the registry's log is witnessed when it next asks.
  await until(async () => {
    code = newCode();
    await bring(cli, code, "opened");
    const made = await cli.run(`dossier bundle ${code} -o ${bundle} --as ${ward}`);
    if (made.code !== EXIT.ok) return false;
    return (await cli.run(`verify ${bundle} --policy ${policy}`)).code === EXIT.ok;
  });
  const { network } = JSON.parse(await readFile(bundle, "utf8")) as { network: string };
  const ran = await cli.ok(`verify ${bundle} --network ${network} --policy ${policy} --json`);
  const report = ran.json() as {
    completeTo: { checkpoint: { quorumHolds: boolean; witnesses: { name: string }[] } };
    times: { sealedBy: string | null }[];
    findings: unknown[];
  };
  expect(report.findings).toEqual([]);
  expect(report.completeTo.checkpoint.quorumHolds).toBe(true);
  expect(report.completeTo.checkpoint.witnesses.map(({ name }) => name)).toEqual(["w1", "w2"]);
  expect(report.times.every(({ sealedBy }) => sealedBy !== null)).toBe(true);
  await cli.ok(`dossier promise ${code} -o ${promise} --as ${ward}`);
  const url = cli.bus.run.logs.find(({ name }) => name === cli.bus.shard.name)?.url ?? "";
  const kept = await cli.ok(`verify ${promise} --network ${network} --policy ${policy} --log ${url} --json`);
  expect(kept.json()).toMatchObject({ outcome: "kept", findings: [] });
});
