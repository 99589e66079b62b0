import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, readAccepted, type SignedStatement } from "@lienthong/client";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Channel, Outcome, RefusalReason, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { importSigningKey, importVerifyingKey, signStatementPayload, type VerifyingKey } from "@lienthong/statement";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf, until } from "./conditions.ts";
import { revokeSeal } from "./registrar.ts";
import { faultsOf, readStream, saidBy, sameBytes, streamLength, trailOf } from "./stream-facts.ts";
import { type SwallowingProxy, startSwallowingProxy } from "./swallowing-proxy.ts";

const ward = "hn-wold-00001";
const police = "hn-ca-wold-00001";
const insurance = "hn-bhxh-d-001";
const areaCode = testAreas[0];
const kinds = ["open", "complete", "forward", "refuse", "acknowledge", "join", "return"];

/** A statement whose answer was lost, and what the bus said when it was asked again. */
interface Retried {
  readonly signed: SignedStatement;
  readonly agency: string;
  readonly accepted: AcceptedStatement;
}

let folder: string;
let bus: TestBus;
let promiseKeys: VerifyingKey[];
const retried: Retried[] = [];

const start = () => startTestBus({ dataDirectory: folder, replicas: 2 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-retries-"));
  bus = await start();
  promiseKeys = await Promise.all(
    ["exchange-1", "exchange-2"].map(async (replica) => {
      const path = join(bus.bus.folder.promiseKeys, `${replica}.pem`);
      const { algorithm, publicKey } = importSigningKey(await readFile(path, "utf8"));
      return importVerifyingKey(algorithm, publicKey);
    }),
  );
});

