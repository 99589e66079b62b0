import type { DescMessage } from "@bufbuild/protobuf";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  generateSigningKey,
  importVerifyingKey,
  MessageRefusedError,
  payloadTypes,
  readStatement,
  signStatementPayload,
  verifyPayloadSync,
} from "../src/index.ts";
import { answerTo } from "./answer-to.ts";
import { sampleBytes } from "./sample-bytes.ts";
import { editAt, readFields, varint, type WireField, wireField, writeFields } from "./wire-fields.ts";

const statement = messageDescriptor("lienthong.exchange.v1.Statement");
const kinds = statement.oneofs[0]!.fields.map((field, choice) => [field.name, choice] as const);
const forward = sampleBytes(statement, 1);

describe("a statement", () => {
  test("has twenty kinds", () => expect(kinds).toHaveLength(20));

  test.each(kinds)(
    "'%s' cut anywhere, or with an unknown field anywhere, is refused",
    { timeout: 60_000 },
    (_, choice) => {
      const bytes = sampleBytes(statement, choice);
      for (let length = 0; length < bytes.length; length++) {
        expect(answerTo(statement, bytes.subarray(0, length))).toMatch(/^(MESSAGE_MALFORMED|FIELD_MISSING) /);
      }
      const visit = (descriptor: DescMessage, path: number[], name: string): void => {
        const answer = answerTo(
          statement,
          editAt(bytes, path, (fields) => [...fields, wireField(999, 1)]),
        );
        expect(answer).toBe(`FIELD_UNKNOWN ${name}#999`);
        for (const field of descriptor.fields) {
          if (field.message === undefined) continue;
          if (field.oneof !== undefined && field.oneof.fields[choice] !== field) continue;
          const item = field.fieldKind === "list" ? `${field.name}[0]` : field.name;
          visit(field.message, [...path, field.number], `${name}${item}.`);
        }
      };
      visit(statement, [], "");
    },
  );

  test("that says two things is refused, in either order and even if both are alike", () => {
    const acknowledge = readFields(sampleBytes(statement, 2)).find(({ number }) => number === 18)!;
    const fields = readFields(forward);
    expect(answerTo(statement, writeFields([...fields, acknowledge]))).toBe("FIELD_DUPLICATED acknowledge");
    expect(answerTo(statement, writeFields([acknowledge, ...fields]))).toBe("FIELD_DUPLICATED forward");
    const again = fields.find(({ number }) => number === 17)!;
    expect(answerTo(statement, writeFields([...fields, again]))).toBe("FIELD_DUPLICATED forward");
  });

  test.each([
    [
      "agency of the second branch's receiver",
      [4, 1],
      "phường-1",
      "TEXT_INVALID",
      "forward.branches[1].receiver.agency",
    ],
    ["step of the second branch", [2], "To-Certify", "FIELD_INVALID", "forward.branches[1].step"],
    ["branch of the second branch", [1], "0.01", "FIELD_INVALID", "forward.branches[1].branch"],
    [
      "document id",
      [5, 1],
      "01968F0A-0000-7000-8000-000000000001",
      "FIELD_INVALID",
      "forward.branches[1].documents[0].document_id",
    ],
    [
      "version of a document id",
      [5, 1],
      "01968f0a-0000-4000-8000-000000000001",
      "FIELD_INVALID",
      "forward.branches[1].documents[0].document_id",
    ],
  ])("names the %s as the field at fault", (_, path, value, reason, field) => {
    const bytes = editAt(forward, [17], (branches) => {
      const [second] = readFields(
        editAt(writeFields([branches[1]!]), [1, ...path.slice(0, -1)], (fields) => [
          ...fields.filter(({ number }) => number !== path.at(-1)),
          wireField(path.at(-1)!, value),
        ]),
      );
      return [branches[0]!, second!];
    });
    expect(answerTo(statement, bytes)).toBe(`${reason} ${field}`);
  });

  test.each([
    ["H26-250505-0001", true],
    ["H26.12.18-20250505-000123", true],
    ["000.00.03.H26-250505-0001", true],
    ["H26-250505-001", false],
    ["h26-250505-0001", false],
    ["H26-25050-0001", false],
    ["Н26-250505-0001", false],
    ["H26-250505-0001\n", false],
    ["Z26-250505-0001", false],
  ])("dossier code %j", (code, allowed) => {
    const bytes = editAt(forward, [], (fields) => [...fields.filter(({ number }) => number !== 6), wireField(6, code)]);
    expect(answerTo(statement, bytes) === "accepted").toBe(allowed);
  });
});

