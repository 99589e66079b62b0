import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AgencyIndex } from "../src/agency-index.ts";
import type { IndexEntry } from "../src/index-entry.ts";
import { decodeSettledState, encodeSettledState, exceptionsMax } from "../src/settled-state.ts";
import { type Holder, type OpenDelivery, Subscription } from "../src/subscription.ts";
import { ViewStore } from "../src/view-store.ts";

const everythingFits = () => true;

class TestHolder implements Holder {
  freeCredit = 100;
  readonly has = new Map<number, OpenDelivery>();
  release(): void {
    this.freeCredit += 1;
  }
}

/** An agency's index over a real store, of which every second event of the stream is addressed to it. */
class TestIndex {
  readonly store = new ViewStore(":memory:");
  readonly agency = new AgencyIndex("dep-b", 1, this.store, 0);
  position = 0;
  #known = false;

  next(lane: number): IndexEntry {
    this.position += 2;
    return { sequence: this.position, role: DeliveryRole.DELIVERY_ROLE_RECEIVER, lane };
  }

  write(): void {
    if (this.position === 0) return;
    this.store.write({
      agencies: this.#known ? [] : [{ id: 1, name: "dep-b" }],
      entries: [{ agency: 1, entries: this.agency.unwritten }],
      handoffs: [],
      ended: [],
      parties: [],
      position: this.position,
      hash: new Uint8Array(32),
    });
    this.#known = true;
    this.agency.written();
  }
}

type Step =
  | { kind: "add"; lanes: number[] }
  | { kind: "take"; holder: number; count: number }
  | { kind: "settle"; which: number[] }
  | { kind: "leave"; holder: number }
  | { kind: "expire" }
  | { kind: "write" }
  | { kind: "restart" };

const steps = (reconnecting: boolean) => {
  const step: fc.Arbitrary<Step>[] = [
    fc.record({ kind: fc.constant("add" as const), lanes: fc.array(fc.nat(4), { minLength: 1, maxLength: 30 }) }),
    fc.record({ kind: fc.constant("take" as const), holder: fc.nat(1), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ kind: fc.constant("settle" as const), which: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 }) }),
    fc.record({ kind: fc.constant("write" as const) }),
    fc.record({ kind: fc.constant("expire" as const) }),
  ];
  if (reconnecting) {
    step.push(fc.record({ kind: fc.constant("leave" as const), holder: fc.nat(1) }));
    step.push(fc.record({ kind: fc.constant("restart" as const) }));
  }
  return fc.array(fc.oneof(...step), { maxLength: 60 });
};

