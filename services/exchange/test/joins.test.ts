import { readAccepted } from "@lienthong/client";
import { RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusalOf, sortOutcomes } from "./conditions.ts";
import { faultsOf, readStream, saidBy, sameBytes, trailOf } from "./stream-facts.ts";

const ward = "hn-wold-00001";
const police = "hn-ca-wold-00001";
const insurance = "hn-bhxh-d-001";
const areaCode = testAreas[0];
const joinStep = "collect-and-return";

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus({ replicas: 2 });
});

afterAll(async () => {
  await bus?.stop();
});

/** A birth group with both branches on offer: residence first, then insurance. */
async function forked(): Promise<[residence: HeldBranch, insurance: HeldBranch]> {
  const office = bus.office(ward);
  const held = await office.complete(await office.open(dossierCode(), areaCode, "birth-group-nd63"));
  const [residence, card] = await office.forward(held);
  if (residence === undefined || card === undefined) throw new Error("The route does not fork.");
  return [residence, card];
}

/** Works on a branch and sends it back to the ward, which takes it. */
async function bringBack(offered: HeldBranch, agency: string): Promise<HeldBranch> {
  const office = bus.office(agency);
  const done = await office.complete(await office.acknowledge(offered));
  const [back] = await office.forward(done);
  return bus.office(ward).acknowledge(back as HeldBranch);
}

const joinOf = (branches: readonly HeldBranch[]) =>
  bus.office(ward).pen.join({ dossier: branches[0]?.dossier ?? "", branches, into: "0", step: joinStep });

test("a join that comes early is no outcome; the same bytes are accepted once all branches have arrived", async () => {
  const [residence, card] = await forked();
  const arrived = await bringBack(residence, police);
  const early = joinOf([arrived, card]);
  const refusal = await refusalOf(bus.office(ward).submit(early));
  expect(refusal).toMatchObject({ reason: "JOIN_INCOMPLETE", field: "statement.prior" });
  // One branch alone is no join either.
  const alone = await refusalOf(bus.office(ward).submit(joinOf([arrived])));
  expect(alone.reason).toBe("JOIN_INCOMPLETE");

  const both = [arrived, await bringBack(card, insurance)];
  // The early one named a head that has moved since.
  expect((await refusalOf(bus.office(ward).submit(early))).reason).toBe("PRIOR_STALE");
  const right = joinOf(both);
  const accepted = await bus.office(ward).submit(right);
  expect(accepted.repeatedAnswer).toBe(false);

  const repeated = await bus.office(ward).submit(right, 1);
  expect(repeated).toMatchObject({ repeatedAnswer: true, leafIndex: accepted.leafIndex });
  expect(sameBytes(repeated.event, accepted.event)).toBe(true);

  const { dossier } = residence;
  for (const branches of [both, both.toReversed(), both.slice(0, 1), both.slice(1)]) {
    const late = await refusalOf(bus.office(ward).submit(joinOf(branches)));
    expect(late.reason, late.message).toBe("PRIOR_STALE");
    expect(late.winningEvent?.head).toEqual(leafHash(accepted.event));
    expect(sameBytes(late.winningEvent?.event ?? new Uint8Array(), accepted.event)).toBe(true);
  }
  const now = await bus.connection(bus.systemOf(ward)).exchange.getDossier({
    shard: bus.bus.shard.name,
    dossier,
    agency: ward,
  });
  expect(now.branches.filter(({ holder }) => holder !== "").map(({ branch }) => branch)).toEqual(["0"]);
  await bus.office(ward).submit(
    bus.office(ward).pen.returnToCitizen({
      dossier,
      branch: "0",
      head: leafHash(accepted.event),
      outcome: 1,
      channel: 2,
    }),
  );
  const said = trailOf(await readStream(bus.bus), dossier).map(({ event }) => saidBy(event));
  expect(said.filter((what) => what === "join")).toHaveLength(1);
  expect(said.at(-1)).toBe("return");
});

test("a branch that was refused and forwarded again in between is joined under its new head only", async () => {
  const [residence, card] = await forked();
  const arrived = await bringBack(residence, police);
  const reason = RefusalReason.REFUSAL_REASON_INCOMPLETE;
  const refusal = await bus.office(insurance).submit(bus.office(insurance).pen.refuse({ ...card, reason }));
  const owed = { ...card, head: leafHash(refusal.event) };
  expect((await refusalOf(bus.office(ward).submit(joinOf([arrived, owed])))).reason).toBe("JOIN_INCOMPLETE");
  const stale = await refusalOf(bus.office(ward).submit(joinOf([arrived, card])));
  expect(stale).toMatchObject({ reason: "PRIOR_STALE", field: "statement.prior[1].head" });
  expect(sameBytes(stale.winningEvent?.event ?? new Uint8Array(), refusal.event)).toBe(true);

  // The ward may only try the same edge again, to a receiver of its choice.
  const target = { branch: card.branch, step: card.step, edge: "birth-to-insurance", receiver: { agency: insurance } };
  const [again] = await bus.office(ward).forward(owed, [target]);
  const returned = await bringBack(again as HeldBranch, insurance);
  expect((await refusalOf(bus.office(ward).submit(joinOf([arrived, owed])))).reason).toBe("PRIOR_STALE");
  const accepted = await bus.office(ward).submit(joinOf([arrived, returned]));
  expect(saidBy(readAccepted(accepted).event)).toBe("join");
});

test("joins from many connections through two replicas at the same moment have one effect", async () => {
  const [residence, card] = await forked();
  const both = [await bringBack(residence, police), await bringBack(card, insurance)];
  const joins = Array.from({ length: 16 }, () => joinOf(both));
  const connections = joins.map((_, caller) => bus.newConnection(bus.systemOf(ward), caller % 2));
  await Promise.all(connections.map((connection) => connection.exchange.getShard()));
  const { won, lost } = await sortOutcomes(
    joins.map(({ envelope }, caller) => (connections[caller] as (typeof connections)[0]).exchange.submit(envelope)),
  );
  for (const connection of connections) connection.close();
  expect(won).toHaveLength(1);
  for (const refusal of lost) {
    expect(refusal.reason, refusal.message).toBe("PRIOR_STALE");
    expect(sameBytes(refusal.winningEvent?.event ?? new Uint8Array(), won[0]?.event ?? new Uint8Array(1))).toBe(true);
  }
});

test("one join said at the same moment through two connections is one event for both", async () => {
  const [residence, card] = await forked();
  const signed = joinOf([await bringBack(residence, police), await bringBack(card, insurance)]);
  const [one, other] = await Promise.all([bus.office(ward).submit(signed, 0), bus.office(ward).submit(signed, 1)]);
  expect(one?.leafIndex).toBe(other?.leafIndex);
  expect(sameBytes(one?.event ?? new Uint8Array(), other?.event ?? new Uint8Array(1))).toBe(true);
  expect([one?.repeatedAnswer, other?.repeatedAnswer].sort()).toEqual([false, true]);
});

test("after all of it the stream is gapless, and every chain in it is whole", async () => {
  expect(faultsOf(await readStream(bus.bus), bus.bus.shard.name)).toEqual([]);
});
