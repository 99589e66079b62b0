import fc from "fast-check";
import { expect, test } from "vitest";
import {
  eventSubject,
  parseEventSubject,
  parseSettledSubject,
  settledSubject,
  shardEventSubject,
  shardToken,
} from "../src/index.ts";

const shards = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/);
const codes = fc.stringMatching(/^[A-Y0-9][0-9A-Z]{2}(\.[0-9A-Z]{2,3}){0,6}-(\d{6}|\d{8})-\d{4,12}$/);
const agencies = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,63})$/);
const subscriptions = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,30})$/);
const token = /^[A-Za-z0-9_-]+$/;

test("an event subject gives back the shard and dossier it was made from, and has four plain tokens", () => {
  fc.assert(
    fc.property(shards, codes, (shard, dossier) => {
      const subject = eventSubject(shard, dossier);
      expect(parseEventSubject(subject)).toEqual({ shard, dossier });
      expect(subject.split(".")).toHaveLength(4);
      expect(subject.split(".").every((part) => token.test(part))).toBe(true);
    }),
  );
});

test("different dossiers never share a subject", () => {
  fc.assert(
    fc.property(codes, codes, (one, other) => {
      expect(eventSubject("a", one) === eventSubject("a", other)).toBe(one === other);
    }),
  );
});

test("the shard's own events have a subject that no dossier has", () => {
  expect(parseEventSubject(shardEventSubject("hanoi-2026q4"))).toEqual({ shard: "hanoi-2026q4", dossier: null });
  expect(eventSubject("hanoi-2026q4", "000.00.01.H26-261104-0001")).toBe(
    "lt.hanoi-2026q4.event.000_00_01_H26-261104-0001",
  );
});

test("a settlement subject gives back what it was made from", () => {
  fc.assert(
    fc.property(shards, agencies, subscriptions, (shard, agency, subscription) => {
      const subject = settledSubject(shard, agency, subscription);
      expect(parseSettledSubject(subject)).toEqual({ shard, agency, subscription });
    }),
  );
});

test("text that is not a name is refused with a sentence, never written into a subject", () => {
  for (const shard of ["", "-a", "a-", "A", "a.b", "a*", ">", "a b", "a".repeat(33), "hà-nội"]) {
    expect(() => shardToken(shard)).toThrow(/is not a shard name/);
  }
  for (const code of ["", "_shard", "H26_01-261104-0001", "Z26-261104-0001", "H26.*-261104-0001", "H26-2611-0001"]) {
    expect(() => eventSubject("a", code)).toThrow(/is not a dossier code/);
  }
  expect(() => settledSubject("a", "a.b", "main")).toThrow(/agency id/);
  expect(() => settledSubject("a", "b", ">")).toThrow(/subscription name/);
});

test("parsing accepts only what the builders make", () => {
  const strange = fc.array(fc.constantFrom("lt", "a", "event", "settled", "_shard", "*", "", "H26-261104-0001", ">"));
  fc.assert(
    fc.property(strange, (parts) => {
      const subject = parts.join(".");
      for (const parse of [parseEventSubject, parseSettledSubject]) {
        try {
          const parsed = parse(subject);
          if ("agency" in parsed) {
            expect(settledSubject(parsed.shard, parsed.agency, parsed.subscription)).toBe(subject);
          } else if (parsed.dossier === null) expect(shardEventSubject(parsed.shard)).toBe(subject);
          else expect(eventSubject(parsed.shard, parsed.dossier)).toBe(subject);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }),
  );
});
