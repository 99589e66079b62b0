// Prints what an event costs on the exchange's main thread, and what memory it leaves behind:
//   node services/delivery/bench/apply-events.ts [events, 200000] [agencies, 64]
// A quarter each opens, forwards, "delivered" and acknowledgements, 1 KB. "fold": nobody receives. "push": one receiver of all
// agencies, in this process, that settles all it is given; gRPC and TLS are left out, serialising the messages is not.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createLogger, realClock, timestampFromMs } from "@lienthong/chassis";
import { ReceiveResponse } from "@lienthong/contracts/exchange/v1/delivery_service";
import { Open, Statement, StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import type { Reader } from "@lienthong/event-store";
import { encodeEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { DeliveryView, type FedEvent } from "../src/delivery-view.ts";
import { EventBytes } from "../src/event-bytes.ts";
import { Receiver } from "../src/receiver.ts";
import { ViewStore } from "../src/view-store.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { type: "minor" | "major" }) => void;

const events = Number(process.argv[2] ?? 200_000);
const agencies = Number(process.argv[3] ?? 64);
const batchEvents = 250;

interface OpenHandoff {
  readonly hash: Uint8Array;
  readonly dossier: string;
  readonly from: string;
  readonly to: string;
  /** Events of the dossier so far. */
  readonly step: number;
}

/** Four events of one dossier; the forward's hash is needed by the two that answer it. */
function* eventBatches(): Generator<FedEvent[]> {
  const open: OpenHandoff[] = [];
  let dossiers = 0;
  for (let sequence = 1; sequence <= events; ) {
    const batch: FedEvent[] = [];
    for (; batch.length < batchEvents && sequence <= events; sequence++) {
      const known = sequence % 4 === 1 ? undefined : open.shift();
      const handoff = known ?? {
        hash: new Uint8Array(32),
        dossier: `H26.01-261104-${String(++dossiers).padStart(6, "0")}`,
        from: `agency-${(dossiers + 1) % agencies}`,
        to: `agency-${dossiers % agencies}`,
        step: 0,
      };
      const bytes = eventBytes(handoff, sequence);
      const hash = leafHash(bytes);
      if (handoff.step === 0) open.push({ ...handoff, step: 1 });
      else if (handoff.step === 1) open.unshift({ ...handoff, hash, step: 2 });
      else if (handoff.step === 2) open.unshift({ ...handoff, step: 3 });
      batch.push({ sequence, bytes, hash, event: readEvent(bytes) });
    }
    yield batch;
  }
}

function eventBytes({ hash, dossier, from, to, step }: OpenHandoff, sequence: number): Uint8Array {
  const header = {
    version: 1,
    shard: "bench",
    generation: 1,
    number: BigInt(sequence),
    previous: new Uint8Array(32),
    registryHead: { size: 1n, root: new Uint8Array(32) },
    system: "sys",
    recordedTime: timestampFromMs(0),
    wallTime: timestampFromMs(0),
  };
  if (step === 2) {
    const value = { id: new Uint8Array(32), dossier, cause: hash, branch: "0", receiver: to, ordinal: 0 };
    const what = { $case: "delivered" as const, value: { system: "sys", subscription: "main" } };
    return encodeEvent(header, { $case: "bus", value: { ...value, what } });
  }
  const branch = { branch: "0", step: "review", edge: "hand-over", documents: [], dueTime: undefined, copies: [] };
  const says: (Statement["what"] | undefined)[] = [
    { $case: "open", value: Open.fromPartial({}) },
    { $case: "forward", value: { branches: [{ ...branch, receiver: { agency: to, unit: "" } }] } },
    undefined,
    { $case: "acknowledge", value: { handoff: { forward: hash, branch: "0" } } },
  ];
  const payload = Statement.encode({
    version: 1,
    network: new Uint8Array(32),
    shard: "bench",
    author: { agency: step < 2 ? from : to, unit: "", officerRef: "r".repeat(700) },
    statementId: "0190a000-0000-7000-8000-000000000000",
    dossier,
    statedTime: undefined,
    prior: step === 0 ? [] : [{ branch: "0", head: hash }],
    what: says[step],
  }).finish();
  return encodeEvent(header, {
    $case: "statement",
    envelopeBytes: StatementEnvelope.encode({ payload, signatures: [] }).finish(),
  });
}

async function run(name: "fold" | "push"): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "delivery-bench-"));
  const logger = createLogger({ service: "bench", level: "error" });
  const store = new ViewStore(join(folder, "delivery.sqlite"));
  const bytes = new EventBytes({} as Reader);
  const view = new DeliveryView({
    store,
    bytes,
    clock: realClock,
    logger,
    unwrittenEventsMax: 2_000,
    authorise: () => null,
  });
  let pushed = 0;
  let serialisingMs = 0;
  if (name === "push") {
    const names = Array.from({ length: agencies }, (_, index) => `agency-${index}`);
    const receiver: Receiver = new Receiver(
      new Map(names.map((each) => [each, view.open(each, "main", null)])),
      10_000,
      {
        bytes,
        logger,
        identity: { systemId: "sys", certificateKeyDigestHex: "", fingerprint256: "" },
        async send(response) {
          const before = performance.now();
          ReceiveResponse.encode(response).finish();
          serialisingMs += performance.now() - before;
          for (const { agency, leafIndex } of response.deliveries) {
            receiver.subscriptions.get(agency)?.settle(Number(leafIndex) + 1);
            pushed += 1;
          }
        },
      },
    );
    view.join(receiver);
  }
  let busyMs = 0;
  const memory = new Map<number, { rss: number; live: number }>();
  let longestMs = 0;
  for (const batch of eventBatches()) {
    // Everything that the batch sets off runs before the next one is made.
    // What making the events left behind is not part of the measure.
    collect({ type: "minor" });
    const before = performance.now();
    view.apply(batch);
    longestMs = Math.max(longestMs, performance.now() - before);
    busyMs += performance.now() - before;
    const turns = performance.now();
    for (let turn = 0; turn < 6; turn++) await new Promise((resume) => setImmediate(resume));
    busyMs += performance.now() - turns;
    const last = batch.at(-1)?.sequence ?? 0;
    if (last === 50_000 || last === events) {
      collect();
      const { rss, heapUsed, external } = process.memoryUsage();
      memory.set(last, { rss, live: heapUsed + external });
    }
  }
  view.write();
  const growth = (what: "rss" | "live") =>
    (((memory.get(events)?.[what] ?? 0) - (memory.get(50_000)?.[what] ?? 0)) / 1024 / 1024).toFixed(1);
  console.log(
    `${name}: ${((busyMs * 1000) / events).toFixed(2)} µs per event (serialising ${((serialisingMs * 1000) / events).toFixed(2)}), longest batch of ${batchEvents} ${longestMs.toFixed(1)} ms, ` +
      `${pushed} deliveries pushed, from event 50,000 to ${events.toLocaleString("en")} live memory ${growth("live")} MiB, ` +
      `RSS ${growth("rss")} MiB`,
  );
  store.close();
  await rm(folder, { recursive: true, force: true });
}

await run("fold");
await run("push");
