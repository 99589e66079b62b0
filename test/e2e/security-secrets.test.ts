// The secrets of a running bus are looked for in everything that it says: log lines, errors, answers, and what the command line prints.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { narrowSeed, startBus } from "@lienthong/bus";
import { createLogger } from "@lienthong/chassis";
import { BusCallError } from "@lienthong/client";
import { dossierCode, TestBus, testAreas } from "@lienthong/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSeed } from "../../deploy/seed/load-seed.ts";
import { runLine } from "../../packages/cli/test/run-line.ts";
import { plantInEveryRequest } from "./plant-requests.ts";

const ward = "hn-wold-00004";
const procedure = "birth-group-nd63";
const password = "m4rked-p4ssword-of-the-index";
/** Said by a careless caller where it does not belong; the bus must not write it down. */
const careless = [
  "Bearer m4rked-t0ken-0f-s0mebody-0123456789abcdef",
  "-----BEGIN PRIVATE KEY-----\nTUFSS0VEUFJJVkFURUtFWQ==\n",
];
let data: string;
let bus: TestBus;
const said: string[] = [];
const write = process.stderr.write.bind(process.stderr);

const seed = async () => narrowSeed(await loadSeed(), testAreas);
const logTo = (name: string) =>
  createLogger({ service: "bus", level: "trace", destination: join(data, "logs", `${name}.log`) });

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "lienthong-secrets-"));
  await mkdir(join(data, "logs"), { recursive: true });
  process.stderr.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    said.push(Buffer.from(chunk as Uint8Array).toString("utf8"));
    return write(chunk, ...rest);
  }) as typeof process.stderr.write;
  bus = new TestBus(await startBus({ dataDirectory: data, seed, logger: logTo("bus"), audit: {} }), false);
}, 120_000);

afterAll(async () => {
  process.stderr.write = write;
  await bus?.stop();
  await rm(data, { recursive: true, force: true });
});

interface Secret {
  readonly path: string;
  readonly needles: readonly Buffer[];
}

/** Whatever in a data folder only its owner should know, in the forms in which it might be let out. */
async function secretsOf(folder: string): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!/\.(?:pem|seed|key)$|entries-token$/.test(entry.name)) continue;
    const text = await readFile(path, "utf8");
    if (entry.name.endsWith(".pem") && !text.includes("PRIVATE KEY")) continue;
    const body = text.includes("-----") ? text.replaceAll(/-----[^-]+-----|\s/g, "") : text.trim();
    // The tail of a key: its head is the same for all of a kind.
    const raw = Buffer.from(body, "base64").subarray(-24);
    secrets.push({ path, needles: [body.slice(-40), raw, raw.toString("hex")].map((each) => Buffer.from(each)) });
  }
  return secrets;
}

/** Which secrets a text lets out. */
function letOut(text: Buffer, secrets: readonly Secret[]): string[] {
  return secrets.filter(({ needles }) => needles.some((needle) => text.includes(needle))).map(({ path }) => path);
}

/** Log lines of the folder, whoever wrote them. */
async function logLines(): Promise<Buffer> {
  const files = (await readdir(data, { recursive: true })).filter((path) => path.endsWith(".log"));
  expect(files.length).toBeGreaterThan(0);
  return Buffer.concat(await Promise.all(files.map((path) => readFile(join(data, path)))));
}

test("every file with a key, a seed or a token is its owner's alone", async () => {
  const open: string[] = [];
  const secrets = await secretsOf(data);
  expect(secrets.length).toBeGreaterThan(20);
  for (const { path } of [...secrets, { path: join(data, "run.json") }]) {
    if (((await stat(path)).mode & 0o077) !== 0) open.push(path);
  }
  expect(open).toEqual([]);
});

