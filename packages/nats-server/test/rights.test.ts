import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { connectAs, type EmbeddedNats, inboxPrefixOf, type Role, roles, startEmbeddedNats } from "../src/index.ts";
import { findTestBinary, waitUntil } from "./test-server.ts";

vi.setConfig({ testTimeout: 30_000 });

const folder = await mkdtemp(join(tmpdir(), "lienthong-nats-test-"));
let server: EmbeddedNats;
let connections: Record<Role, NatsConnection>;

beforeAll(async () => {
  const { path } = await findTestBinary();
  server = await startEmbeddedNats({ binaryPath: path, dataDirectory: folder });
  const entries = roles.map(async (role) => [role, await connect(role)] as const);
  connections = Object.fromEntries(await Promise.all(entries)) as Record<Role, NatsConnection>;
  for (const [name, subjects] of Object.entries({
    EVENTS_a: ["lt.a.event.>"],
    EVENTS_b: ["lt.b.event.>"],
    SETTLED_a: ["lt.a.settled.>"],
    DOCUMENTS_a: ["lt.a.document.>"],
    PARTS_a: ["lt.a.part.>"],
    REGISTRY: ["lt.registry", "lt.registry.>"],
    SPARE: ["spare"],
  })) {
    const stream = { name, subjects, allow_direct: true, allow_atomic: true };
    const answer = await connections.admin.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(stream));
    expect(answer.json()).not.toHaveProperty("error");
  }
  for (const subject of ["lt.a.event.d1", "lt.a.event.d2", "lt.a.settled.x.main"]) {
    await connections.exchange.request(subject, "body");
  }
  await connections.registry.request("lt.registry.agency", "entry");
}, 60_000);

