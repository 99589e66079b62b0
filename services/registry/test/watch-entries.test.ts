import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  certificateKeyDigest,
  createGrpcServer,
  createLogger,
  type GrpcServer,
  openDevelopmentAuthority,
  type StoredTlsMaterial,
} from "@lienthong/chassis";
import { BusCallError, type Connection, connect } from "@lienthong/client";
import { registrySubject } from "@lienthong/event-store";
import { RegistryState } from "@lienthong/registry-state";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  agencyRecord,
  at,
  LogWriter,
  revoked,
  systemRecord,
} from "../../../packages/registry-state/test/registry-fixture.ts";
import { createRegistryService, type RegistryService } from "../src/index.ts";
import { openStream, startTestBus, until } from "./bus-fixture.ts";

const clock = { now: () => at(100_000), nowMs: () => Number(at(100_000).seconds) * 1_000 };
const ends: (() => unknown)[] = [];
let writer: LogWriter;
let append: Awaited<ReturnType<typeof openStream>>["append"];
let registry: RegistryService;
let server: GrpcServer;
let digest: Uint8Array;
let connection: Connection;
let stranger: Connection;
let serverTls: StoredTlsMaterial;

async function store(payload: Uint8Array): Promise<void> {
  const expectedLastSubjectSequence = writer.log.length;
  const [outcome] = await append.appendSingly([{ subject: registrySubject, payload, expectedLastSubjectSequence }]);
  expect(outcome?.kind).toBe("appended");
}

/** Records an agency, and gives its entry. */
async function record(id: string): Promise<Uint8Array> {
  const bytes = writer.write(agencyRecord(id));
  await store(bytes);
  writer.add(agencyRecord(id));
  return bytes;
}

async function serve(address: string): Promise<GrpcServer> {
  const logger = createLogger({ service: "test", level: "silent" });
  return createGrpcServer({ services: [registry.service], tls: serverTls, address, logger });
}

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "lienthong-watch-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const bus = await startTestBus((work) => ends.push(work));
  const opened = await openStream(bus);
  append = opened.append;
  const authority = await openDevelopmentAuthority({ folder });
  const known = await authority.system("watcher");
  serverTls = await authority.server();
  digest = certificateKeyDigest(known.certPem);
  const empty = new LogWriter();
  writer = empty;
  for (const [index, payload] of empty.log.entries()) {
    await append.appendSingly([{ subject: registrySubject, payload, expectedLastSubjectSequence: index }]);
  }
  const system = systemRecord("watcher", [digest]);
  await store(writer.write(system));
  writer.add(system);
  const logger = createLogger({ service: "test", level: "silent" });
  registry = await createRegistryService({ connection: await bus.connect("registry"), clock, logger });
  server = await serve("127.0.0.1:0");
  connection = connect({ address: server.address, tls: known });
  stranger = connect({ address: server.address, tls: await authority.system("stranger") });
  ends.push(
    () => server.drain(1_000),
    () => registry.stop(),
  );
});

afterEach(async () => {
  connection.close();
  stranger.close();
  // The port and the service first, the nats-server and the folder last.
  for (const end of ends.splice(0).reverse()) await end();
});

test("a watcher gets every entry once and in order: all that were, then each as it is recorded, byte for byte", async () => {
  // In the order of their ids, in which folding is cheap.
  for (let number = 0; number < 1_200; number += 1) writer.add(agencyRecord(`a-${String(number).padStart(5, "0")}`));
  const before = writer.log.slice(2);
  for (let start = 0; start < before.length; start += 500) {
    const part = before.slice(start, start + 500);
    const outcome = await append.appendBatch(
      part.map((payload, index) => ({
        subject: registrySubject,
        payload,
        expectedLastSubjectSequence: index === 0 ? 2 + start : null,
      })),
    );
    expect(outcome.kind).toBe("appended");
  }
  const ending = new AbortController();
  const state = new RegistryState();
  const received: Uint8Array[] = [];
  let parts = 0;
  for await (const part of connection.registry.watchEntries({ fromNumber: 0n, signal: ending.signal })) {
    parts += 1;
    expect(part.signedEntries.length).toBeLessThanOrEqual(1_000);
    received.push(...part.signedEntries);
    await state.applyMany(part.signedEntries);
    expect(part.nextNumber).toBe(BigInt(state.size));
    if (part.head === undefined) continue;
    expect(part.head).toMatchObject(state.headAt(part.head.size));
    if (state.size === 1_202) await record("while-watched");
    if (state.size === 1_203) ending.abort();
  }
  expect(parts).toBeGreaterThanOrEqual(3);
  expect(received.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
    writer.log.map((bytes) => Buffer.from(bytes).toString("hex")),
  );
});

