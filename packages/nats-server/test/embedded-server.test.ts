import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectAs, type EmbeddedNats, type Role, roles, startEmbeddedNats } from "../src/index.ts";
import { findTestBinary, makeTemporaryFolder, waitUntil } from "./test-server.ts";

// Processes are started and killed here, on machines that others load too.
vi.setConfig({ testTimeout: 60_000 });

const binary = await findTestBinary();

async function start(dataDirectory: string, port?: number): Promise<EmbeddedNats> {
  const server = await startEmbeddedNats({
    binaryPath: binary.path,
    dataDirectory,
    ...(port === undefined ? {} : { port }),
  });
  onTestFinished(() => server.stop());
  return server;
}

async function connectTo(server: EmbeddedNats, role: Role) {
  const { seedFilePath } = server.credentials[role];
  const connection = await connectAs({ url: server.url, role, seedFilePath, name: `test-${role}` });
  onTestFinished(() => connection.close());
  return connection;
}

async function startOwnerProcess(dataDirectory: string, endWithParent: "yes" | "no") {
  const script = fileURLToPath(new URL("owner-process.ts", import.meta.url));
  const owner: ChildProcess = spawn(process.execPath, [script, binary.path, dataDirectory, endWithParent], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    owner.kill("SIGKILL");
  });
  for await (const line of createInterface({ input: owner.stdout! })) {
    return { owner, server: JSON.parse(line) as { pid: number; port: number } };
  }
  throw new Error("the owner process ended before its server was ready");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isNatsServer(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).includes("nats-server.conf");
}

test("what was acknowledged is there after a restart, under the same port and keys", async () => {
  const folder = await makeTemporaryFolder();
  const first = await start(folder);
  const admin = await connectTo(first, "admin");
  const stream = { name: "EVENTS_a", subjects: ["lt.a.event.>"], storage: "file" };
  const created = await admin.request("$JS.API.STREAM.CREATE.EVENTS_a", JSON.stringify(stream));
  expect(created.json()).not.toHaveProperty("error");
  const exchange = await connectTo(first, "exchange");
  expect((await exchange.request("lt.a.event.d1", "one")).json()).toMatchObject({ stream: "EVENTS_a", seq: 1 });
  const seeds = await Promise.all(roles.map((role) => readFile(first.credentials[role].seedFilePath, "utf8")));
  await first.stop();
  expect(await first.exited).toMatchObject({ wasAskedTo: true });
  expect(isAlive(first.pid)).toBe(false);

  const second = await start(folder);
  expect(second.port).toBe(first.port);
  expect(await Promise.all(roles.map((role) => readFile(second.credentials[role].seedFilePath, "utf8")))).toEqual(
    seeds,
  );
  // The client of before finds the server again by itself.
  let info: unknown;
  await waitUntil(async () => {
    const answer = await exchange.request("$JS.API.STREAM.INFO.EVENTS_a", "", { timeout: 500 }).catch(() => undefined);
    info = answer?.json();
    return answer !== undefined;
  }, "the client has reconnected");
  expect(info).toMatchObject({ state: { messages: 1, last_seq: 1 } });
});

test("the embedded server listens on loopback only, fsyncs always, and keeps its seeds from other users", async () => {
  const folder = await makeTemporaryFolder();
  const server = await start(folder);
  const config = await readFile(server.configFilePath, "utf8");
  expect(config).toMatch(/^listen: "127\.0\.0\.1:-1"$/m);
  expect(config).toMatch(/^ {2}sync_interval: always$/m);
  for (const role of roles) {
    expect((await stat(server.credentials[role].seedFilePath)).mode & 0o777).toBe(0o600);
    expect(config).not.toContain((await readFile(server.credentials[role].seedFilePath, "utf8")).trim());
  }
  expect(server.version).toBe(binary.version);
  expect(await readFile(join(folder, "logs", "nats-server.log"), "utf8")).toContain("Server is ready");
});

