import { readAccepted, type SignedStatement } from "@lienthong/client";
import { Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { createAppender, eventSubject } from "@lienthong/event-store";
import { encodeEvent, readEvent } from "@lienthong/statement";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sortOutcomes } from "./conditions.ts";
import { startExchangeProcess } from "./exchange-process.ts";
import { faultsOf, readStream, type StreamEvent, saidBy, sameBytes, trailOf } from "./stream-facts.ts";

const ward = "hn-wold-00001";
const areaCode = testAreas[0];
const procedure = "social-home-admission";

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus({ replicas: 3, runReplicas: 2 });
});

afterAll(async () => {
  await bus?.stop();
});

async function openMany(count: number): Promise<HeldBranch[]> {
  const stream = bus.connection(bus.systemOf(ward), 0).exchange.openStream();
  const office = bus.office(ward);
  const held = await Promise.all(
    Array.from({ length: count }, async () => {
      const signed = office.signOpen(dossierCode(), areaCode, procedure);
      const { event } = await stream.submit(signed.envelope);
      return { dossier: signed.dossier, areaCode, procedure, branch: "0", step: "ward", head: leafHash(event) };
    }),
  );
  await stream.end();
  return held;
}

const completion = (held: HeldBranch): SignedStatement =>
  bus.office(ward).pen.complete({ ...held, outcome: Outcome.OUTCOME_DONE });

/** The event that another exchange would have made of a statement, right behind the last one of its dossier. */
function competingEvent(last: StreamEvent, signed: SignedStatement): Uint8Array {
  const header = { ...last.event.header, number: last.event.header.number + 1n, previous: last.hash };
  return encodeEvent(header, { $case: "statement", envelopeBytes: signed.envelope });
}

test("a second writer that moves dossiers of a round first costs their statements only; the stream stays gapless", async () => {
  const held = await openMany(40);
  const before = await readStream(bus.bus);
  const connection = await bus.bus.connectNats("exchange", "test: second writer");
  const appender = createAppender({ connection, timeoutMs: 5_000 });
  // The replica knows these dossiers from its own appends, so nothing tells it that they moved but the store's refusal.
  const moved = held.filter((_, index) => index % 4 === 0);
  const competing = moved.map(({ dossier }) => {
    const last = trailOf(before, dossier).at(-1);
    if (last === undefined) throw new Error(`${dossier} has no event.`);
    const rival = completion({ ...(held.find((one) => one.dossier === dossier) as HeldBranch) });
    return {
      dossier,
      subject: eventSubject(bus.bus.shard.name, dossier),
      payload: competingEvent(last, rival),
      expectedLastSubjectSequence: last.sequence,
    };
  });
  const stored = await appender.appendBatch(competing);
  await connection.close();
  expect(stored.kind).toBe("appended");
  const stream = bus.connection(bus.systemOf(ward), 0).exchange.openStream();
  const { won, lost } = await sortOutcomes(held.map((one) => stream.submit(completion(one).envelope)));
  await stream.end();
  expect(won).toHaveLength(held.length - moved.length);
  expect(lost).toHaveLength(moved.length);
  for (const refusal of lost) {
    expect(refusal.reason, refusal.message).toBe("PRIOR_STALE");
    const rival = competing.find(({ payload }) => sameBytes(payload, refusal.winningEvent?.event ?? new Uint8Array()));
    expect(rival?.dossier).toBeDefined();
    expect(refusal.winningEvent?.head).toEqual(leafHash(rival?.payload ?? new Uint8Array()));
  }
  const after = await readStream(bus.bus);
  expect(after).toHaveLength(before.length + held.length);
  expect(faultsOf(after, bus.bus.shard.name)).toEqual([]);
});

