import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { findNatsServer } from "@lienthong/nats-server";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { declareEventStream, reconcileStreams } from "../src/index.ts";

/** A real nats-server of this test's own, which the test may pause, kill and start again. */
export interface ServerFixture {
  port: number;
  pid(): number;
  connect(): Promise<NatsConnection>;
  /** Stops the process without letting it exit; nothing it was sent is lost. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  startAgain(): Promise<void>;
  remove(): Promise<void>;
}

export async function startServer(): Promise<ServerFixture> {
  const binaryPath = await natsServerBinary();
  const folder = await mkdtemp(join(tmpdir(), "event-store-"));
  let port = -1;
  let child: ChildProcess;
  const connections: NatsConnection[] = [];

  async function start(): Promise<void> {
    const portsFolder = await mkdtemp(join(folder, "ports-"));
    await mkdir(join(folder, "data"), { recursive: true });
    const config = join(folder, "nats.conf");
    await writeFile(
      config,
      `listen: "127.0.0.1:${port}"\nports_file_dir: "${portsFolder}"\nlog_file: "${join(folder, "log")}"\n` +
        `jetstream { store_dir: "${join(folder, "data")}", sync_interval: always }\n`,
    );
    child = spawn(binaryPath, ["-c", config], { stdio: "ignore" });
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`nats-server ended: ${await readFile(join(folder, "log"), "utf8")}`);
      const [name] = await readdir(portsFolder);
      if (name === undefined) return false;
      const text = await readFile(join(portsFolder, name), "utf8");
      if (!text.includes('"nats"')) return false;
      port = Number(new URL(JSON.parse(text).nats[0]).port);
      return true;
    });
  }

  await start();
  return {
    get port() {
      return port;
    },
    pid: () => child.pid!,
    async connect() {
      const connection = await connect({
        servers: `127.0.0.1:${port}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        reconnectJitter: 0,
      });
      connections.push(connection);
      return connection;
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async kill() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    startAgain: start,
    async remove() {
      await Promise.all(connections.map((connection) => connection.close()));
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGKILL");
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Never the server that `LIENTHONG_NATS_URL` may name: these tests pause and kill theirs. */
export async function natsServerBinary(): Promise<string> {
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("No nats-server binary was found.");
  return found.path;
}

/** Waits for a condition; the bound is only there to end a test that would never end. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`The condition was not met within ${timeoutMs} ms.`);
    await wait(5);
  }
}

let shards = 0;

/** A fresh event stream of its own, so that tests of one file share a server but nothing else. */
export async function freshShard(connection: NatsConnection): Promise<string> {
  shards += 1;
  const shard = `test-${process.pid}-${shards}`;
  await reconcileStreams(await jetstreamManager(connection), [declareEventStream({ shard, replicas: 1 })]);
  return shard;
}

/** A dossier code made from a number. */
export function dossierCode(number: number): string {
  return `H26.01-261104-${String(number).padStart(6, "0")}`;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}
