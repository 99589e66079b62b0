import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { BusStatement, Event, type EventHeader, ShardEvent } from "@lienthong/contracts/exchange/v1/event";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  busStatementId,
  encodeEvent,
  eventBytesMax,
  generateSigningKey,
  readEvent,
  readEventPlace,
  signStatementPayload,
  strictMessage,
} from "../src/index.ts";
import { sampleBytes } from "./sample-bytes.ts";
import { readFields, writeFields } from "./wire-fields.ts";

const statement = messageDescriptor("lienthong.exchange.v1.Statement");
const event = messageDescriptor("lienthong.exchange.v1.Event");
const key = generateSigningKey("ed25519");
const header: EventHeader = {
  version: 1,
  shard: "hanoi-2025q2",
  generation: 1,
  number: 4_294_967_296n,
  previous: new Uint8Array(32).fill(9),
  registryHead: { size: 812n, root: new Uint8Array(32).fill(8) },
  system: "provincial-system",
  recordedTime: { seconds: 1_746_410_400n, nanos: 1_000_000 },
  wallTime: { seconds: 1_790_000_000n, nanos: 999_999_999 },
};

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes).includes(Buffer.from(part));
}

describe("an event", () => {
  test("keeps the envelope's bytes as they came, odd as they may be", () => {
    // Fields in another order, lengths longer than needed: an encoder would write it otherwise.
    const plain = signStatementPayload(writeFields(readFields(sampleBytes(statement, 1)).toReversed(), 2), [key]);
    const envelopeBytes = writeFields(readFields(plain).toReversed(), 3);
    const bytes = encodeEvent(header, { $case: "statement", envelopeBytes });
    expect(contains(bytes, envelopeBytes)).toBe(true);
    const read = readEvent(bytes);
    expect(read.header).toMatchObject(header);
    expect(read.dossier).toBe("H26-250505-0001");
    if (read.body.$case !== "statement") throw new Error("It was a statement.");
    expect(contains(envelopeBytes, read.body.payload)).toBe(true);
    expect(read.body.statement.what?.$case).toBe("forward");
  });

  test("of a statement of any kind is one that the strict reader accepts", () => {
    for (let kind = 0; kind < 20; kind++) {
      const envelopeBytes = signStatementPayload(sampleBytes(statement, kind), [key]);
      strictMessage(event).check(encodeEvent(header, { $case: "statement", envelopeBytes }));
    }
  });

  test("of any kind belongs where reading all of it says", () => {
    const samples = (name: string, count: number) =>
      Array.from({ length: count }, (_, kind) => sampleBytes(messageDescriptor(`lienthong.exchange.v1.${name}`), kind));
    const events = [
      ...samples("Statement", 20).map((payload) =>
        encodeEvent(header, { $case: "statement", envelopeBytes: signStatementPayload(payload, [key]) }),
      ),
      ...samples("BusStatement", 5).map((bytes) =>
        encodeEvent(header, { $case: "bus", value: BusStatement.decode(bytes) }),
      ),
      ...samples("ShardEvent", 5).map((bytes) =>
        encodeEvent(header, { $case: "shard", value: ShardEvent.decode(bytes) }),
      ),
    ];
    for (const bytes of events) {
      const { header: said, body, dossier } = readEvent(bytes);
      const place = readEventPlace(bytes);
      expect(place).toEqual({
        shard: said.shard,
        generation: said.generation,
        dossier,
        shardEvent: body.$case === "shard" ? body.shard : null,
      });
      // Cut anywhere, or with its header or body a second time, it is none.
      for (let length = 0; length < bytes.length; length += 7) {
        expect(() => readEventPlace(bytes.subarray(0, length))).toThrow();
      }
      for (const [field] of [[0], [1]] as const) {
        const parts = readFields(bytes);
        const twice = writeFields([...parts, parts[field] as (typeof parts)[number]], 1);
        expect(() => readEventPlace(twice)).toThrow(/given twice/);
      }
    }
  });

  test("of the bus or of the shard reads back", () => {
    for (let kind = 0; kind < 5; kind++) {
      const value = BusStatement.decode(sampleBytes(messageDescriptor("lienthong.exchange.v1.BusStatement"), kind));
      const bytes = encodeEvent(header, { $case: "bus", value });
      strictMessage(event).check(bytes);
      expect(readEvent(bytes)).toMatchObject({ header, body: { $case: "bus", bus: value }, dossier: value.dossier });
      const shard = ShardEvent.decode(sampleBytes(messageDescriptor("lienthong.exchange.v1.ShardEvent"), kind));
      const shardBytes = encodeEvent({ ...header, previous: new Uint8Array(0) }, { $case: "shard", value: shard });
      strictMessage(event).check(shardBytes);
      expect(readEvent(shardBytes)).toMatchObject({ body: { $case: "shard", shard }, dossier: null });
    }
  });

  test("is what the generated encoder would write, where the envelope is plain", () => {
    const envelopeBytes = signStatementPayload(sampleBytes(statement, 0), [key]);
    const bytes = encodeEvent(header, { $case: "statement", envelopeBytes });
    expect(Buffer.from(Event.encode(Event.decode(bytes)).finish()).equals(bytes)).toBe(true);
  });

  test("has room for the largest statement under one signature of any kind of key", () => {
    for (const kind of ["ed25519", "p256", "rsa"] as const) {
      const envelopeBytes = signStatementPayload(new Uint8Array(60_000), [generateSigningKey(kind)]);
      const widest = { ...header, shard: "s".repeat(32), system: "s".repeat(64) };
      expect(encodeEvent(widest, { $case: "statement", envelopeBytes }).length).toBeLessThanOrEqual(eventBytesMax);
    }
  });

  test("is not made of bytes without header or body", () => {
    const bytes = encodeEvent(header, { $case: "shard", value: { what: undefined } });
    for (const cut of [readFields(bytes).slice(0, 1), readFields(bytes).slice(1)]) {
      expect(() => readEvent(writeFields(cut))).toThrow("not an event");
    }
  });
});