describe("what the bus says at the most talkative level", () => {
  test("when work is done, refused, and asked about, by calls, over HTTP and at the command line", async () => {
    const office = bus.office(ward);
    const dossier = dossierCode();
    const document = await office.upload(dossier, Buffer.from("tờ khai"), "application-form");
    const held = await office.complete(await office.open(dossier, "00004", procedure));
    const targets = office.targets(held).map((target) => ({ ...target, documents: [document] }));
    await office.forward(held, targets);
    const refused = await office.forward(held, targets).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BusCallError);
    said.push(inspect(refused, { depth: 6 }));
    for (const { url, entriesToken } of bus.bus.run.logs) {
      if (url === "") continue;
      for (const [path, authorization] of [
        ["checkpoint", ""],
        ["tile/entries/000.p/1", `Bearer ${entriesToken}`],
        ["tile/entries/000.p/1", careless[0] ?? ""],
        [entriesToken, ""],
      ] as const) {
        const answer = await fetch(`${url}/${path}`, { headers: { authorization } });
        said.push(JSON.stringify([...answer.headers]), Buffer.from(await answer.arrayBuffer()).toString("latin1"));
      }
    }
    for (const line of [
      ["dossier", "trail", dossier, "--as", ward, "--json"],
      ["document", "list", "--dossier", dossier, "--as", ward],
      ["ledger", "checkpoint", "--json"],
      ["audit", "status", "--json"],
      ["agency", "keys", "list", ward],
      [
        "dossier",
        "open",
        "--key",
        join(data, "tls", "server.key.pem"),
        dossier,
        "--procedure",
        procedure,
        "--as",
        ward,
      ],
      [
        "dossier",
        "open",
        "--key",
        join(data, "nats", "nkeys", "exchange.seed"),
        dossier,
        "--procedure",
        procedure,
        "--as",
        ward,
      ],
    ]) {
      const ran = await runLine([...line, "--data", data]);
      said.push(ran.stdout, ran.stderr);
    }
    const secrets = await secretsOf(data);
    expect(
      letOut(
        Buffer.from(said.join("\n")),
        secrets.filter(({ path }) => !path.endsWith("entries-token")),
      ),
    ).toEqual([]);
    expect(letOut(await logLines(), secrets)).toEqual([]);
  });

  test("when a caller writes a key or a token into any text of any request of any service", async () => {
    const { run } = bus.bus;
    for (const [service, address] of Object.entries(run.grpc)) {
      if (address === "") continue;
      const system = bus.systemOf(ward);
      const sensible = { shard: run.shard, agency: ward, agencies: ward };
      const sent = await plantInEveryRequest({ address, tls: bus.tls(system), planted: careless, sensible });
      expect({ service, sent: sent.requests > 0 }).toEqual({ service, sent: true });
    }
    const log = await logLines();
    for (const text of ["m4rked-t0ken", "TUFSS0VEUFJJVkFURUtFWQ"]) {
      expect(log.includes(text)).toBe(false);
      expect(said.join("\n").includes(text)).toBe(false);
    }
  }, 120_000);

  test("when a database, a seed or a key cannot be used", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lienthong-secrets-faulty-"));
    const url = `postgres://audit:${password}@127.0.0.1:1/audit?sslmode=disable`;
    const logger = createLogger({ service: "bus", level: "trace", destination: join(folder, "bus.log") });
    const failed = await startBus({ dataDirectory: folder, seed, logger, audit: { databaseUrl: url } }).catch(
      (error: unknown) => error,
    );
    const seen = [String(failed), String((failed as Error).stack), String((failed as Error).cause)];
    expect(seen[0]).toMatch(/cannot be used/);
    const key = join(folder, "keys", "registrar.pem");
    const good = await readFile(key, "utf8");
    await writeFile(key, good.replace("MC4", "XX4"));
    const again = await startBus({ dataDirectory: folder, seed, logger }).catch((error: unknown) => error);
    seen.push(String(again), String((again as Error).stack), String((again as Error).cause));
    expect(seen[3]).toMatch(/^\w*Error: /);
    const body = good.replaceAll(/-----[^-]+-----|\s/g, "");
    const all = [...seen, await readFile(join(folder, "bus.log"), "utf8").catch(() => "")].join("\n");
    for (const needle of [password, body.slice(-24)]) expect(all.includes(needle)).toBe(false);
    await rm(folder, { recursive: true, force: true });
  }, 120_000);
});

test("a secret file that others may read is refused with a sentence that says what to do", async () => {
  const file = join(data, "careless.pem");
  await writeFile(file, await readFile(join(bus.bus.run.keys, `${ward}.pem`)), { mode: 0o644 });
  const ran = await runLine([
    "dossier",
    "open",
    dossierCode(),
    "--procedure",
    procedure,
    "--as",
    ward,
    "--key",
    file,
    "--data",
    data,
  ]);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain(`chmod 600 ${file}`);
  await rm(file);
});
