import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { fileRegistry, messageDescriptor } from "@lienthong/contracts/descriptors";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fieldRules,
  generateSigningKey,
  importVerifyingKey,
  type MessageRefusalReason,
  MessageRefusedError,
  payloadTypes,
  readStatement,
  signStatementPayload,
  strictMessage,
  verifyPayloadSync,
} from "../src/index.ts";
import { ruleOf, sampleBytes, sampleText } from "./sample-bytes.ts";
import { editAt, readFields, varint, type WireField, wireField, writeFields } from "./wire-fields.ts";

/** Reason and field with which bytes are refused; "accepted" if they are not. */
function answerTo(descriptor: DescMessage, bytes: Uint8Array): string {
  try {
    strictMessage(descriptor).check(bytes);
    return "accepted";
  } catch (error) {
    if (!(error instanceof MessageRefusedError)) throw error;
    expect(error.message).toMatch(/; allowed: .+\.$/);
    return `${error.reason} ${error.field}`;
  }
}

/** Every message type that has rules and is not built of others' wire alone, with the number of its oneof's members. */
const types: [string, DescMessage, number][] = Object.keys(fieldRules).map((typeName) => {
  const descriptor = typeName.startsWith("google.")
    ? fileRegistry().getMessage(typeName)!
    : messageDescriptor(typeName);
  return [typeName, descriptor, Math.max(1, ...descriptor.oneofs.map((oneof) => oneof.fields.length))];
});

/** A way to spoil one field: what it looks like then, and what the answer is. */
interface Spoiling {
  readonly how: string;
  readonly fields: WireField[];
  readonly answer: "accepted" | MessageRefusalReason;
  /** Name of the field in the answer, if not the field's own. */
  readonly name?: string;
}

const invalidUtf8 = Uint8Array.of(0x61, 0xc3, 0x28);

function textSpoilings(field: DescField): Spoiling[] {
  const rule = ruleOf(field);
  const { number } = field;
  const spoil = (how: string, content: string | Uint8Array, answer: Spoiling["answer"]): Spoiling => ({
    how,
    fields: [wireField(number, content)],
    answer,
  });
  const spoilings = [
    spoil("not UTF-8", invalidUtf8, "TEXT_INVALID"),
    spoil("a surrogate as UTF-8", Uint8Array.of(0xed, 0xa0, 0x80), "TEXT_INVALID"),
    ...["\u0000", "\n", "\u007f", "\u0085", "\u200b", "\u200f", "\u202e", "\u2066", "\ufeff"].flatMap((odd) => [
      spoil(`${JSON.stringify(odd)} before`, odd + sampleText(rule), "TEXT_INVALID"),
      spoil(`${JSON.stringify(odd)} behind`, sampleText(rule) + odd, "TEXT_INVALID"),
    ]),
  ];
  if ("characters" in rule) {
    const [min, max] = rule.characters;
    spoilings.push(
      spoil("decomposed", "o\u031b\u0301", "TEXT_INVALID"),
      spoil("longest, of characters outside the first plane", "𠄀".repeat(max), "accepted"),
      spoil("too long", "a".repeat(max + 1), "FIELD_INVALID"),
      spoil("empty", "", min === 0 ? "accepted" : "FIELD_INVALID"),
    );
  } else if ("text" in rule) {
    spoilings.push(
      spoil("Cyrillic а for a", sampleText(rule).replace(/^./, "а"), "TEXT_INVALID"),
      spoil("full-width digit", sampleText(rule).replace(/.$/, "１"), "TEXT_INVALID"),
      spoil("Vietnamese letter", sampleText(rule).replace(/^./, "đ"), "TEXT_INVALID"),
      spoil("too long", sampleText(rule).repeat(300).slice(0, 300), "FIELD_INVALID"),
      spoil("a space behind", `${sampleText(rule)} `, "FIELD_INVALID"),
      spoil("empty", "", rule.optional === true ? "accepted" : "FIELD_MISSING"),
    );
  }
  return spoilings;
}

function valueSpoilings(field: DescField): Spoiling[] {
  const rule = ruleOf(field);
  const { number } = field;
  const spoil = (how: string, content: bigint | number | Uint8Array, answer: Spoiling["answer"]): Spoiling => ({
    how,
    fields: [wireField(number, content)],
    answer,
  });
  if ("bytes" in rule) {
    const [min, max] = rule.bytes;
    const sizes: [string, number, Spoiling["answer"]][] = [
      ["too long", max + 1, "FIELD_INVALID"],
      ["longest", max, "accepted"],
      ["shortest", min, "accepted"],
      ["empty", 0, rule.optional === true || min === 0 ? "accepted" : "FIELD_INVALID"],
    ];
    if (min > 1) sizes.push(["too short", min - 1, "FIELD_INVALID"]);
    return sizes.map(([how, size, answer]) => spoil(how, new Uint8Array(size), answer));
  }
  if (field.enum !== undefined) {
    const free = "enum" in rule && rule.optional === true;
    return [
      spoil("UNSPECIFIED", 0, free ? "accepted" : "ENUM_UNKNOWN"),
      spoil("a number nobody knows", 999, "ENUM_UNKNOWN"),
      spoil("a negative number", -1n, "ENUM_UNKNOWN"),
      spoil("1 beyond 32 bits", 2n ** 32n + 1n, "ENUM_UNKNOWN"),
    ];
  }
  if ("version" in rule) {
    return [0n, 2n, 2n ** 32n + 1n].map((version) => spoil(`version ${version}`, version, "VERSION_UNKNOWN"));
  }
  if ("number" in rule) {
    const [min, max] = rule.number;
    const spoilings = [
      spoil("largest", BigInt(max), "accepted"),
      spoil("too large", BigInt(max) + 1n, "FIELD_INVALID"),
      spoil("smallest", BigInt(min), "accepted"),
      spoil("all ones", 2n ** 64n - 1n, min < 0 ? "accepted" : "FIELD_INVALID"),
    ];
    if (min !== 0) spoilings.push(spoil("too small", BigInt(min) - 1n, "FIELD_INVALID"));
    return spoilings;
  }
  if ("bool" in rule) return [spoil("false, written out", 0, "accepted"), spoil("2", 2, "FIELD_INVALID")];
  return [];
}