describe("the id of a bus statement", () => {
  const parts = fc.record({
    cause: fc.uint8Array({ maxLength: 34 }),
    branch: fc.string({ maxLength: 4 }),
    receiver: fc.string({ maxLength: 4 }),
    kind: fc.nat(120),
    ordinal: fc.nat(120),
  });
  const idOf = ({
    cause,
    branch,
    receiver,
    kind,
    ordinal,
  }: {
    cause: Uint8Array;
    branch: string;
    receiver: string;
    kind: number;
    ordinal: number;
  }) => Buffer.from(busStatementId(cause, branch, receiver, kind, ordinal)).toString("hex");
  const same = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other);

  test("is the same for the same, and another for anything else", () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(idOf(one)).toBe(idOf({ ...one, cause: Uint8Array.from(one.cause) }));
        expect(idOf(one) === idOf(other)).toBe(same(one, other));
      }),
    );
  });

  test("tells apart what would run together without lengths", () => {
    const text = fc.array(fc.constantFrom("0", ".", "1", "6", "a"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(text, fc.nat(8), fc.nat(8), (letters, first, second) => {
        const cut = (at: number) => ({ branch: letters.slice(0, at).join(""), receiver: letters.slice(at).join("") });
        const [one, other] = [cut(first), cut(second)];
        const id = (part: typeof one) => idOf({ ...part, cause: new Uint8Array(32), kind: 16, ordinal: 0 });
        expect(id(one) === id(other)).toBe(same(one, other));
      }),
    );
    const cause = new Uint8Array(32);
    expect(idOf({ cause, branch: "0", receiver: "a", kind: 1, ordinal: 61 })).not.toBe(
      idOf({ cause, branch: "0", receiver: "a", kind: 16, ordinal: 1 }),
    );
  });
});
