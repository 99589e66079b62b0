import { setTimeout as wait } from "node:timers/promises";
import { checkLedger } from "@lienthong/bus";
import { eventStreamName, follow } from "@lienthong/event-store";
import { connectAs } from "@lienthong/nats-server";
import { readEvent } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import type { TestBus } from "../../../packages/testkit/src/index.ts";
import type { Accepted } from "./steady-load.ts";

const sealedWithinMs = 30_000;

/** What is wrong with the trail, in sentences; and how many events it has. */
export interface TrailVerdict {
  readonly faults: readonly string[];
  readonly events: number;
}

/**
 * Holds what the authors were told against the stream, byte for byte, and the stream against the transparency logs: everything accepted is
 * there, once, where its author was told, each dossier's events chained in their order, and nothing else is there.
 */
export async function checkTrail(
  bus: TestBus,
  accepted: readonly Accepted[],
  nats: { readonly url: string; readonly seeds: string },
): Promise<TrailVerdict> {
  const faults: string[] = [];
  const { name: shard } = bus.bus.shard;
  const stream = await wholeStream(shard, nats);
  const told = new Map<number, Accepted>();
  for (const each of accepted) {
    const before = told.get(each.leafIndex);
    if (before !== undefined)
      faults.push(`Leaf ${each.leafIndex} was promised to ${before.dossier} and ${each.dossier}.`);
    told.set(each.leafIndex, each);
    const stored = stream[each.leafIndex];
    if (stored === undefined) faults.push(`Lost: leaf ${each.leafIndex} of ${each.dossier} is not in the stream.`);
    else if (Buffer.compare(stored, each.event) !== 0)
      faults.push(`Leaf ${each.leafIndex} has other bytes than its author got.`);
  }
  const last = new Map<string, { number: bigint; hash: Uint8Array }>();
  const ids = new Set<string>();
  for (const [leafIndex, bytes] of stream.entries()) {
    const event = readEvent(bytes);
    if (event.body.$case === "shard") continue;
    const dossier = event.dossier ?? "";
    const before = last.get(dossier);
    const isChained =
      before === undefined ? event.header.previous.length === 0 : hashesEqual(event.header.previous, before.hash);
    if (!isChained || event.header.number !== (before?.number ?? 0n) + 1n) {
      faults.push(`Leaf ${leafIndex} of ${dossier} does not follow the dossier's event before it.`);
    }
    last.set(dossier, { number: event.header.number, hash: leafHash(bytes) });
    if (event.body.$case !== "statement") continue;
    const id = `${dossier} ${Buffer.from(event.body.statement.statementId).toString("hex")}`;
    if (ids.has(id)) faults.push(`Twice: leaf ${leafIndex} repeats a statement of ${dossier}.`);
    ids.add(id);
    if (!told.has(leafIndex)) faults.push(`Leaf ${leafIndex} of ${dossier} was told to nobody.`);
  }
  for (const log of [shard, "registry"]) faults.push(...(await faultsOfLog(bus, log)));
  return { faults, events: stream.length };
}

/** Waits until everything is sealed, then re-hashes the log and compares it with its stream. */
async function faultsOfLog(bus: TestBus, log: string): Promise<string[]> {
  const deadline = performance.now() + sealedWithinMs;
  for (;;) {
    for await (const { report } of checkLedger({ dataDirectory: bus.bus.folder.root, log })) {
      const { findings, unsealed } = report;
      if (findings.length > 0) return findings.map((finding) => `Log ${log}: ${JSON.stringify(finding)}`);
      if (unsealed === 0) return [];
      if (performance.now() > deadline)
        return [`Log ${log}: ${unsealed} entries are not sealed after ${sealedWithinMs} ms.`];
    }
    await wait(200);
  }
}

async function wholeStream(
  shard: string,
  nats: { readonly url: string; readonly seeds: string },
): Promise<Uint8Array[]> {
  const connection = await connectAs({
    url: nats.url,
    role: "ledger",
    seedFilePath: `${nats.seeds}/ledger.seed`,
    name: "check",
  });
  try {
    const messages: Uint8Array[] = [];
    const following = follow({
      connection,
      streamName: eventStreamName(shard),
      fromSequence: 1,
      onMessages: (batch) => void messages.push(...batch.map(({ payload }) => Uint8Array.from(payload))),
      onGap: () => {},
      onError: () => {},
    });
    await following.caughtUp;
    await following.stop();
    return messages;
  } finally {
    await connection.close();
  }
}
