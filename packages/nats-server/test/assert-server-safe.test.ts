import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { expect, onTestFinished, test, vi } from "vitest";
import { assertServerSafe, connectAs, roles, startEmbeddedNats } from "../src/index.ts";
import { findTestBinary, makeTemporaryFolder, waitUntil } from "./test-server.ts";

vi.setConfig({ testTimeout: 60_000 });

const binary = await findTestBinary();

/** A server of somebody else's: no accounts, with a monitoring port on loopback. */
async function startForeignServer(syncInterval: string): Promise<{ connection: NatsConnection; monitorUrl: string }> {
  const folder = await makeTemporaryFolder();
  const config = join(folder, "foreign.conf");
  const lines = [
    'listen: "127.0.0.1:-1"',
    'http: "127.0.0.1:-1"',
    `ports_file_dir: "${folder}"`,
    `jetstream { store_dir: "${folder}/js", sync_interval: ${syncInterval} }`,
  ];
  await writeFile(config, lines.join("\n"));
  const child = spawn(binary.path, ["-c", config], { stdio: "ignore" });
  onTestFinished(async () => {
    child.kill();
    await once(child, "exit");
  });
  let ports: { nats: string[]; monitoring: string[] } | undefined;
  await waitUntil(async () => {
    const name = (await readdir(folder)).find((each) => each.endsWith(".ports"));
    const text = name === undefined ? "" : await readFile(join(folder, name), "utf8");
    ports = text.endsWith("}") ? JSON.parse(text) : undefined;
    return ports !== undefined;
  }, "the server has written its ports");
  const connection = await connect({ servers: ports?.nats[0] ?? "" });
  onTestFinished(() => connection.close());
  return { connection, monitorUrl: ports?.monitoring[0] ?? "" };
}

test("every role sees by itself that the embedded server fsyncs always", async () => {
  const folder = await makeTemporaryFolder();
  const server = await startEmbeddedNats({ binaryPath: binary.path, dataDirectory: folder });
  onTestFinished(() => server.stop());
  for (const role of roles) {
    const { seedFilePath } = server.credentials[role];
    const connection = await connectAs({ url: server.url, role, seedFilePath, name: role });
    onTestFinished(() => connection.close());
    expect(await assertServerSafe(connection, { env: {} })).toEqual({ version: binary.version, sync: "server" });
  }
});

test("a foreign server whose flush setting cannot be seen is refused, unless someone answers for it", async () => {
  const { connection } = await startForeignServer("always");
  await expect(assertServerSafe(connection, { env: {} })).rejects.toMatchObject({ reason: "SYNC_UNKNOWN" });
  await expect(assertServerSafe(connection, { env: {} })).rejects.toThrow(
    /LIENTHONG_NATS_MONITOR_URL.*LIENTHONG_NATS_TRUST_SYNC=yes/,
  );
  const trusted = await assertServerSafe(connection, { env: { LIENTHONG_NATS_TRUST_SYNC: "yes" } });
  expect(trusted.sync).toBe("trusted");
});

test("the monitoring address settles it either way, and outranks trust", async () => {
  const safe = await startForeignServer("always");
  expect(
    await assertServerSafe(safe.connection, { env: { LIENTHONG_NATS_MONITOR_URL: safe.monitorUrl } }),
  ).toMatchObject({
    sync: "monitor",
  });
  const lazy = await startForeignServer("2m");
  const env = { LIENTHONG_NATS_MONITOR_URL: lazy.monitorUrl, LIENTHONG_NATS_TRUST_SYNC: "yes" };
  await expect(assertServerSafe(lazy.connection, { env })).rejects.toMatchObject({ reason: "SYNC_NOT_ALWAYS" });
});

test("a monitoring address that does not answer is refused, not trusted", async () => {
  const { connection } = await startForeignServer("always");
  const env = { LIENTHONG_NATS_MONITOR_URL: "http://127.0.0.1:1", LIENTHONG_NATS_TRUST_SYNC: "yes" };
  await expect(assertServerSafe(connection, { env })).rejects.toMatchObject({ reason: "SYNC_UNKNOWN" });
});
