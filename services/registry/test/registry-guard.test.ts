import { cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@lienthong/chassis";
import {
  declareRegistryStream,
  openDurableHead,
  reconcileStreams,
  registryStreamName,
  registrySubject,
} from "@lienthong/event-store";
import { jetstreamManager } from "@nats-io/jetstream";
import { expect, onTestFinished, test } from "vitest";
import { agencyRecord, at, LogWriter, writeSmallLog } from "../../../packages/registry-state/test/registry-fixture.ts";
import {
  createEntryAppender,
  createRegistryService,
  followRegistry,
  RegistryChangedError,
  type RegistryFollower,
} from "../src/index.ts";
import { openStream, startTestBus, type TestBus, until } from "./bus-fixture.ts";

const clock = { now: () => at(100), nowMs: () => Number(at(100).seconds) * 1_000 };

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lienthong-registry-head-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function store(bus: TestBus, log: readonly Uint8Array[], after = 0): Promise<void> {
  const { append, connection } = await openStream(bus);
  for (const [index, payload] of log.entries()) {
    const expectedLastSubjectSequence = after + index;
    const [outcome] = await append.appendSingly([{ subject: registrySubject, payload, expectedLastSubjectSequence }]);
    expect(outcome?.kind).toBe("appended");
  }
  await connection.close();
}

/** Follows as an exchange does, and reads all that is there; its head is on disk when this returns. */
async function readOnce(bus: TestBus, headPath: string): Promise<RegistryFollower> {
  const follower = followRegistry({ connection: await bus.connect("exchange"), headPath });
  await follower.caughtUp;
  await until(() => follower.confirmed(2_000), "the head is confirmed");
  return follower;
}

/** Empties the stream and fills it with another log. */
async function replaceStream(bus: TestBus, log: readonly Uint8Array[]): Promise<void> {
  const admin = await bus.connect("admin");
  const manager = await jetstreamManager(admin, { checkAPI: false });
  await manager.streams.delete(registryStreamName);
  await reconcileStreams(manager, [declareRegistryStream({ replicas: 1 })]);
  await admin.close();
  await store(bus, log);
}

/** A log that begins as the small one and ends otherwise, as long as it or longer. */
function otherLog(entries: number): Uint8Array[] {
  const writer = new LogWriter();
  for (let number = 1; number < entries; number += 1) writer.add(agencyRecord(`other-${number}`));
  return writer.log;
}

async function whyStopped(follower: RegistryFollower): Promise<Error> {
  await until(() => follower.stoppedBecause() !== null, "the follower ends");
  return follower.stoppedBecause() as Error;
}

for (const who of ["a follower", "the registry service"] as const) {
  test(`with yesterday's copy of the stream ${who} does not start, says what to do, and goes on with the right one`, async () => {
    const folder = await newFolder();
    const headPath = join(folder, "heads", "registry");
    const bus = await startTestBus();
    const { log } = writeSmallLog();
    await store(bus, log.slice(0, 7));
    const natsFolder = bus.dataFolder;
    await bus.nats.stop();
    await cp(natsFolder, join(folder, "yesterday"), { recursive: true });
    await bus.start();
    await store(bus, log.slice(7), 7);
    await (await readOnce(bus, headPath)).stop();

    await bus.nats.stop();
    await rename(natsFolder, join(folder, "today"));
    await cp(join(folder, "yesterday"), natsFolder, { recursive: true });
    await bus.start();
    const start = async () => {
      if (who === "a follower") {
        const follower = followRegistry({ connection: await bus.connect("exchange"), headPath });
        const outcome = await follower.caughtUp.then(
          () => null,
          () => follower.stoppedBecause(),
        );
        expect(follower.confirmed(60_000)).toBe(outcome === null);
        await follower.stop();
        if (outcome !== null) throw outcome;
        return follower.state.size;
      }
      const service = await createRegistryService({
        connection: await bus.connect("registry"),
        clock,
        logger: createLogger({ service: "test", level: "silent" }),
        headPath,
      });
      await service.stop();
      return service.follower.state.size;
    };
    const refused = await start().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RegistryChangedError);
    expect((refused as Error).message).toMatch(
      /the stream ends at message 7, but 13 entries were read from it\. Do not delete .*heads\/registry\. Restore the stream LT_REGISTRY/,
    );

    await bus.nats.stop();
    await rm(natsFolder, { recursive: true });
    await rename(join(folder, "today"), natsFolder);
    await bus.start();
    expect(await start()).toBe(13);
  }, 120_000);
}

