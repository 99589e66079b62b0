import { readFileSync } from "node:fs";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { describe, expect, test } from "vitest";
import { type FieldRule, fieldRules, strictMessage } from "../src/index.ts";

/** What is signed or hashed, and what it is made of. */
const signedOrHashed = [
  ...["exchange.v1.StatementEnvelope", "exchange.v1.Statement", "exchange.v1.Event"],
  ...["registry.v1.SignedRegistryEntry", "registry.v1.RegistryEntry", "registry.v1.RegistryRecord"],
  ...["ledger.v1.PromiseBody", "ledger.v1.Promise"],
].map((name) => `lienthong.${name}`);

function reachedFrom(descriptor: DescMessage, reached = new Map<string, DescMessage>()): Map<string, DescMessage> {
  if (reached.has(descriptor.typeName)) return reached;
  reached.set(descriptor.typeName, descriptor);
  for (const field of descriptor.fields) if (field.message !== undefined) reachedFrom(field.message, reached);
  return reached;
}

const reached = new Map(signedOrHashed.flatMap((name) => [...reachedFrom(messageDescriptor(name))]));

test.each(signedOrHashed)("every field of %s and below has a rule", (name) => {
  expect(strictMessage(messageDescriptor(name)).typeName).toBe(name);
});

test("every rule is of a field that the contracts have", () => {
  for (const [typeName, rules] of Object.entries(fieldRules)) {
    const descriptor = reached.get(typeName);
    expect({ typeName, known: descriptor !== undefined }).toEqual({ typeName, known: true });
    expect(Object.keys(rules).toSorted()).toEqual(descriptor!.fields.map((field) => field.name).toSorted());
  }
});

test("required fields of a oneof are its members alone: their rules never ask for presence", () => {
  for (const descriptor of reached.values()) {
    for (const { fields } of descriptor.oneofs) {
      for (const field of fields) expect(fieldRules[descriptor.typeName]![field.name]).toEqual({ message: "optional" });
    }
  }
});

/** The comment above each field in proto/, by "<message>.<field>". */
function commentsOf(file: string): Map<string, string> {
  const comments = new Map<string, string>();
  let message = "";
  let comment = "";
  for (const line of readFileSync(new URL(`../../../proto/${file}.proto`, import.meta.url), "utf8").split("\n")) {
    const text = line.trim();
    message = /^message (\w+)/.exec(text)?.[1] ?? message;
    const field = /^(?:repeated )?[\w.]+ (\w+) = \d+;/.exec(text);
    if (field !== null) comments.set(`${message}.${field[1]}`, comment);
    comment = text.startsWith("//") ? `${comment} ${text.slice(2).trim()}` : "";
  }
  return comments;
}

const number = (text: string) => Number(text.replaceAll(",", ""));
const range = String.raw`(-?[\d,]*\d) to (-?[\d,]*\d)`;

interface Bound {
  readonly what: "bytes" | "characters" | "items" | "number";
  readonly min: number;
  readonly max: number;
}

/** The bounds that a comment states in digits; a list's first range is of its items unless it has a unit. */
function boundsIn(comment: string, field: DescField): Bound[] {
  const bounds: Bound[] = [];
  const isList = field.fieldKind === "list";
  for (const [, min, max, unit] of comment.matchAll(
    new RegExp(`${range}( bytes| characters| digits| seconds?| days?)?`, "g"),
  )) {
    const plain = isList ? "items" : "number";
    const what =
      unit === " bytes" && field.fieldKind === "scalar" && field.scalar === 4 ? "number" : (unit?.trim() ?? plain);
    if (["bytes", "characters", "items", "number"].includes(what)) {
      bounds.push({ what: what as Bound["what"], min: number(min!), max: number(max!) });
    }
  }
  // "Exactly 32 bytes", "32 bytes; empty where", "Each 32 bytes", "hashes of 32 bytes".
  const exact = /(?:Exactly|Each|of|^|\. ) ?(\d+) bytes/.exec(comment.trim())?.[1];
  if (exact !== undefined && !bounds.some(({ what }) => what === "bytes")) {
    bounds.push({ what: "bytes", min: number(exact), max: number(exact) });
  }
  return bounds;
}

/** What the rule says of the same. Text rules are patterns: they are asked with long texts of the letters they allow. */
function agrees(rule: FieldRule, { what, min, max }: Bound): boolean {
  const same = (bounds: readonly [number, number] | undefined) => bounds?.[0] === min && bounds[1] === max;
  if (what === "items") return "items" in rule && same(rule.items);
  if (what === "number") return "number" in rule && same(rule.number);
  if (what === "bytes") return "bytes" in rule && same(rule.bytes);
  if ("characters" in rule) return same(rule.characters);
  if (!("text" in rule)) return false;
  const longTexts = ["a", "A", "0", "!", "0.1", "a/", "G12.18"].map((part) => part.repeat(max + 1).slice(0, max + 1));
  return longTexts.every((long) => !rule.text.test(long)) && min > 0 === (rule.optional !== true);
}

describe("bounds that the contracts state in digits are the rules'", () => {
  const files = ["exchange/v1/statement", "exchange/v1/event", "ledger/v1/promise"].concat(
    ["envelope", "entry", "record", "route"].map((name) => `registry/v1/${name}`),
  );
  const comments = new Map(files.flatMap((file) => [...commentsOf(`lienthong/${file}`)]));
  const cases = [...reached.values()]
    .filter(({ typeName }) => typeName.startsWith("lienthong."))
    .flatMap((descriptor) =>
      descriptor.fields.flatMap((field) => {
        const comment = comments.get(`${descriptor.name}.${field.name}`);
        if (comment === undefined) throw new Error(`No comment was found for ${descriptor.name}.${field.name}.`);
        const rule = fieldRules[descriptor.typeName]![field.name]!;
        return boundsIn(comment, field).map((bound) => [`${descriptor.name}.${field.name}`, bound, rule] as const);
      }),
    );

  test("there are many", () => expect(cases.length).toBeGreaterThan(100));

  test.each(cases)("%s: %j", (_, bound, rule) => {
    expect({ rule, agrees: agrees(rule, bound) }).toEqual({ rule, agrees: true });
  });
});