test("a watch that goes on from a number repeats nothing, and gives signs of life while nothing happens", async () => {
  const first = await record("first");
  const ending = new AbortController();
  const parts: { entries: number; isAll: boolean }[] = [];
  for await (const part of connection.registry.watchEntries({ fromNumber: 2n, signal: ending.signal })) {
    parts.push({ entries: part.signedEntries.length, isAll: part.head !== undefined });
    if (parts.length === 1) expect(Buffer.from(part.signedEntries[0]!)).toEqual(Buffer.from(first));
    if (parts.length === 3) ending.abort();
  }
  expect(parts.map(({ entries }) => entries)).toEqual([1, 0, 0]);
  expect(parts.at(-1)?.isAll).toBe(true);
}, 60_000);

/** What a watch ends with. */
async function endOf(watch: AsyncGenerator<unknown, void>): Promise<BusCallError> {
  try {
    for await (const _ of watch);
  } catch (error) {
    if (error instanceof BusCallError) return error;
    throw error;
  }
  throw new Error("The watch ended well.");
}

test("whoever names entries that the registry does not have is refused, and so is an unknown system", async () => {
  const beyond = await endOf(connection.registry.watchEntries({ fromNumber: 3n }));
  expect(beyond).toMatchObject({ reason: "FIELD_INVALID", field: "from_number" });
  expect(beyond.metadata.allowed).toContain("0 to 2");
  expect((await endOf(stranger.registry.watchEntries({ fromNumber: 0n }))).reason).toBe("SYSTEM_UNKNOWN");
});

test("a system has 8 watches at most, and a place is free again when one ends", async () => {
  const ending = new AbortController();
  const running = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const watch = connection.registry.watchEntries({ fromNumber: 0n, signal: ending.signal });
      await watch.next();
      return watch;
    }),
  );
  expect((await endOf(connection.registry.watchEntries({ fromNumber: 0n }))).reason).toBe("OVERLOADED");
  await running[0]!.return();
  await until(async () => {
    const watch = connection.registry.watchEntries({ fromNumber: 0n, signal: ending.signal });
    const begun = await watch.next().then(
      () => true,
      () => false,
    );
    await watch.return();
    return begun;
  }, "a place is free again");
  ending.abort();
  for (const watch of running) await watch.return();
});

test("a system that is revoked while it watches is told so", async () => {
  const watch = connection.registry.watchEntries({ fromNumber: 0n });
  await watch.next();
  const system = systemRecord("watcher", [digest], { status: revoked });
  await store(writer.write(system));
  expect((await endOf(watch)).reason).toBe("SYSTEM_UNKNOWN");
}, 60_000);

test("a server that ends says DRAINING, and the watch goes on at the next one from where it was", async () => {
  const watch = connection.registry.watchEntries({ fromNumber: 0n });
  const { value } = await watch.next();
  const ended = endOf(watch);
  const { address } = server;
  await server.drain(5_000);
  expect(await ended).toMatchObject({ reason: "DRAINING", retry: "retry-after" });
  server = await serve(address);
  const next = await record("meanwhile");
  const ending = new AbortController();
  const again = connection.registry.watchEntries({ fromNumber: value!.nextNumber, signal: ending.signal });
  const entries: Uint8Array[] = [];
  for await (const part of again) {
    entries.push(...part.signedEntries);
    if (entries.length > 0) ending.abort();
  }
  expect(entries.map((bytes) => Buffer.from(bytes))).toEqual([Buffer.from(next)]);
});
