import { readAccepted } from "@lienthong/client";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Outcome, RecallReason, RefusalReason, WithdrawalReason } from "@lienthong/contracts/exchange/v1/statement";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sortOutcomes } from "./conditions.ts";
import { type ExchangeProcess, startExchangeProcess } from "./exchange-process.ts";
import { faultsOf, readStream, saidBy, trailOf } from "./stream-facts.ts";

const callersCount = 64;
const ward = "hn-wold-00001";
const department = "hn-so-yt";
const areaCode = testAreas[0];
const procedure = "social-home-admission";

let bus: TestBus;
let process2: ExchangeProcess;

/** 64 departments that are as competent as the real one: the route alone would leave a single receiver to race for. */
const receivers = Array.from({ length: callersCount }, (_, index) => `hn-so-thu-${index + 1}`);

beforeAll(async () => {
  bus = await startTestBus({
    replicas: 3,
    runReplicas: 2,
    seed: (seed) => {
      const real = seed.agencies.find(({ record }) => record.id === department);
      if (real === undefined) throw new Error(`${department} is not in the seed.`);
      const others = receivers.map((id) => ({ ...real, record: { ...real.record, id, code: "" } }));
      return { ...seed, agencies: [...seed.agencies, ...others] };
    },
  });
  process2 = await startExchangeProcess(bus, 3);
});

afterAll(async () => {
  await process2?.stop();
  await bus?.stop();
});

/** How a caller reaches the bus: a connection of its own to one of the replicas. */
interface Way {
  readonly name: string;
  connect(caller: number, system: string): ReturnType<TestBus["newConnection"]>;
}

const ways: readonly Way[] = [
  { name: "one exchange", connect: (_, system) => bus.newConnection(system, 0) },
  { name: "two replicas in one process", connect: (caller, system) => bus.newConnection(system, caller % 2) },
  {
    name: "two operating system processes",
    connect: (caller, system) => (caller % 2 === 0 ? bus.newConnection(system, 0) : process2.connect(system)),
  },
];