describe("bytes that differ and mean the same are accepted as they are, and their signature verifies", () => {
  const key = generateSigningKey("ed25519");
  const verifying = importVerifyingKey(key.algorithm, key.publicKey);

  function expectKept(payload: Uint8Array): void {
    const envelopeBytes = signStatementPayload(payload, [key]);
    const read = readStatement(envelopeBytes);
    expect(Buffer.from(read.envelope.payload).equals(payload)).toBe(true);
    expect(Buffer.from(read.envelopeBytes).equals(envelopeBytes)).toBe(true);
    const { signature } = read.envelope.signatures[0]!;
    expect(verifyPayloadSync(verifying, payloadTypes.statement, read.envelope.payload, signature)).toBe(true);
    expect(read.statement).toEqual(Statement.decode(forward));
  }

  test("fields in another order", () => {
    expectKept(editAt(forward, [], (fields) => fields.toReversed()).slice());
    expectKept(editAt(forward, [17, 1], (fields) => fields.toReversed()));
  });

  test("tags, lengths and numbers longer than they need to be", () => {
    const fields = readFields(forward);
    for (const longerBy of [1, 2, 3, 4]) expectKept(writeFields(fields, longerBy));
    expectKept(
      writeFields(fields.map((field) => (field.wireType === 0 ? { ...field, content: varint(1, 9) } : field))),
    );
    expectKept(writeFields(fields, 8));
  });

  test("defaults written out", () => {
    const empty = editAt(forward, [4], (fields) => [...fields.filter(({ number }) => number !== 2), wireField(2, "")]);
    expect(readStatement(signStatementPayload(empty, [key])).statement.author?.unit).toBe("");
  });

  test("numbers of a list packed, one by one, and both", () => {
    const calendar = messageDescriptor("lienthong.registry.v1.CalendarRecord");
    const days = (...fields: WireField[]) =>
      answerTo(
        calendar,
        editAt(sampleBytes(calendar), [], (all) => [...all.filter(({ number }) => number !== 5), ...fields]),
      );
    expect(days(wireField(5, Uint8Array.of(6, 7)))).toBe("accepted");
    expect(days(wireField(5, 6), wireField(5, 7))).toBe("accepted");
    expect(days(wireField(5, 5), wireField(5, Uint8Array.of(6, 7)))).toBe("accepted");
    expect(days(wireField(5, new Uint8Array(0)))).toBe("accepted");
    expect(days(wireField(5, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 7)))).toBe("FIELD_INVALID rest_weekdays");
    expect(days(wireField(5, Uint8Array.of(6, 8)))).toMatch("FIELD_INVALID rest_weekdays[");
    expect(days(wireField(5, Uint8Array.of(6, 0x87)))).toMatch("MESSAGE_MALFORMED");
  });
});

describe("bytes that decoders read differently are refused", () => {
  const fields = readFields(forward);
  const rest = fields.slice(1);

  test.each([
    ["a tag with bits beyond 32", varint((1n << 32n) | 8n), varint(1)],
    ["a tag of 64 bits", varint((1n << 63n) | 8n), varint(1)],
    [
      "a number with bits beyond 64",
      varint(8),
      Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02),
    ],
    ["a number of eleven bytes", varint(8), varint(1, 10)],
    ["field number 0", varint(0), varint(1)],
  ])("%s", (_, tag, value) => {
    expect(answerTo(statement, Buffer.concat([tag, value, writeFields(rest)]))).toMatch(
      /^(MESSAGE_MALFORMED|FIELD_UNKNOWN)/,
    );
  });

  test("a length with bits beyond 32", () => {
    const shard = fields.find(({ number }) => number === 3)!;
    const others = writeFields(fields.filter(({ number }) => number !== 3));
    const long = Buffer.concat([others, varint(26), varint((1n << 32n) | BigInt(shard.content.length)), shard.content]);
    expect(answerTo(statement, long)).toMatch(/^MESSAGE_MALFORMED/);
    const right = Buffer.concat([others, varint(26), varint(shard.content.length), shard.content]);
    expect(answerTo(statement, right)).toBe("accepted");
  });
});

describe("an envelope", () => {
  const key = generateSigningKey("ed25519");
  const envelope = signStatementPayload(forward, [key]);

  function refusal(bytes: Uint8Array): string {
    try {
      readStatement(bytes);
      return "accepted";
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      return `${error.reason} ${error.field}`;
    }
  }

  test("names fields from itself or from the statement in it", () => {
    expect(refusal(new Uint8Array(0))).toBe("FIELD_MISSING envelope.payload");
    expect(refusal(editAt(envelope, [], (fields) => fields.slice(0, 1)))).toBe("FIELD_MISSING envelope.signatures");
    expect(refusal(editAt(envelope, [2], (fields) => [...fields, wireField(9, 1)]))).toBe(
      "FIELD_UNKNOWN envelope.signatures[0].#9",
    );
    expect(refusal(signStatementPayload(writeFields([wireField(1, 2)]), [key]))).toBe(
      "VERSION_UNKNOWN statement.version",
    );
    expect(refusal(signStatementPayload(new Uint8Array(60_001), [key]))).toBe("FIELD_INVALID envelope.payload");
  });

  test("has each key's signature once", () => {
    expect(refusal(signStatementPayload(forward, [key, generateSigningKey("ed25519")]))).toBe("accepted");
    expect(refusal(signStatementPayload(forward, [key, generateSigningKey("ed25519"), key]))).toBe(
      "FIELD_INVALID envelope.signatures[2].key_id",
    );
  });

  test("of any bytes whatever is refused by name or read, and nothing else happens", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        refusal(bytes);
        refusal(signStatementPayload(bytes.length === 0 ? Uint8Array.of(0) : bytes, [key]));
      }),
      { numRuns: 2_000 },
    );
  });

  test("changed anywhere is refused by name, or read as what its bytes say", { timeout: 60_000 }, () => {
    const samples = kinds.map(([, choice]) => sampleBytes(statement, choice));
    const change = fc.record({
      sample: fc.nat(19),
      at: fc.nat(),
      remove: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let payload: Uint8Array = samples[changes[0]!.sample]!;
        for (const { at, remove, insert } of changes) {
          const start = at % (payload.length + 1);
          payload = Buffer.concat([payload.subarray(0, start), insert, payload.subarray(start + remove)]);
        }
        try {
          const read = readStatement(signStatementPayload(payload, [key]));
          // Nothing was read that the strict check did not see: encoded again, it says the same.
          expect(Statement.decode(Statement.encode(read.statement).finish())).toEqual(read.statement);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageRefusedError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