/** Spoilings of how often and in which shape a field comes. */
function shapeSpoilings(field: DescField, sample: WireField[]): Spoiling[] {
  const rule = ruleOf(field);
  const first = sample[0]!;
  const isList = field.fieldKind === "list";
  const numeric = first.wireType === 0;
  const spoilings: Spoiling[] = [];
  for (const wireType of [0, 1, 2, 3, 4, 5, 6, 7]) {
    // A list of numbers may be packed.
    if (wireType === first.wireType || (wireType === 2 && isList && numeric)) continue;
    const content = new Uint8Array(wireType === 1 ? 8 : wireType === 5 ? 4 : 1);
    // Wire types 6 and 7 do not exist: the reader cannot tell what follows.
    spoilings.push({
      how: `wire type ${wireType}`,
      fields: [{ number: field.number, wireType, content }],
      answer: "MESSAGE_MALFORMED",
      ...(wireType > 5 ? { name: "" } : {}),
    });
  }
  if (isList && "items" in rule) {
    const [min, max] = rule.items!;
    spoilings.push(
      {
        how: "too many",
        fields: Array.from({ length: max + 1 }, () => first),
        answer: "FIELD_INVALID",
        name: field.name,
      },
      { how: "as many as allowed", fields: Array.from({ length: max }, () => first), answer: "accepted" },
      { how: "none", fields: [], answer: min === 0 ? "accepted" : "FIELD_MISSING", name: field.name },
    );
  } else {
    spoilings.push({ how: "twice", fields: [first, first], answer: "FIELD_DUPLICATED" });
  }
  return spoilings;
}

function spoilingsOf(field: DescField, sample: WireField[]): Spoiling[] {
  const isText = field.fieldKind !== "map" && "scalar" in field && field.scalar === ScalarType.STRING;
  return [...shapeSpoilings(field, sample), ...(isText ? textSpoilings(field) : valueSpoilings(field))];
}

describe("every field of every message with rules", () => {
  test.each(types)("%s", (_, descriptor, choices) => {
    let spoiled = 0;
    for (let choice = 0; choice < choices; choice++) {
      const sample = sampleBytes(descriptor, choice);
      expect(answerTo(descriptor, sample)).toBe("accepted");
      const fields = readFields(sample);
      for (const field of descriptor.fields) {
        const own = fields.filter(({ number }) => number === field.number);
        if (own.length === 0) continue;
        const others = fields.filter(({ number }) => number !== field.number);
        const name = field.fieldKind === "list" ? `${field.name}[0]` : field.name;
        for (const spoiling of spoilingsOf(field, own)) {
          const expected = spoiling.answer === "accepted" ? "accepted" : `${spoiling.answer} ${spoiling.name ?? name}`;
          const answer = answerTo(descriptor, writeFields([...others, ...spoiling.fields]));
          expect({ field: field.name, how: spoiling.how, answer }).toEqual({
            field: field.name,
            how: spoiling.how,
            answer: expected,
          });
          spoiled++;
        }
      }
      expect(answerTo(descriptor, writeFields([...fields, wireField(777, "x")]))).toBe("FIELD_UNKNOWN #777");
    }
    expect(spoiled).toBeGreaterThan(0);
  });

  test.each(types)("%s without one of its fields", (_, descriptor, choices) => {
    for (let choice = 0; choice < choices; choice++) {
      const fields = readFields(sampleBytes(descriptor, choice));
      for (const field of descriptor.fields) {
        const rest = fields.filter(({ number }) => number !== field.number);
        if (rest.length === fields.length) continue;
        const rule = ruleOf(field);
        const name = field.oneof?.name ?? field.name;
        const answer = answerTo(descriptor, writeFields(rest));
        expect(["accepted", `FIELD_MISSING ${name}`]).toContain(answer);
        // Optional are: what may be empty, 0 or absent by its rule.
        const mayMiss =
          field.oneof === undefined &&
          (("optional" in rule && rule.optional === true) ||
            ("message" in rule && rule.message === "optional" && rule.items === undefined) ||
            ("items" in rule && rule.items![0] === 0) ||
            ("characters" in rule && rule.characters[0] === 0) ||
            ("bytes" in rule && rule.items === undefined && rule.bytes[0] === 0) ||
            ("number" in rule && rule.items === undefined && rule.number[0] <= 0) ||
            "bool" in rule);
        expect({ name, answer }).toEqual({ name, answer: mayMiss ? "accepted" : `FIELD_MISSING ${name}` });
      }
    }
  });
});

const statement = messageDescriptor("lienthong.exchange.v1.Statement");
const kinds = statement.oneofs[0]!.fields.map((field, choice) => [field.name, choice] as const);
const forward = sampleBytes(statement, 1);

describe("a statement", () => {
  test("has twenty kinds", () => expect(kinds).toHaveLength(20));

  test.each(kinds)("'%s' cut anywhere, or with an unknown field anywhere, is refused", (_, choice) => {
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
  });

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

  test("of any bytes whatever is refused by name or read, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        refusal(bytes);
        refusal(signStatementPayload(bytes.length === 0 ? Uint8Array.of(0) : bytes, [key]));
      }),
      { numRuns: 2_000 },
    );
  });

  test("changed anywhere is refused by name, or read as what its bytes say", () => {
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
