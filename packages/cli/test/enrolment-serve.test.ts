// `serve` in earnest: services in processes of their own, and no key of any agency but the one the agency made.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type Ran, runLine } from "./run-line.ts";

const command = fileURLToPath(new URL("../bin/lienthong", import.meta.url));
const ward = "hn-w-00004";

let root: string;
let data: string;
const served: { child: ChildProcess; exited: Promise<unknown> }[] = [];

/** Starts a service; resolves once it says where it listens. */
async function serve(service: string): Promise<void> {
  const child = spawn(command, ["serve", service, "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const exited = new Promise<string>((resolve) => child.once("exit", () => resolve("ended")));
  served.push({ child, exited });
  const listening = new Promise<string>((resolve) => child.stdout?.once("data", () => resolve("listening")));
  if ((await Promise.race([listening, exited])) === "ended") throw new Error(`serve ${service} ended:\n${stderr}`);
}

async function ok(line: string, folder = data): Promise<Ran> {
  const ran = await runLine([...line.split(" "), "--data", folder]);
  expect(ran, line).toMatchObject({ code: EXIT.ok });
  return ran;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-enrol-serve-"));
  data = join(root, "operator");
  await serve("store");
  await serve("registry");
  await serve("exchange");
}, 240_000);
afterAll(async () => {
  for (const { child, exited } of served.toReversed()) {
    child.kill("SIGTERM");
    await exited;
  }
  await rm(root, { recursive: true, force: true });
});

it("makes no key of an agency, and the registry has none", async () => {
  expect(readdirSync(join(data, "keys", "agencies"))).toEqual([]);
  for (const agency of [ward, "hn", "hn-so-yt"]) {
    expect((await ok(`agency keys list --agency ${agency} --json`)).json()).toEqual({
      agency,
      keys: [],
      delegations: [],
    });
  }
  const run = JSON.parse(readFileSync(join(data, "run.json"), "utf8")) as { tls: { certificates: object } };
  expect(Object.keys(run.tls.certificates)).toEqual(["operator"]);
});

it("lets an agency join with a key and a certificate key made at the agency, and act", async () => {
  const atWard = join(root, "ward");
  const registrarKey = join(data, "keys", "registrar.pem");
  const request = (await ok(`agency request --agency ${ward} --system ba-dinh --out ${atWard} --json`)).json() as {
    file: string;
    fingerprint: string;
  };
  const { approval } = (
    await ok(
      `agency approve ${request.file} --registrar-key ${registrarKey} --fingerprint ${request.fingerprint} --json`,
    )
  ).json() as { approval: string };
  await ok(`agency install ${approval} --out ${atWard}`);
  const today = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(2, 10).replaceAll("-", "");
  const dossier = `H26-${today}-0001`;
  await ok(`dossier open ${dossier} --procedure 2.002621 --area 00004 --as ${ward}`, atWard);
  const trail = (await ok(`dossier trail ${dossier} --as ${ward} --json`, atWard)).json();
  expect(trail).toMatchObject({ clock: "REAL", events: [{ content: { agency: ward, system: "ba-dinh" } }] });
  const keys = (await ok(`agency keys list --agency ${ward} --json`)).json() as { keys: { demonstration: boolean }[] };
  expect(keys.keys.map(({ demonstration }) => demonstration)).toEqual([false]);
});