test("a stream of the same network that was written differently is refused, though each entry is the registrar's", async () => {
  const headPath = join(await newFolder(), "head");
  const bus = await startTestBus();
  await store(bus, writeSmallLog().log);
  await (await readOnce(bus, headPath)).stop();
  // Longer than what was read, and every entry in it is signed.
  await replaceStream(bus, otherLog(20));
  const follower = followRegistry({ connection: await bus.connect("exchange"), headPath });
  await expect(follower.caughtUp).rejects.toThrow();
  const why = await whyStopped(follower);
  expect(why).toBeInstanceOf(RegistryChangedError);
  expect(why.message).toMatch(/entry 12 has the hash [0-9a-f]{64}, but [0-9a-f]{64} was read here before/);
  await follower.stop();
});

test("a stream that is replaced under a running follower, as long as before, ends it", async () => {
  const bus = await startTestBus();
  await store(bus, writeSmallLog().log);
  const follower = followRegistry({ connection: await bus.connect("exchange") });
  await follower.caughtUp;
  await replaceStream(bus, otherLog(13));
  const why = await whyStopped(follower);
  expect(why.message).toMatch(/The registry is not followed any more: .* Restore the stream LT_REGISTRY/);
  expect(follower.confirmed(60_000)).toBe(false);
  await follower.stop();
});

test("a stream that was cut under a running follower is never confirmed, and ends it after the grace for a new leader", async () => {
  const headPath = join(await newFolder(), "head");
  const bus = await startTestBus();
  const { log } = writeSmallLog();
  await store(bus, log);
  const follower = await readOnce(bus, headPath);
  const confirmedAtMs = follower.confirmedAtMs();
  await replaceStream(bus, log.slice(0, 5));
  expect((await whyStopped(follower)).message).toContain("but 13 entries were read from it");
  expect(follower.confirmedAtMs()! - confirmedAtMs!).toBeLessThan(5_000);
  await follower.stop();
}, 60_000);

test("a head that is lost is written again, and one that cannot be read stops the start", async () => {
  const headPath = join(await newFolder(), "head");
  const bus = await startTestBus();
  await store(bus, writeSmallLog().log);
  await (await readOnce(bus, headPath)).stop();
  await rm(headPath);
  await (await readOnce(bus, headPath)).stop();
  await writeFile(headPath, "cut");
  const connection = await bus.connect("exchange");
  expect(() => followRegistry({ connection, headPath })).toThrow(/has 3 bytes, not \d+, so it was cut/);
});

test("an entry is on the disk of the registry service before it is answered for", async () => {
  const folder = await newFolder();
  const headPath = join(folder, "head");
  const bus = await startTestBus();
  const writer = new LogWriter();
  await store(bus, writer.log);
  const logger = createLogger({ service: "test", level: "silent" });
  const service = await createRegistryService({ connection: await bus.connect("registry"), clock, logger, headPath });
  const { append } = await openStream(bus);
  const entries = createEntryAppender({ follower: service.follower, appender: append, clock });
  for (let number = 1; number <= 5; number += 1) {
    const answer = await entries.append(writer.write(agencyRecord(`a-${number}`)));
    writer.add(agencyRecord(`a-${number}`));
    // What a power cut would leave at this moment.
    const copy = join(folder, `copy-${number}`);
    await cp(headPath, copy);
    const head = openDurableHead(copy);
    expect(head.read()?.sequence).toBe(Number(answer.head.size));
    head.close();
  }
  await service.stop();
});
