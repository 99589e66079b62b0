import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { fileRegistry, messageDescriptor } from "@lienthong/contracts/descriptors";
import { describe, expect, test } from "vitest";
import { fieldRules, type MessageRefusalReason } from "../src/index.ts";
import { answerTo } from "./answer-to.ts";
import { ruleOf, sampleBytes, sampleText } from "./sample-bytes.ts";
import { readFields, type WireField, wireField, writeFields } from "./wire-fields.ts";

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
  test.each(types)("%s", { timeout: 60_000 }, (_, descriptor, choices) => {
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

  test.each(types)("%s without one of its fields", { timeout: 60_000 }, (_, descriptor, choices) => {
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