/** Runs steps beside a plain set of what is settled. */
function run(script: readonly Step[], settleOnlyTaken: boolean) {
  const index = new TestIndex();
  let subscription = new Subscription(index.agency, "main", 0);
  let holders = [new TestHolder(), new TestHolder()];
  for (const holder of holders) subscription.receivers.add(holder);
  const addressed: number[] = [];
  const lanes = new Map<number, number>();
  let settled = new Set<number>();
  const settledStateOf = (from: Subscription) => decodeSettledState(encodeSettledState(from.settledState()));
  const restart = () => {
    const state = settledStateOf(subscription);
    subscription = new Subscription(index.agency, "main", 0);
    subscription.merge(state, index.position);
    holders = [new TestHolder(), new TestHolder()];
    for (const holder of holders) subscription.receivers.add(holder);
    return new Set(addressed.filter((sequence) => sequence <= state.position && !state.exceptions.includes(sequence)));
  };
  const take = (holder: TestHolder, count: number) => {
    subscription.firstQueued();
    const taken = subscription.take(holder, count, Number.POSITIVE_INFINITY, performance.now(), everythingFits);
    for (const { sequence } of taken) holder.has.delete(sequence);
    for (const delivery of taken) {
      holder.freeCredit -= 1;
      expect(settled.has(delivery.sequence)).toBe(false);
      for (const other of holders) {
        for (const [sequence, had] of other.has) {
          if (had.holder !== other || had.lane !== delivery.lane) continue;
          expect(other).toBe(holder);
          expect(sequence).toBeLessThan(delivery.sequence);
        }
      }
      holder.has.set(delivery.sequence, delivery);
    }
    return taken;
  };
  for (const step of script) {
    switch (step.kind) {
      case "add":
        for (const lane of step.lanes) {
          const entry = index.next(lane);
          addressed.push(entry.sequence);
          lanes.set(entry.sequence, lane);
          index.agency.add(entry);
          subscription.add(entry);
        }
        break;
      case "take":
        take(holders[step.holder] as TestHolder, step.count);
        break;
      case "settle":
        for (const which of step.which) {
          const candidates = settleOnlyTaken ? holders.flatMap((holder) => [...holder.has.keys()]) : addressed;
          const sequence = candidates[which % Math.max(1, candidates.length)];
          if (sequence === undefined) continue;
          const settlement = subscription.settle(sequence);
          expect(settlement.kind).toBe(settled.has(sequence) ? "unchanged" : "settled");
          settled.add(sequence);
        }
        expect(subscription.settle(index.position + 1).kind).toBe("not addressed");
        break;
      case "leave": {
        const holder = holders[step.holder] as TestHolder;
        subscription.takeBackFrom(holder);
        holder.has.clear();
        subscription.receivers.delete(holder);
        if (holders.every((each) => !subscription.receivers.has(each))) subscription.rest();
        subscription.receivers.add(holder);
        break;
      }
      case "expire":
        subscription.takeBackOlder(performance.now());
        break;
      case "write":
        index.write();
        break;
      case "restart": {
        const remembered = restart();
        // Forgetting hands out again, which is allowed; remembering what was never settled would lose a delivery.
        for (const sequence of remembered) expect(settled.has(sequence)).toBe(true);
        settled = remembered;
        break;
      }
    }
    expect(subscription.waitingCount).toBe(addressed.length - settled.size);
  }
  const remembered = restart();
  if (settleOnlyTaken) expect(remembered).toEqual(settled);
  settled = remembered;
  const left: number[] = [];
  for (let taken = take(holders[0]!, 50); taken.length > 0; taken = take(holders[0]!, 50)) {
    left.push(...taken.map(({ sequence }) => sequence));
  }
  expect(left).toEqual(addressed.filter((sequence) => !remembered.has(sequence)));
  index.store.close();
}

