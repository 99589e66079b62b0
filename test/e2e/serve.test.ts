// Each service in a process of its own, on a shard with the real clock: store, registry, two exchange replicas.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect, createAgencyPen } from "@lienthong/client";
import { importSigningKey } from "@lienthong/statement";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const command = fileURLToPath(new URL("../../packages/cli/bin/lienthong", import.meta.url));
const data = mkdtempSync(join(tmpdir(), "lienthong-serve-"));
const run = promisify(execFile);
const folders = [data];
let atWard: string;
let atPolice: string;
const served: { child: ChildProcess; exited: Promise<number | null> }[] = [];

/** Starts a service; resolves with its address once it says where it listens. */
async function serve(service: string, environment: Record<string, string> = {}): Promise<string> {
  const child = spawn(command, ["serve", service, "--data", data], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  served.push({ child, exited });
  const address = new Promise<string>((resolve) => {
    let stdout = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
      const found = new RegExp(`^${service} (\\S+)$`, "m").exec(stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const first = await Promise.race([address, exited]);
  if (typeof first !== "string") throw new Error(`serve ${service} ended with ${first}:\n${stderr}`);
  return first;
}

async function lienthong(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(command, [...args, "--data", folder], { env: { ...process.env, NO_COLOR: "1" } });
  return stdout;
}

/** An agency joins: keys made in its own folder, approved at the registrar, installed. Gives the folder. */
async function enrol(agency: string, system: string): Promise<string> {
  const folder = join(data, "..", `${basename(data)}-${agency}`);
  folders.push(folder);
  const request = ["--agency", agency, "--system", system, "--out", folder, "--json"];
  const { file } = JSON.parse(await lienthong(data, "agency", "request", ...request)) as { file: string };
  const registrar = ["--registrar-key", join(data, "keys", "registrar.pem"), "--json"];
  const { approval } = JSON.parse(await lienthong(data, "agency", "approve", file, ...registrar)) as {
    approval: string;
  };
  await lienthong(data, "agency", "install", approval, "--out", folder);
  return folder;
}

beforeAll(async () => {
  await serve("store", { LIENTHONG_REPLICAS: "2" });
  await serve("registry");
  await serve("exchange");
  // Outside `up` nobody has a key but who made it.
  atWard = await enrol("hn-w-00004", "ba-dinh");
  atPolice = await enrol("hn-ca-w-00004", "ba-dinh-police");
}, 240_000);

afterAll(async () => {
  for (const { child, exited } of served.toReversed()) {
    child.kill("SIGTERM");
    await exited;
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("services in processes of their own", () => {
  const today = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(2, 10).replaceAll("-", "");
  const dossier = `H26-${today}-0001`;

  test("an exchange without a store says what to start first", async () => {
    const empty = mkdtempSync(join(tmpdir(), "lienthong-serve-empty-"));
    const refused = await run(command, ["serve", "exchange", "--data", empty]).catch(
      (error: { stderr: string }) => error,
    );
    expect(refused.stderr).toContain("serve store");
    rmSync(empty, { recursive: true, force: true });
  });

  test("a dossier of today is opened by a present ward and offered to its police and insurance", async () => {
    const opening = ["--procedure", "2.002621", "--area", "00004", "--as", "hn-w-00004"];
    await lienthong(atWard, "dossier", "open", dossier, ...opening);
    await lienthong(atWard, "dossier", "complete", dossier, "--as", "hn-w-00004");
    const forwarded = await lienthong(atWard, "dossier", "forward", dossier, "--as", "hn-w-00004", "--lang", "vi");
    expect(forwarded).toContain("Công an phường Ba Đình");
  });

  test("a second replica reads what the first wrote, and writes on", async () => {
    const address = await serve("exchange", { LIENTHONG_REPLICA: "exchange-2" });
    const runFile = join(atPolice, "run.json");
    const first = JSON.parse(readFileSync(runFile, "utf8"));
    expect(address).not.toBe(first.grpc.exchange);
    const police = "hn-ca-w-00004";
    const tls = first.tls.certificates["ba-dinh-police"];
    const connection = connect({
      address,
      tls: {
        caPem: readFileSync(first.tls.ca, "utf8"),
        certPem: readFileSync(tls.certificate, "utf8"),
        keyPem: readFileSync(tls.key, "utf8"),
      },
    });
    const { network, shard } = await connection.exchange.getShard();
    const seen = await connection.exchange.getDossier({ shard, dossier, agency: police });
    const offered = seen.branches.find((branch) => branch.pending?.receiver?.agency === police);
    const key = importSigningKey(readFileSync(join(first.keys, `${police}.pem`), "utf8"));
    const pen = createAgencyPen({ agency: police, keys: [key], network, shard });
    const signed = pen.acknowledge({
      dossier,
      branch: offered?.branch ?? "",
      head: offered?.head ?? new Uint8Array(0),
    });
    await connection.exchange.submit(signed.envelope);
    connection.close();
    // The first replica answers with what the second one wrote.
    const shown = JSON.parse(await lienthong(atWard, "dossier", "show", dossier, "--as", "hn-w-00004", "--json"));
    expect(JSON.stringify(shown)).toContain(`"holder":"${police}"`);
  });
});
