// How many leaves a second a ledger takes from its stream: from messages in JetStream to a signed head that covers them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, realClock } from "@lienthong/chassis";
import { createAppender, declareEventStream, eventStreamName, reconcileStreams } from "@lienthong/event-store";
import { connectAs, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { newSeed, signatureType, signerOfSeed } from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import { openDisk } from "../../../services/ledger/src/disk.ts";
import { shardRules } from "../../../services/ledger/src/leaf-rules.ts";
import { keepLog } from "../../../services/ledger/src/log.ts";
import { PolicyFile } from "../../../services/ledger/src/policy-file.ts";
import { origin, shard, shardEvents } from "../../../services/ledger/test/small-log.ts";
import { median } from "../results.ts";

/** `leaves_per_second`: a ledger that starts on a stream that is there already, every message checked as in earnest; median of several starts. */
export async function benchStream(options: { readonly quick: boolean }): Promise<Record<string, number>> {
  const count = options.quick ? 60_000 : 200_000;
  const folder = await mkdtemp(join(tmpdir(), "bench-ledger-"));
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("No nats-server binary was found.");
  const nats = await startEmbeddedNats({ binaryPath: found.path, dataDirectory: join(folder, "nats") });
  const connection = (role: Role) =>
    connectAs({
      url: nats.url,
      role,
      seedFilePath: join(folder, "nats", "nkeys", `${role}.seed`),
      name: `bench ${role}`,
    });
  const [admin, writer, reader] = await Promise.all([
    connection("admin"),
    connection("exchange"),
    connection("ledger"),
  ]);
  const disk = openDisk();
  try {
    await reconcileStreams(await jetstreamManager(admin, { checkAPI: false }), [
      declareEventStream({ shard, replicas: 1 }),
    ]);
    const appender = createAppender({ connection: writer, timeoutMs: 30_000 });
    const lastOf = new Map<string, number>();
    const events = shardEvents(count);
    for (let from = 0; from < count; from += 1_000) {
      const seen = new Set<string>();
      const batch = events.slice(from, from + 1_000).map(({ subject, payload }) => {
        const isFirst = !seen.has(subject);
        seen.add(subject);
        return { subject, payload, expectedLastSubjectSequence: isFirst ? (lastOf.get(subject) ?? 0) : null };
      });
      const outcome = await appender.appendBatch(batch);
      if (outcome.kind !== "appended") throw new Error(`The stream could not be filled: ${JSON.stringify(outcome)}`);
      for (const [i, { subject }] of batch.entries()) lastOf.set(subject, outcome.firstSequence + i);
    }
    const signer = await signerOfSeed(origin, signatureType.ed25519, newSeed());
    const policy = await PolicyFile.open(join(folder, "policy.txt"));
    const perSecond: number[] = [];
    for (let start = 0; start < (options.quick ? 2 : 4); start++) {
      const began = performance.now();
      const log = await keepLog({
        name: shard,
        directory: join(folder, `log-${start}`),
        signer,
        connection: reader,
        streamName: eventStreamName(shard),
        rules: shardRules(shard, origin),
        policy,
        clock: realClock,
        logger: createLogger({ service: "bench", level: "silent" }),
        disk,
      });
      await log.caughtUp;
      // The first start warms the code up.
      if (start > 0) perSecond.push(count / ((performance.now() - began) / 1_000));
      await log.close();
    }
    return { leaves_per_second: median(perSecond) };
  } finally {
    await disk.close();
    await Promise.all([admin.close(), writer.close(), reader.close()]);
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(await benchStream({ quick: process.argv.includes("--quick") }));