afterAll(async () => {
  await bus?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Submits over a way on which the answer is lost after the statement took effect. */
type LosingWay = (signed: SignedStatement, agency: string) => Promise<void>;

const losingWays: readonly { readonly name: string; readonly lose: LosingWay }[] = [
  {
    name: "because the connection broke",
    lose: (signed, agency) =>
      throughProxy(agency, async (connection, proxy, took) => {
        const lost = refusalOf(connection.exchange.submit(signed.envelope));
        await took();
        proxy.cut();
        expect(await lost).toMatchObject({ reason: null, outcomeUnknown: true, retry: "retry" });
      }),
  },
  {
    name: "because the caller gave up waiting",
    lose: (signed, agency) =>
      throughProxy(agency, async (connection, _, took) => {
        const impatience = new AbortController();
        const submitted = connection.exchange.submit(signed.envelope, { signal: impatience.signal });
        const givenUp = submitted.catch((error: unknown) => error);
        await took();
        impatience.abort(new Error("Waited long enough."));
        expect(await givenUp).toMatchObject({ message: "Waited long enough." });
      }),
  },
  {
    name: "because the stream was cut",
    lose: (signed, agency) =>
      throughProxy(agency, async (connection, proxy, took) => {
        const lost = refusalOf(connection.exchange.openStream().submit(signed.envelope));
        await took();
        proxy.cut();
        expect(await lost).toMatchObject({ reason: null, outcomeUnknown: true, retry: "retry" });
      }),
  },
];

/** A connection whose server is no longer heard; `took` resolves when the statement sent is durable. */
async function throughProxy(
  agency: string,
  work: (connection: Connection, proxy: SwallowingProxy, took: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const proxy = await startSwallowingProxy(bus.bus.run.grpc.exchange);
  const tls = bus.tls(bus.systemOf(agency));
  const connection = connect({ address: proxy.address, tls, channel: { sharedConnection: false } });
  try {
    await connection.exchange.getShard();
    const before = await streamLength(bus.bus);
    proxy.swallow();
    const took = () => until("the statement is durable", async () => (await streamLength(bus.bus)) > before);
    await work(connection, proxy, took);
  } finally {
    connection.close();
    await proxy.stop();
  }
}

/** Loses the answer, asks again, and remembers. */
async function sayTwice(lose: LosingWay, agency: string, signed: SignedStatement): Promise<Uint8Array> {
  await lose(signed, agency);
  const accepted = await bus.office(agency).submit(signed);
  expect(accepted.repeatedAnswer).toBe(true);
  expectPromise(signed, accepted);
  retried.push({ signed, agency, accepted });
  return leafHash(accepted.event);
}

function expectPromise(signed: SignedStatement, accepted: AcceptedStatement) {
  const read = readAccepted(accepted, {
    sent: signed,
    promiseKeys,
    network: bus.bus.registry.state.network,
    origin: bus.bus.shard.origin,
  });
  expect(read.promiseVerified).toBe(true);
  return read;
}

/** Asked again, whenever and wherever: the same event, at the same place, promised by the same time. */
async function expectTheSameAgain(replica: number): Promise<void> {
  for (const { signed, agency, accepted } of retried) {
    const again = await bus.office(agency).submit(signed, replica);
    expect(again.repeatedAnswer).toBe(true);
    expect(sameBytes(again.event, accepted.event)).toBe(true);
    expect(again.leafIndex).toBe(accepted.leafIndex);
    expect(expectPromise(signed, again).includeBy).toEqual(expectPromise(signed, accepted).includeBy);
  }
}

async function expectOnceInTrail(): Promise<void> {
  const events = await readStream(bus.bus);
  expect(faultsOf(events, bus.bus.shard.name)).toEqual([]);
  for (const { signed, accepted } of retried) {
    const same = trailOf(events, signed.dossier).filter(
      ({ event }) => event.body.$case === "statement" && event.body.statement.statementId === signed.statementId,
    );
    expect(same.map(({ sequence }) => BigInt(sequence - 1))).toEqual([accepted.leafIndex]);
  }
}

describe.each(losingWays)("an answer is lost $name", ({ lose }) => {
  test("and every kind of statement, retried, has had its effect once", async () => {
    const desk = bus.office(ward);
    const done = Outcome.OUTCOME_DONE;
    const open = desk.signOpen(dossierCode(), areaCode, "birth-group-nd63");
    const first = { dossier: open.dossier, areaCode, procedure: "birth-group-nd63", branch: "0" };
    let held: HeldBranch = { ...first, step: "birth-registration", head: await sayTwice(lose, ward, open) };
    held = { ...held, head: await sayTwice(lose, ward, desk.pen.complete({ ...held, outcome: done })) };
    // A fork is a forward too.
    const targets = desk.targets(held);
    const forkHead = await sayTwice(lose, ward, desk.signForward(held, targets));
    const [residence, card] = targets.map(({ branch, step }) => ({ ...held, branch, step, head: forkHead }));
    if (residence === undefined || card === undefined) throw new Error("The route does not fork.");
    const reason = RefusalReason.REFUSAL_REASON_INCOMPLETE;
    const owedHead = await sayTwice(lose, police, bus.office(police).pen.refuse({ ...residence, reason }));
    const again = desk.pen.forward({ ...residence, head: owedHead, targets: [targets[0] as (typeof targets)[0]] });
    const offered = { ...residence, head: await sayTwice(lose, ward, again) };

    const arrived: HeldBranch[] = [];
    for (const [agency, handed] of [
      [police, offered],
      [insurance, card],
    ] as const) {
      const office = bus.office(agency);
      let there = { ...handed, head: await sayTwice(lose, agency, office.pen.acknowledge(handed)) };
      there = { ...there, head: await sayTwice(lose, agency, office.pen.complete({ ...there, outcome: done })) };
      const back = {
        ...there,
        head: await sayTwice(lose, agency, office.signForward(there)),
        step: "collect-and-return",
      };
      arrived.push({ ...back, head: await sayTwice(lose, ward, desk.pen.acknowledge(back)) });
    }
    const { dossier } = held;
    const join = desk.pen.join({ dossier, branches: arrived, into: "0", step: "collect-and-return" });
    const head = await sayTwice(lose, ward, join);
    const channel = Channel.CHANNEL_ONLINE;
    const outcome = Outcome.OUTCOME_GRANTED;
    await sayTwice(lose, ward, desk.pen.returnToCitizen({ dossier, branch: "0", head, outcome, channel }));
    await expectOnceInTrail();
  });
});

test("what was retried covers every kind of statement", () => {
  const said = new Set(retried.map(({ accepted }) => saidBy(readAccepted(accepted).event)));
  expect([...said].sort()).toEqual([...kinds].sort());
});

test("asked again later, here or at the other replica, each has the same event, the same place and the same promise", async () => {
  await expectTheSameAgain(0);
  await expectTheSameAgain(1);
  await expectOnceInTrail();
});

test("asked again after a restart each has the same event, the same place and the same promise", async () => {
  await bus.stop();
  bus = await start();
  await expectTheSameAgain(1);
  await expectTheSameAgain(0);
  await expectOnceInTrail();
});

test("the same payload under another signature of its author is the same statement", async () => {
  for (const { signed, agency, accepted } of retried) {
    const envelope = signStatementPayload(signed.payload, [bus.keyOf(agency)]);
    const again = await bus.connection(bus.systemOf(agency)).exchange.submit(envelope);
    expect(sameBytes(again.event, accepted.event)).toBe(true);
  }
});

test("the same id with other bytes is refused, with the event that has it", async () => {
  for (const replica of [0, 1]) {
    for (const { signed, agency, accepted } of retried) {
      const statement = { ...Statement.decode(signed.payload), statedTime: { seconds: 1n, nanos: 0 } };
      const envelope = signStatementPayload(Statement.encode(statement).finish(), [bus.keyOf(agency)]);
      const refusal = await refusalOf(bus.connection(bus.systemOf(agency), replica).exchange.submit(envelope));
      expect(refusal).toMatchObject({ reason: "STATEMENT_ID_REUSED", field: "statement.statement_id" });
      expect(sameBytes(refusal.winningEvent?.event ?? new Uint8Array(), accepted.event)).toBe(true);
    }
  }
  await expectOnceInTrail();
});

test("after its key was revoked an author says nothing new, and is still answered for what it said before", async () => {
  const open = await bus.office(ward).open(dossierCode(), areaCode, "birth-group-nd63");
  await revokeSeal(bus, ward);
  for (const replica of [0, 1]) {
    for (const attempt of [
      bus.office(ward).signOpen(dossierCode(), areaCode, "birth-group-nd63"),
      bus.office(ward).pen.complete({ ...open, outcome: Outcome.OUTCOME_DONE }),
    ]) {
      const refusal = await refusalOf(bus.office(ward).submit(attempt, replica));
      expect(refusal).toMatchObject({ reason: "KEY_REVOKED", field: "envelope.signatures[0].key_id" });
    }
    await expectTheSameAgain(replica);
  }
  await expectOnceInTrail();
});