/** Everybody submits at once, each over a connection of its own that stands before the race begins. */
async function race(way: Way, entrants: readonly { agency: string; envelope: Uint8Array }[]) {
  const connections = entrants.map(({ agency }, caller) => way.connect(caller, bus.systemOf(agency)));
  try {
    await Promise.all(connections.map((connection) => connection.exchange.getShard()));
    return await sortOutcomes(
      entrants.map(({ envelope }, caller) =>
        (connections[caller] as (typeof connections)[0]).exchange.submit(envelope),
      ),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
}

function expectLosersToHoldTheWinner(
  { won, lost }: Awaited<ReturnType<typeof race>>,
  entrantsCount: number,
): AcceptedStatement {
  expect(won).toHaveLength(1);
  expect(lost).toHaveLength(entrantsCount - 1);
  const winner = won[0] as AcceptedStatement;
  for (const refusal of lost) {
    expect(refusal.reason, refusal.message).toBe("PRIOR_STALE");
    expect(refusal.field).toBe("statement.prior[0].head");
    expect(refusal.winningEvent?.head).toEqual(leafHash(winner.event));
    expect(refusal.winningEvent?.leafIndex).toBe(winner.leafIndex);
    expect(Buffer.from(refusal.winningEvent?.event ?? []).equals(winner.event)).toBe(true);
  }
  return winner;
}

async function heldAtWard(): Promise<HeldBranch> {
  return bus.office(ward).complete(await bus.office(ward).open(dossierCode(), areaCode, procedure));
}

describe.each(ways)("through $name", (way) => {
  test("of 64 connections that forward one dossier to 64 receivers at once one wins, and the others are given the winning event", async () => {
    const held = await heldAtWard();
    const pen = bus.office(ward).pen;
    const target = bus.office(ward).targets(held)[0];
    if (target === undefined) throw new Error("The route has no way on.");
    const forwards = receivers.map((agency) =>
      pen.forward({ ...held, targets: [{ ...target, receiver: { agency } }] }),
    );
    const winner = expectLosersToHoldTheWinner(
      await race(
        way,
        forwards.map(({ envelope }) => ({ agency: ward, envelope })),
      ),
      callersCount,
    );
    const statement = readAccepted(winner).event.body;
    const receiver =
      statement.$case === "statement" && statement.statement.what?.$case === "forward"
        ? statement.statement.what.value.branches[0]?.receiver?.agency
        : undefined;
    const { dossier } = held;
    const asked = await bus.connection(bus.systemOf(ward)).exchange.getDossier({
      shard: bus.bus.shard.name,
      dossier,
      agency: ward,
    });
    expect(asked.branches[0]?.pending?.receiver?.agency).toBe(receiver);
    expect(trailOf(await readStream(bus.bus), dossier).map(({ event }) => saidBy(event))).toEqual([
      "open",
      "complete",
      "forward",
    ]);
  });

  test("acknowledgement, refusal and a second forward that race for one handoff have one outcome", async () => {
    const held = await heldAtWard();
    const targets = bus
      .office(ward)
      .targets(held)
      .map((target) => ({ ...target, receiver: { agency: department } }));
    const [offered] = await bus.office(ward).forward(held, targets);
    if (offered === undefined) throw new Error("Nothing was forwarded.");
    const receiver = bus.office(department).pen;
    const sender = bus.office(ward).pen;
    const entrants = Array.from({ length: 24 }, (_, index) => {
      if (index % 3 === 0) return { agency: department, envelope: receiver.acknowledge(offered).envelope };
      const reason = RefusalReason.REFUSAL_REASON_INCOMPLETE;
      if (index % 3 === 1) return { agency: department, envelope: receiver.refuse({ ...offered, reason }).envelope };
      return { agency: ward, envelope: sender.forward({ ...held, targets }).envelope };
    });
    const winner = await expectOneOutcome(way, entrants, offered);
    expect(["acknowledge", "refuse"]).toContain(saidBy(readAccepted(winner).event));
  });

  test("recall, acknowledgement and withdrawal that meet in one batch have one outcome, and each loser is given the winning event", async () => {
    const winners: string[] = [];
    const desk = bus.office(ward);
    const receiver = bus.office(department).pen;
    for (let round = 0; round < 9; round++) {
      const held = await heldAtWard();
      const targets = desk.targets(held).map((target) => ({ ...target, receiver: { agency: department } }));
      const [offered] = await desk.forward(held, targets);
      if (offered === undefined) throw new Error("Nothing was forwarded.");
      const recall = desk.pen.askRecall({ ...offered, reason: RecallReason.RECALL_REASON_WRONG_RECEIVER });
      const reason = WithdrawalReason.WITHDRAWAL_REASON_BY_APPLICANT;
      const withdrawal = desk.pen.withdraw({ dossier: offered.dossier, branches: [offered], reason });
      const entrants = [
        { agency: ward, envelope: recall.envelope },
        { agency: department, envelope: receiver.acknowledge(offered).envelope },
        { agency: ward, envelope: withdrawal.envelope },
      ];
      // Each comes first in turn; what the wards open meanwhile makes it a batch.
      const inTurn = [...entrants.slice(round % 3), ...entrants.slice(0, round % 3)];
      const others = Array.from({ length: 24 }, () => desk.signOpen(dossierCode(), areaCode, procedure));
      const [outcome] = await Promise.all([
        race(way, inTurn),
        ...others.map(({ envelope }) => bus.connection(bus.systemOf(ward)).exchange.submit(envelope)),
      ]);
      const winner = expectLosersToHoldTheWinner(outcome, inTurn.length);
      winners.push(saidBy(readAccepted(winner).event));
      const trail = trailOf(await readStream(bus.bus), offered.dossier);
      expect(trail.map(({ event }) => saidBy(event))).toEqual(["open", "complete", "forward", winners.at(-1)]);
    }
    expect(winners.every((said) => ["askRecall", "acknowledge", "withdraw"].includes(said))).toBe(true);
  });

  test("a holder that completes and forwards at once through many connections is heard once for each head", async () => {
    const held = await bus.office(ward).open(dossierCode(), areaCode, procedure);
    const pen = bus.office(ward).pen;
    const outcome = Outcome.OUTCOME_DONE;
    const entrants = Array.from({ length: 16 }, () => ({
      agency: ward,
      envelope: pen.complete({ ...held, outcome }).envelope,
    }));
    const winner = expectLosersToHoldTheWinner(await race(way, entrants), entrants.length);
    expect(saidBy(readAccepted(winner).event)).toBe("complete");
  });
});

/** The second forward acts on the head before the handoff, so it is stale by the forward; the others by whoever won. */
async function expectOneOutcome(
  way: Way,
  entrants: readonly { agency: string; envelope: Uint8Array }[],
  offered: HeldBranch,
): Promise<AcceptedStatement> {
  const { won, lost } = await race(way, entrants);
  expect(won).toHaveLength(1);
  const winner = won[0] as AcceptedStatement;
  const heads = [Buffer.from(offered.head), Buffer.from(leafHash(winner.event))];
  for (const refusal of lost) {
    expect(refusal.reason, refusal.message).toBe("PRIOR_STALE");
    expect(heads.some((head) => head.equals(refusal.winningEvent?.head ?? new Uint8Array()))).toBe(true);
  }
  const byWinner = lost.filter(({ winningEvent }) => heads[1]?.equals(winningEvent?.head ?? new Uint8Array()));
  // Both kinds of answers but the one that won are stale by the winner.
  expect(byWinner.length).toBeGreaterThanOrEqual(entrants.filter(({ agency }) => agency === department).length - 1);
  const said = trailOf(await readStream(bus.bus), offered.dossier).map(({ event }) => saidBy(event));
  expect(said.slice(0, 4)).toEqual(["open", "complete", "forward", saidBy(readAccepted(winner).event)]);
  expect(said).toHaveLength(4);
  return winner;
}

test("a dossier whose every statement goes to the other replica is never refused by what a replica remembers of it", async () => {
  const desk = bus.office(ward);
  const outcome = Outcome.OUTCOME_DONE;
  for (const first of [0, 1]) {
    const second = 1 - first;
    const open = desk.signOpen(dossierCode(), areaCode, procedure);
    const opened = await desk.submit(open, first);
    const held = {
      dossier: open.dossier,
      areaCode,
      procedure,
      branch: "0",
      step: "ward",
      head: leafHash(opened.event),
    };
    const completed = await desk.submit(desk.pen.complete({ ...held, outcome }), second);
    const targets = desk.targets(held).map((target) => ({ ...target, receiver: { agency: department } }));
    // The first replica still remembers the dossier as it was opened.
    const forward = desk.signForward({ ...held, head: leafHash(completed.event) }, targets);
    const forwarded = await desk.submit(forward, first);
    const receiver = bus.office(department);
    await receiver.submit(receiver.pen.acknowledge({ ...held, head: leafHash(forwarded.event) }), second);
  }
});

test("after all races the stream is gapless, and every chain in it is whole", async () => {
  expect(faultsOf(await readStream(bus.bus), bus.bus.shard.name)).toEqual([]);
});