test("two replicas that write the same dossiers in rounds refuse each other's batches and leave no hole", async () => {
  const held = await openMany(60);
  const before = (await readStream(bus.bus)).length;
  const streams = [0, 1].map((replica) => bus.connection(bus.systemOf(ward), replica).exchange.openStream());
  const { won, lost } = await sortOutcomes(
    held.flatMap((one) => streams.map((stream) => stream.submit(completion(one).envelope))),
  );
  await Promise.all(streams.map((stream) => stream.end()));
  expect(won).toHaveLength(held.length);
  expect(lost.map(({ reason }) => reason)).toEqual(held.map(() => "PRIOR_STALE"));
  const after = await readStream(bus.bus);
  expect(after).toHaveLength(before + held.length);
  expect(faultsOf(after, bus.bus.shard.name)).toEqual([]);
  for (const { winningEvent } of lost) {
    const event = after[Number(winningEvent?.leafIndex)];
    expect(sameBytes(event?.bytes ?? new Uint8Array(), winningEvent?.event ?? new Uint8Array(1))).toBe(true);
  }
});

test("an `open` sent twice at once is one event, and both answers are that event", async () => {
  const office = bus.office(ward);
  const stream = bus.connection(bus.systemOf(ward), 0).exchange.openStream();
  const opens = Array.from({ length: 20 }, () => office.signOpen(dossierCode(), areaCode, procedure));
  // The second of each is decided on what the first is about to become.
  const answers = await Promise.all([...opens, ...opens].map(({ envelope }) => stream.submit(envelope)));
  await stream.end();
  const events = await readStream(bus.bus);
  for (const [index, signed] of opens.entries()) {
    const [first, second] = [answers[index], answers[index + opens.length]];
    expect(sameBytes(first?.event ?? new Uint8Array(), second?.event ?? new Uint8Array(1))).toBe(true);
    expect([first?.repeatedAnswer, second?.repeatedAnswer].sort()).toEqual([false, true]);
    expect(trailOf(events, signed.dossier)).toHaveLength(1);
  }
});

test("an exchange killed between deciding and appending has told nobody of what did not become durable", async () => {
  const [held] = (await openMany(1)) as [HeldBranch];
  const exchange = await startExchangeProcess(bus, 3, { haltBeforeAppending: held.dossier });
  const connection = exchange.connect(bus.systemOf(ward));
  const accepted = completion(held);
  // Each of these is refused by the event that the first is about to become; the repetition is answered by it.
  const refused = Array.from({ length: 20 }, () => completion(held));
  const stream = connection.exchange.openStream();
  let answeredCount = 0;
  const submit = ({ envelope }: SignedStatement) =>
    stream.submit(envelope).finally(() => {
      answeredCount += 1;
    });
  const submitted = [accepted, ...refused, accepted].map(submit);
  const outcomes = Promise.allSettled(submitted);
  await exchange.halted;
  // It has all the time to answer too early: what is asked after the halt on the same connection is answered.
  const late = submit(completion(held)).catch((error: unknown) => error);
  for (let question = 0; question < 20; question += 1) await connection.exchange.getShard();
  expect(answeredCount).toBe(0);
  await exchange.kill();
  for (const outcome of [...(await outcomes), { status: "rejected", reason: await late }]) {
    // Not the bus's word: the connection broke.
    expect(outcome).toMatchObject({
      status: "rejected",
      reason: { reason: null, winningEvent: null, outcomeUnknown: true },
    });
  }
  await exchange.stop();
  const trail = trailOf(await readStream(bus.bus), held.dossier);
  expect(trail.map(({ event }) => saidBy(event))).toEqual(["open"]);

  const again = await startExchangeProcess(bus, 3);
  try {
    const answer = await again.connect(bus.systemOf(ward)).exchange.submit(accepted.envelope);
    expect(answer.repeatedAnswer).toBe(false);
    expect(readAccepted(answer, { sent: accepted }).event.header.number).toBe(2n);
  } finally {
    await again.stop();
  }
  const events = await readStream(bus.bus);
  expect(trailOf(events, held.dossier).map(({ event }) => saidBy(event))).toEqual(["open", "complete"]);
  expect(readEvent(trailOf(events, held.dossier)[1]?.bytes ?? new Uint8Array()).header.number).toBe(2n);
  expect(faultsOf(events, bus.bus.shard.name)).toEqual([]);
});
