import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@lienthong/chassis";
import {
  batchMessagesMax,
  createAppender,
  createReader,
  declareAccessStream,
  declareEventStream,
  eventStreamName,
  type FollowedMessage,
  reconcileStreams,
} from "@lienthong/event-store";
import { connectAs, type EmbeddedNats, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { AuditIndex, type Database } from "../src/index.ts";
import { madeNames } from "./made-events.ts";

/** A nats-server with streams of events. */
export class StreamGround {
  readonly folder: string;
  readonly nats: EmbeddedNats;
  readonly #connections: NatsConnection[] = [];

  private constructor(folder: string, nats: EmbeddedNats) {
    this.folder = folder;
    this.nats = nats;
  }

  static async start(): Promise<StreamGround> {
    const folder = await mkdtemp(join(tmpdir(), "lt-audit-"));
    const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
    if (found.kind !== "binary") throw new Error("No nats-server binary was found.");
    return new StreamGround(
      folder,
      await startEmbeddedNats({ binaryPath: found.path, dataDirectory: join(folder, "nats") }),
    );
  }

  async connect(role: Role): Promise<NatsConnection> {
    const { seedFilePath } = this.nats.credentials[role];
    const connection = await connectAs({ url: this.nats.url, role, seedFilePath, name: `test ${role}` });
    this.#connections.push(connection);
    return connection;
  }

  /** Puts events into a shard's stream, made if it is not there. */
  async append(shard: string, messages: readonly FollowedMessage[]): Promise<void> {
    await (await this.appender(shard))(messages);
  }

  /** The same for many: what one call appends goes on where the one before ended. */
  async appender(shard: string): Promise<(messages: readonly FollowedMessage[]) => Promise<void>> {
    const manager = await jetstreamManager(await this.connect("admin"), { checkAPI: false });
    await reconcileStreams(manager, [declareEventStream({ shard, replicas: 1 }), declareAccessStream({ replicas: 1 })]);
    const connection = await this.connect("exchange");
    const appender = createAppender({ connection, timeoutMs: 30_000 });
    const reader = createReader({ connection, streamName: eventStreamName(shard) });
    return async (messages) => {
      for (let at = 0; at < messages.length; at += batchMessagesMax) {
        const part = messages.slice(at, at + batchMessagesMax);
        const heads = await reader.headsOf(part.map(({ subject }) => subject));
        const seen = new Set<string>();
        const batch = part.map(({ subject, payload }) => {
          const expectedLastSubjectSequence = seen.has(subject) ? null : (heads.get(subject)?.sequence ?? 0);
          seen.add(subject);
          return { subject, payload, expectedLastSubjectSequence };
        });
        const outcome = await appender.appendBatch(batch);
        if (outcome.kind !== "appended") throw new Error(`The events were not appended: ${JSON.stringify(outcome)}`);
      }
    };
  }

  /** Removes a stream, as somebody with the administrator's rights could. */
  async removeStream(shard: string): Promise<void> {
    const manager = await jetstreamManager(await this.connect("admin"), { checkAPI: false });
    await manager.streams.delete(eventStreamName(shard));
  }

  async openIndex(database: Database): Promise<AuditIndex> {
    return AuditIndex.open({
      database,
      connection: await this.connect("audit"),
      names: madeNames,
      registryAt: async () => {},
      logger: createLogger({ service: "test", level: "fatal" }),
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