describe("what is settled", () => {
  test("whatever is taken, settled, given back or restarted: the unsettled is handed out, the settled is not, dossiers stay in order", () => {
    fc.assert(
      fc.property(steps(true), (script) => run(script, false)),
      { numRuns: 150 },
    );
  });

  test("of what was handed out and settled nothing is forgotten by position and exceptions", () => {
    fc.assert(
      fc.property(steps(false), (script) => run(script, true)),
      { numRuns: 150 },
    );
  });

  test("two replicas that tell each other agree on the union, also where one of them has yet to see the events", () => {
    const sequences = fc.array(fc.nat(99), { maxLength: 60 });
    fc.assert(
      fc.property(sequences, sequences, fc.nat(100), (settledAtA, settledAtB, seenByB) => {
        const [a, b] = [new TestIndex(), new TestIndex()].map((index) => ({
          index,
          subscription: new Subscription(index.agency, "main", 0),
          holder: new TestHolder(),
        })) as [Side, Side];
        for (const side of [a, b]) side.subscription.receivers.add(side.holder);
        const feed = (side: Side, count: number) => {
          for (let at = 0; at < count; at++) {
            const entry = side.index.next(at);
            side.index.agency.add(entry);
            side.subscription.add(entry);
          }
        };
        feed(a, 100);
        feed(b, seenByB);
        const settle = (side: Side, ordinals: readonly number[]) => {
          side.subscription.firstQueued();
          side.subscription.take(side.holder, 1_000, Number.POSITIVE_INFINITY, 0, everythingFits);
          for (const ordinal of ordinals) side.subscription.settle((ordinal + 1) * 2);
        };
        settle(a, settledAtA);
        const knownToB = settledAtB.filter((ordinal) => ordinal < seenByB);
        settle(b, knownToB);
        const stateOf = (side: Side) => decodeSettledState(encodeSettledState(side.subscription.settledState()));
        const [stateOfA, stateOfB] = [stateOf(a), stateOf(b)];
        b.subscription.merge(stateOfA, b.index.position);
        a.subscription.merge(stateOfB, a.index.position);
        feed(b, 100 - seenByB);
        const union = new Set([...settledAtA, ...knownToB]);
        for (const side of [a, b]) {
          expect(side.subscription.waitingCount).toBe(100 - union.size);
          for (const ordinal of union) expect(side.subscription.settle((ordinal + 1) * 2).kind).toBe("unchanged");
          side.index.store.close();
        }
      }),
      { numRuns: 100 },
    );
  });

  test("exceptions that do not fit into a message shorten the position: what is left out is handed out again, never lost", () => {
    const exceptions = Array.from({ length: exceptionsMax + 10 }, (_, index) => 3 * index + 1);
    const state = { epoch: 1, position: 1_000_000, exceptions, handedOutUpTo: 1_000_000 };
    const bytes = encodeSettledState(state);
    expect(bytes.length).toBeLessThan(64 * 1024);
    expect(decodeSettledState(bytes)).toEqual({
      ...state,
      exceptions: exceptions.slice(0, exceptionsMax),
      position: 3 * exceptionsMax,
    });
  });

  test.each([
    ["another version", { version: 2 }],
    ["no position", { version: 1, epoch: 0, handedOutUpTo: 0, exceptions: [] }],
    ["exceptions that do not ascend", { version: 1, epoch: 0, position: 9, handedOutUpTo: 0, exceptions: [3, 0] }],
    ["an exception beyond the position", { version: 1, epoch: 0, position: 9, handedOutUpTo: 0, exceptions: [10] }],
  ])("a settled state with %s is refused", (_, message) => {
    expect(() => decodeSettledState(new TextEncoder().encode(JSON.stringify(message)))).toThrow(/settled state/);
  });
});

interface Side {
  index: TestIndex;
  subscription: Subscription;
  holder: TestHolder;
}

test("what was settled beyond the end of a stream that came back shorter is doubted, and handed out", () => {
  const index = new TestIndex();
  const subscription = new Subscription(index.agency, "main", 0);
  const holder = new TestHolder();
  subscription.receivers.add(holder);
  subscription.merge({ epoch: 0, position: 20, exceptions: [4], handedOutUpTo: 20 }, 0);
  expect(subscription.doubtBeyond(20)).toBe(false);
  expect(subscription.doubtBeyond(10)).toBe(true);
  expect(subscription.doubtBeyond(10)).toBe(false);
  for (let count = 0; count < 10; count++) {
    const entry = index.next(count);
    index.agency.add(entry);
    subscription.add(entry);
  }
  subscription.firstQueued();
  const taken = subscription.take(holder, 100, Number.POSITIVE_INFINITY, 0, everythingFits);
  expect(taken.map(({ sequence }) => sequence)).toEqual([4, 12, 14, 16, 18, 20]);
  expect(subscription.settledState()).toMatchObject({ epoch: 1, position: 10, exceptions: [4] });
  expect(subscription.changed).toBe(true);
  index.store.close();
});

describe("what is in memory", () => {
  test("a subscription whose receivers take nothing keeps a bounded queue, one without receivers nothing", () => {
    const index = new TestIndex();
    const subscription = new Subscription(index.agency, "main", 0);
    const holder = new TestHolder();
    subscription.firstQueued();
    subscription.receivers.add(holder);
    for (let count = 0; count < 50_000; count++) {
      const entry = index.next(count);
      index.agency.add(entry);
      subscription.add(entry);
      if (count % 5_000 === 0) index.write();
    }
    expect(subscription.openCount).toBeLessThanOrEqual(1_024);
    expect(subscription.waitingCount).toBe(50_000);
    subscription.receivers.delete(holder);
    subscription.rest();
    expect(subscription.openCount).toBe(0);
    expect(subscription.waitingCount).toBe(50_000);
    index.store.close();
  });
});