afterAll(async () => {
  await Promise.all(Object.values(connections).map((connection) => connection.close()));
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function connect(role: Role): Promise<NatsConnection> {
  return await connectAs({ url: server.url, role, seedFilePath: server.credentials[role].seedFilePath, name: role });
}

/** "refused" is nothing but the server's permission error; any other failure is thrown. */
async function attempt(role: Role, subject: string, body: unknown): Promise<"allowed" | "refused"> {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  try {
    await connections[role].request(subject, payload, { timeout: 5_000 });
    return "allowed";
  } catch (error) {
    if (isPermissionError(error)) {
      return "refused";
    }
    throw error;
  }
}

function isPermissionError(error: unknown): boolean {
  return (
    error instanceof PermissionViolationError ||
    (error instanceof Error && error.cause instanceof PermissionViolationError)
  );
}

const everyone = [...roles];
const writers = ["exchange"] as const;
const consumer = (name: string) => ({
  stream_name: "EVENTS_a",
  config: { name, ack_policy: "none", mem_storage: true, inactive_threshold: 60e9 },
});

interface Action {
  readonly what: string;
  readonly subject: string | ((role: Role) => string);
  readonly body?: (role: Role) => unknown;
  readonly allowed: readonly Role[];
}

const actions: readonly Action[] = [
  { what: "publish an event", subject: "lt.a.event.d9", allowed: writers },
  { what: "publish what is settled", subject: "lt.a.settled.agency.main", allowed: ["exchange", "delivery"] },
  { what: "publish the record of a document", subject: "lt.a.document.x", allowed: ["documents"] },
  { what: "publish a part of a document", subject: "lt.a.part.x.y", allowed: ["documents"] },
  {
    what: "publish a document of a shard called registry",
    subject: "lt.registry.document.x",
    allowed: ["registry"],
  },
  { what: "publish the registry's subject", subject: "lt.registry", allowed: ["registry"] },
  { what: "publish a registry entry", subject: "lt.registry.agency", allowed: ["registry"] },
  { what: "publish an event of a shard called registry", subject: "lt.registry.event.d1", allowed: ["registry"] },
  {
    what: "publish what is settled in a shard called registry",
    subject: "lt.registry.settled.a.b",
    allowed: ["registry"],
  },
  {
    what: "create a stream",
    subject: (role) => `$JS.API.STREAM.CREATE.X_${role}`,
    body: (role) => ({ name: `X_${role}`, subjects: [`x.${role}`] }),
    allowed: ["admin"],
  },
  {
    what: "update a stream",
    subject: "$JS.API.STREAM.UPDATE.SPARE",
    body: () => ({ name: "SPARE", subjects: ["spare"] }),
    allowed: ["admin"],
  },
  { what: "purge a stream", subject: "$JS.API.STREAM.PURGE.SPARE", allowed: ["admin"] },
  {
    what: "delete a message",
    subject: "$JS.API.STREAM.MSG.DELETE.SPARE",
    body: () => ({ seq: 1 }),
    // Only of streams that do not deny it; see services/documents/test/erased-bytes.test.ts.
    allowed: ["admin", "documents"],
  },
  { what: "delete a stream", subject: "$JS.API.STREAM.DELETE.NONE", allowed: ["admin"] },
  { what: "restore a stream", subject: "$JS.API.STREAM.RESTORE.NONE", body: () => ({}), allowed: ["admin"] },
  { what: "snapshot a stream", subject: "$JS.API.STREAM.SNAPSHOT.NONE", body: () => ({}), allowed: ["admin"] },
  {
    what: "create a durable consumer by its old subject",
    subject: "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS_a.x",
    body: () => ({}),
    allowed: ["admin"],
  },
  { what: "pause a consumer", subject: "$JS.API.CONSUMER.PAUSE.EVENTS_a.x", body: () => ({}), allowed: ["admin"] },
  { what: "purge the account", subject: "$JS.API.ACCOUNT.PURGE.BUS", allowed: [] },
  { what: "see the account's state", subject: "$JS.API.INFO", allowed: everyone },
  { what: "see a stream's state", subject: "$JS.API.STREAM.INFO.EVENTS_a", allowed: everyone },
  { what: "name the streams", subject: "$JS.API.STREAM.NAMES", allowed: everyone },
  {
    what: "get a message from the leader",
    subject: "$JS.API.STREAM.MSG.GET.EVENTS_a",
    body: () => ({ seq: 1 }),
    allowed: everyone,
  },
  {
    what: "get a message directly",
    subject: "$JS.API.DIRECT.GET.EVENTS_a",
    body: () => ({ seq: 1 }),
    allowed: everyone,
  },
  {
    what: "get a subject's last message directly",
    subject: "$JS.API.DIRECT.GET.EVENTS_a.lt.a.event.d1",
    allowed: everyone,
  },
  {
    what: "create a consumer",
    subject: (role) => `$JS.API.CONSUMER.CREATE.EVENTS_a.c_${role}`,
    body: (role) => consumer(`c_${role}`),
    allowed: everyone,
  },
  {
    what: "reset a consumer",
    subject: (role) => `$JS.API.CONSUMER.RESET.EVENTS_a.c_${role}`,
    body: () => ({}),
    allowed: ["admin"],
  },
  { what: "see a consumer's state", subject: (role) => `$JS.API.CONSUMER.INFO.EVENTS_a.c_${role}`, allowed: everyone },
  { what: "delete a consumer", subject: (role) => `$JS.API.CONSUMER.DELETE.EVENTS_a.c_${role}`, allowed: everyone },
  { what: "ask the server for its flush setting", subject: "lt-server.jetstream", allowed: everyone },
];

describe.each(roles)("%s", (role) => {
  test.each(actions)(`${role}: $what`, async ({ subject, body, allowed }) => {
    const where = typeof subject === "string" ? subject : subject(role);
    expect(await attempt(role, where, body?.(role) ?? "")).toBe(allowed.includes(role) ? "allowed" : "refused");
  });

  test("acknowledges for nobody", async () => {
    const connection = connections[role];
    const violation = nextViolation(connection);
    connection.publish("$JS.ACK.EVENTS_a.c.1.1.1.1.0");
    expect(await violation).toMatchObject({ operation: "publish", subject: "$JS.ACK.EVENTS_a.c.1.1.1.1.0" });
  });

  test("reads its own replies and no other role's, nor the live subjects", async () => {
    const others = roles.filter((each) => each !== role).map((each) => `${inboxPrefixOf(each)}.>`);
    for (const subject of [...others, "_INBOX.>", "_INBOX*.>", ">", "lt.>", "$JS.>"]) {
      const connection = await connect(role);
      onTestFinished(() => connection.close());
      const refusal = new Promise((resolve) => {
        connection.subscribe(subject, { callback: (error) => resolve(error) });
      });
      expect(await refusal, subject).toBeInstanceOf(PermissionViolationError);
    }
  });

  test("reads events through an ordered consumer and in direct batches", async () => {
    const manager = await jetstreamManager(connections[role]);
    for (const filter of ["lt.a.event.>", ["lt.a.event.d1", "lt.a.event.d2"]]) {
      const ordered = await jetstream(connections[role]).consumers.get("EVENTS_a", { filter_subjects: filter });
      const messages = await ordered.consume();
      const subjects: string[] = [];
      for await (const message of messages) {
        subjects.push(message.subject);
        if (subjects.length === 2) {
          break;
        }
      }
      expect(subjects).toEqual(["lt.a.event.d1", "lt.a.event.d2"]);
    }
    const batch = await manager.direct.getBatch("EVENTS_a", { seq: 1, batch: 2 });
    expect(await subjectsOf(batch)).toEqual(["lt.a.event.d1", "lt.a.event.d2"]);
    const last = await manager.direct.getLastMessagesFor("EVENTS_a", {
      multi_last: ["lt.a.event.d1", "lt.a.event.d2"],
    });
    expect(await subjectsOf(last)).toEqual(["lt.a.event.d1", "lt.a.event.d2"]);
    expect((await manager.streams.list().next()).map((each) => each.config.name)).toContain("EVENTS_a");
  });
});

async function subjectsOf(messages: AsyncIterable<{ subject: string }>): Promise<string[]> {
  const subjects: string[] = [];
  for await (const message of messages) {
    subjects.push(message.subject);
  }
  return subjects;
}

async function nextViolation(connection: NatsConnection): Promise<unknown> {
  for await (const status of connection.status()) {
    if (status.type === "error" && status.error instanceof PermissionViolationError) {
      return status.error;
    }
  }
  return undefined;
}

test("the exchange appends an atomic batch with compare-and-set", async () => {
  const publishHeaders = (sequence: number, commit: boolean) => {
    const all = headers();
    all.set("Nats-Batch-Id", "batch-1");
    all.set("Nats-Batch-Sequence", String(sequence));
    all.set("Nats-Expected-Last-Subject-Sequence", "0");
    if (commit) {
      all.set("Nats-Batch-Commit", "1");
    }
    return all;
  };
  connections.exchange.publish("lt.a.event.batch1", "1", { headers: publishHeaders(1, false) });
  const answer = await connections.exchange.request("lt.a.event.batch2", "2", {
    headers: publishHeaders(2, true),
    timeout: 5_000,
  });
  expect(answer.json()).toMatchObject({ stream: "EVENTS_a", batch: "batch-1", count: 2 });
});

const injections = (name: string) =>
  [
    ["$JS.API.DIRECT.GET.EVENTS_a", { seq: 1 }],
    ["$JS.API.STREAM.MSG.GET.EVENTS_a", { seq: 1 }],
    [`$JS.API.CONSUMER.MSG.NEXT.EVENTS_a.${name}`, { batch: 1 }],
  ] as const;

async function injectAnswers(role: Role, replySubject: string): Promise<void> {
  const name = `inject_${replySubject.replaceAll(".", "_")}`;
  await connections[role].request(`$JS.API.CONSUMER.CREATE.EVENTS_a.${name}`, JSON.stringify(consumer(name)));
  for (const [subject, body] of injections(name)) {
    connections[role].publish(subject, JSON.stringify(body), { reply: replySubject });
  }
  await connections[role].flush();
}

async function messagesIn(stream: string): Promise<number> {
  const answer = await connections.admin.request(`$JS.API.STREAM.INFO.${stream}`);
  return answer.json<{ state: { messages: number } }>().state.messages;
}

// The server checks a request's subject, not its reply subject: without accounts of their own, readers could have the
// answer to a read stored as an event. The exchange, in the streams' account, shows that the attempt would succeed.
test.each(["registry", "delivery", "documents", "ledger", "audit"] as const)(
  "%s cannot turn an answer into an event",
  async (role) => {
    const before = await messagesIn("EVENTS_b");
    const name = `push_${role}`;
    const config = { ...consumer(name).config, deliver_subject: `lt.b.event.${name}` };
    const pushed = { stream_name: "EVENTS_a", config };
    await connections[role].request(`$JS.API.CONSUMER.CREATE.EVENTS_a.${name}`, JSON.stringify(pushed));
    await injectAnswers(role, `lt.b.event.by_${role}`);

    // Counted by number, not by subject: an injected pull even keeps the subject it had in the other stream.
    await injectAnswers("exchange", `lt.b.event.control_${role}`);
    await waitUntil(async () => (await messagesIn("EVENTS_b")) >= before + 3, "the control's answers were stored");
    expect(await messagesIn("EVENTS_b")).toBe(before + 3);
  },
);

test("a connection without a key, or with a stranger's, is refused", async () => {
  const { connect: connectPlain, nkeyAuthenticator } = await import("@nats-io/transport-node");
  const { createUser } = await import("@nats-io/nkeys");
  await expect(connectPlain({ servers: server.url, reconnect: false })).rejects.toThrow(/Authorization/i);
  const authenticator = nkeyAuthenticator(createUser().getSeed());
  await expect(connectPlain({ servers: server.url, authenticator, reconnect: false })).rejects.toThrow(
    /Authorization/i,
  );
});