test("the server is in a process group of its own, so Ctrl-C in the terminal does not reach it first", async () => {
  const server = await start(await makeTemporaryFolder());
  const status = await readFile(`/proc/${server.pid}/stat`, "utf8");
  const processGroup = Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[2]);
  expect(processGroup).toBe(server.pid);
});

test("a second start on one folder is refused with the owner's process id, and allowed after the stop", async () => {
  const folder = await makeTemporaryFolder();
  const first = await start(folder);
  await expect(start(folder)).rejects.toMatchObject({ reason: "DATA_FOLDER_IN_USE" });
  await expect(start(folder)).rejects.toThrow(`in use by process ${process.pid}`);
  await first.stop();
  await start(folder);
});

test("a second process on one folder is refused, and takes over once the first was killed", async () => {
  const folder = await makeTemporaryFolder();
  const { owner } = await startOwnerProcess(folder, "yes");
  await expect(start(folder)).rejects.toThrow(`in use by process ${owner.pid}`);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  await start(folder);
});

test("a server left behind by a killed owner is ended and replaced at the next start", async () => {
  const folder = await makeTemporaryFolder();
  const { owner, server: stale } = await startOwnerProcess(folder, "no");
  owner.kill("SIGKILL");
  await once(owner, "exit");
  expect(await isNatsServer(stale.pid)).toBe(true);

  const lines: string[] = [];
  const server = await startEmbeddedNats({
    binaryPath: binary.path,
    dataDirectory: folder,
    report: (l) => lines.push(l),
  });
  onTestFinished(() => server.stop());
  expect(await isNatsServer(stale.pid)).toBe(false);
  expect(lines).toEqual([`ended nats-server (process ${stale.pid}) left behind by an earlier run`]);
  expect(server.port).toBe(stale.port);
});

test.runIf(process.platform === "linux")("a server does not outlive an owner that dies abruptly", async () => {
  const { owner, server } = await startOwnerProcess(await makeTemporaryFolder(), "yes");
  expect(await isNatsServer(server.pid)).toBe(true);
  owner.kill("SIGKILL");
  await waitUntil(async () => !(await isNatsServer(server.pid)), "the orphaned server ended");
});

test("a pid file that names a stranger costs the stranger nothing", async () => {
  const folder = await makeTemporaryFolder();
  await (await start(folder)).stop();
  const stranger = spawn("sleep", ["60"]);
  onTestFinished(() => {
    stranger.kill();
  });
  await writeFile(join(folder, "run", "nats-server.pid"), String(stranger.pid));
  await start(folder);
  expect(stranger.exitCode).toBeNull();
  expect(stranger.signalCode).toBeNull();
  expect(isAlive(stranger.pid!)).toBe(true);
});

test("another port is chosen when the last one is taken, and a demanded one that is taken is refused", async () => {
  const folder = await makeTemporaryFolder();
  const first = await start(folder);
  await first.stop();
  const squatter = createServer().listen(first.port, "127.0.0.1");
  await once(squatter, "listening");
  onTestFinished(() => {
    squatter.close();
  });
  await expect(start(folder, first.port)).rejects.toMatchObject({ reason: "START_FAILED" });
  const second = await start(folder);
  expect(second.port).not.toBe(first.port);
});

test("a server that dies by itself is reported, and its folder is free again", async () => {
  const folder = await makeTemporaryFolder();
  const first = await start(folder);
  process.kill(first.pid, "SIGKILL");
  expect(await first.exited).toEqual({ code: null, signal: "SIGKILL", wasAskedTo: false });
  await first.stop();
  await start(folder);
});

test("a start that fails says what the server said and frees the folder", async () => {
  const folder = await makeTemporaryFolder();
  await (await start(folder)).stop();
  const seedFile = join(folder, "nkeys", "ledger.seed");
  const seed = await readFile(seedFile, "utf8");
  await writeFile(seedFile, "nonsense");
  await expect(start(folder)).rejects.toThrow(/ledger\.seed does not hold an nkey user seed/);
  await writeFile(seedFile, seed);
  await start(folder);
});
