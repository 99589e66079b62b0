import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  createAppender,
  createReader,
  declareRegistryStream,
  reconcileStreams,
  registryStreamName,
} from "@lienthong/event-store";
import { connectAs, type EmbeddedNats, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { onTestFinished } from "vitest";

/** A real nats-server of this test's own with the registry's stream, and connections by role. */
export interface TestBus {
  nats: EmbeddedNats;
  /** Where the server keeps everything. */
  readonly dataFolder: string;
  connect(role: Role): Promise<NatsConnection>;
  /** Stops the process without ending it; nothing it was sent is lost. */
  pause(): void;
  resume(): void;
  /** Starts the server again after `nats.stop()`, on whatever lies in its folder then; new connections go to it. */
  start(): Promise<void>;
  /** Ends the server and starts it again on the same data and port. */
  restart(): Promise<void>;
}

/** `atEnd`: where to say what must be done at the end; absent: at the end of the running test. */
export async function startTestBus(atEnd: (work: () => Promise<void>) => void = onTestFinished): Promise<TestBus> {
  const found = await findNatsServer({ env: { ...process.env } });
  if (found.kind !== "binary") throw new Error("These tests need a server binary of their own.");
  const folder = await mkdtemp(join(tmpdir(), "lienthong-registry-"));
  const start = () => startEmbeddedNats({ binaryPath: found.path, dataDirectory: folder });
  const connections: NatsConnection[] = [];
  const bus: TestBus = {
    nats: await start(),
    dataFolder: folder,
    async connect(role) {
      const { url, credentials } = bus.nats;
      const { seedFilePath } = credentials[role];
      const connection = await connectAs({ url, role, seedFilePath, name: `test-${role}` });
      connections.push(connection);
      return connection;
    },
    pause: () => void process.kill(bus.nats.pid, "SIGSTOP"),
    resume: () => void process.kill(bus.nats.pid, "SIGCONT"),
    async start() {
      bus.nats = await start();
    },
    async restart() {
      await bus.nats.stop();
      await bus.start();
    },
  };
  atEnd(async () => {
    bus.resume();
    await Promise.all(connections.map((connection) => connection.close()));
    await bus.nats.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const admin = await bus.connect("admin");
  await reconcileStreams(await jetstreamManager(admin), [declareRegistryStream({ replicas: 1 })]);
  return bus;
}

/** What writes and reads the registry's stream. */
export async function openStream(bus: TestBus) {
  const connection = await bus.connect("registry");
  return {
    connection,
    append: createAppender({ connection, timeoutMs: 5_000 }),
    reader: createReader({ connection, streamName: registryStreamName }),
  };
}

/** Waits for a condition; the bound is only there to end a test that would never end. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited 20 s in vain until ${what}.`);
    await wait(10);
  }
}
