import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Agenda } from "../src/agenda.ts";

const items = fc.uniqueArray(fc.record({ dueMs: fc.integer({ min: 0, max: 500 }), key: fc.string({ maxLength: 6 }) }), {
  selector: ({ key }) => key,
  maxLength: 60,
});

describe("the agenda", () => {
  test("gives items by time, then by key, in whatever order they came", () => {
    fc.assert(
      fc.property(items, (added) => {
        const agenda = new Agenda<null>();
        for (const item of added) agenda.add({ ...item, what: null });
        const taken: string[] = [];
        for (let item = agenda.take(); item !== undefined; item = agenda.take()) taken.push(item.key);
        const expected = added.toSorted((a, b) => a.dueMs - b.dueMs || (a.key < b.key ? -1 : 1));
        expect(taken).toEqual(expected.map(({ key }) => key));
        expect(agenda.size).toBe(0);
      }),
    );
  });

  test("a slot holds what is due within its window, and happens when the last of it is due", () => {
    const agenda = new Agenda<string>();
    for (const dueMs of [100, 105, 119, 120, 300]) agenda.add({ dueMs, key: String(dueMs), what: "" });
    expect(agenda.takeSlot(20)).toMatchObject({ atMs: 119, items: [{ dueMs: 100 }, { dueMs: 105 }, { dueMs: 119 }] });
    expect(agenda.takeSlot(20)).toMatchObject({ atMs: 120, items: [{ dueMs: 120 }] });
    expect(agenda.takeSlot(20)).toMatchObject({ atMs: 300 });
    expect(agenda.takeSlot(20)).toBeUndefined();
  });

  test("slots never go back, lose nothing, and do nothing early", () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 80 }), (added, windowMs) => {
        const agenda = new Agenda<null>();
        for (const item of added) agenda.add({ ...item, what: null });
        let lastMs = -1;
        let count = 0;
        for (let slot = agenda.takeSlot(windowMs); slot !== undefined; slot = agenda.takeSlot(windowMs)) {
          expect(slot.atMs).toBeGreaterThanOrEqual(lastMs);
          for (const { dueMs } of slot.items) expect(dueMs).toBeLessThanOrEqual(slot.atMs);
          lastMs = slot.atMs;
          count += slot.items.length;
        }
        expect(count).toBe(added.length);
      }),
    );
  });
});
