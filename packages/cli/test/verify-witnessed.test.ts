import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { narrowSeed, startBus } from "@lienthong/bus";
import { createLogger } from "@lienthong/chassis";
import { parseVerifierKey, signatureType, signerOfSeed } from "@lienthong/tlog";
import { openWitnessFolder, type ServedWitness, serveWitness } from "@lienthong/witness";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { CliBus, newCode } from "./cli-bus.ts";
import { bring, ward } from "./stages.ts";

const logger = createLogger({ service: "witness-test", level: "silent" });
const witnesses: ServedWitness[] = [];
let cli: CliBus;
let folder: string;
let policy: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-witnessed-"));
  const dataDirectory = await mkdtemp(join(tmpdir(), "lienthong-cli-bus-"));
  const start = () => startBus({ dataDirectory, seed: async () => narrowSeed(await loadSeed(), ["00004"]) });
  // The first start makes the logs' keys, which witnesses must know; from the second on the policy asks for their signatures.
  const first = await start();
  const logs = first.run.logs.map(({ vkey }) => parseVerifierKey(vkey));
  policy = first.folder.policy;
  await first.stop();
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
  cli = new CliBus(await start(), dataDirectory);
}, 120_000);
afterAll(async () => {
  await Promise.all(witnesses.map((witness) => witness.close()));
  await cli?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

it("a bundle carries the witnesses' word and the times between which its events were sealed, and a promise is settled by it", async () => {
  const bundle = join(folder, "bundle.json");
  const promise = join(folder, "promise.json");
  const code = newCode();
  await bring(cli, code, "opened");
  // Making a bundle waits for the quorum.
  await cli.ok(`dossier bundle ${code} -o ${bundle} --as ${ward}`);
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
