import type { Dice } from "./dice.ts";
import { concat, mutateBytes, randomBytes } from "./mutate-bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Values that stand where others belong. */
const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  9_007_199_254_740_992,
  "",
  " ",
  "\u0000",
  "\ufeff",
  "__proto__",
  "../../etc/passwd",
  "x".repeat(5_000),
  "00".repeat(32),
  "AA==",
  "𝟘",
  [],
  [[[[[[]]]]]],
  {},
  { constructor: { prototype: {} } },
];

/** Changes a file: blindly, line by line, or where its JSON has values. */
export function mutateText(valid: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  const way = dice.below(100);
  if (way < 25) return mutateBytes(valid, other, dice);
  if (way < 30) return randomBytes(dice);
  if (way < 60) return jsonChanged(valid, dice) ?? lineChanged(valid, dice);
  if (way < 90) return lineChanged(valid, dice);
  return dice.pick(wholes)(valid, dice);
}

function jsonChanged(valid: Uint8Array, dice: Dice): Uint8Array | null {
  let root: unknown;
  try {
    root = JSON.parse(decoder.decode(valid));
  } catch {
    return null;
  }
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      places.push({ holder: value as Record<string, unknown>, key });
      walk((value as Record<string, unknown>)[key]);
    }
  };
  walk(root);
  if (places.length === 0) return encoder.encode(JSON.stringify(dice.pick(oddValues)));
  const { holder, key } = dice.pick(places);
  const found = holder[key];
  switch (dice.below(4)) {
    case 0:
      delete holder[key];
      break;
    case 1:
      if (typeof found === "string")
        holder[key] = decoder.decode(mutateBytes(encoder.encode(found), new Uint8Array(0), dice));
      else holder[key] = dice.pick(oddValues);
      break;
    case 2:
      holder[dice.pick(["__proto__", "extra", key.toUpperCase()])] = found;
      break;
    default:
      holder[key] = dice.pick(oddValues);
  }
  return encoder.encode(JSON.stringify(root));
}

const lineWords = [
  "*a",
  "&a [*a]",
  "<<: *a",
  "!!js/function x",
  "- - - -",
  "? {a: b}",
  "\t",
  "---",
  "...",
  "%YAML 9.9",
  "|",
  ">",
  "null",
  "~",
  ".inf",
  "0x1F",
  "2025-02-30",
  "'",
  '"',
  "{",
  "[",
  "# ",
  "\u0000",
  "\u2028",
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
];

function lineChanged(valid: Uint8Array, dice: Dice): Uint8Array {
  const lines = decoder.decode(valid).split("\n");
  for (let left = dice.between(1, 3); left > 0; left--) {
    const at = dice.below(lines.length);
    const line = lines[at] ?? "";
    switch (dice.below(7)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, dice.pick(lines));
        break;
      case 2:
        lines[at] = dice.pick(["  ", " ", "\t", ""]) + line.trimStart();
        break;
      case 3:
        lines[at] = line.replace(/:.*/, `: ${dice.pick(lineWords)}`);
        break;
      case 4:
        lines.splice(at, 0, dice.pick(lineWords));
        break;
      case 5:
        lines[at] = line.slice(0, dice.below(line.length + 1));
        break;
      default:
        lines[at] = `${line}${dice.pick(lineWords)}`;
    }
  }
  return encoder.encode(lines.join(dice.chance(0.1) ? "\r\n" : "\n"));
}

/** What replaces the whole, or stands around it. */
const wholes: readonly ((valid: Uint8Array, dice: Dice) => Uint8Array)[] = [
  () => new Uint8Array(0),
  (_valid, dice) => new Uint8Array(dice.below(10_000)),
  (valid) => concat(Uint8Array.of(0xef, 0xbb, 0xbf), valid),
  (valid) => concat(Uint8Array.of(0xff, 0xfe), valid),
  (valid) => concat(valid, valid),
  (_valid, dice) => encoder.encode("[".repeat(dice.pick([10, 1_000, 100_000]))),
  (_valid, dice) => encoder.encode('{"a":'.repeat(dice.pick([10, 1_000, 50_000]))),
  (_valid, dice) => encoder.encode(JSON.stringify(dice.pick(oddValues))),
  () => encoder.encode(aliasBomb),
  (_valid, dice) => encoder.encode(`${" ".repeat(dice.pick([10, 5_000]))}a: b\n`.repeat(20)),
  (_valid, dice) => encoder.encode("a: ".repeat(dice.pick([3, 3_000]))),
];

/** Ten times ten times ten …: a billion values out of ten lines. */
export const aliasBomb = `a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${Array.from(
  { length: 9 },
  (_, at) => `a${at + 1}: &a${at + 1} [${Array(10).fill(`*a${at}`).join(", ")}]`,
).join("\n")}\n`;
