import type { z } from "zod";

/** What a schema wants, seen through its defaults and optionals. */
export type WantedKind = "number" | "bigint" | "boolean" | "array" | "other";

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
}

const WRAPPERS = new Set(["default", "prefault", "optional", "nullable", "readonly", "catch", "nonoptional"]);

function definitionOf(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The schema inside defaults, optionals and the first half of pipes. */
export function innermost(schema: z.ZodType): z.ZodType {
  let current = schema;
  for (;;) {
    const { type, innerType, in: input } = definitionOf(current);
    if (WRAPPERS.has(type) && innerType !== undefined) current = innerType;
    else if (type === "pipe" && input !== undefined) current = input;
    else return current;
  }
}

/** Which kind of value text must become. */
export function wantedKind(schema: z.ZodType): WantedKind {
  const { type } = definitionOf(innermost(schema));
  return type === "number" || type === "bigint" || type === "boolean" || type === "array" ? type : "other";
}

const TRUE = new Set(["true", "1", "yes", "on"]);
const FALSE = new Set(["false", "0", "no", "off"]);

/**
 * Text of a flag or of the environment as the schema wants it; lists are separated by commas. Text that does not fit stays
 * text, and the schema refuses it in its own words.
 */
export function fromText(text: string, schema: z.ZodType): unknown {
  switch (wantedKind(schema)) {
    case "number": {
      // Number("") is 0; an empty setting is a mistake, not a zero.
      const trimmed = text.trim().replaceAll("_", "");
      return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : text;
    }
    case "bigint":
      return /^-?\d+$/.test(text.trim()) ? BigInt(text.trim()) : text;
    case "boolean": {
      const word = text.trim().toLowerCase();
      return TRUE.has(word) ? true : FALSE.has(word) ? false : text;
    }
    case "array": {
      const { element } = definitionOf(innermost(schema));
      const items = text.split(",").map((item) => item.trim());
      return items
        .filter((item) => item !== "")
        .map((item) => (element === undefined ? item : fromText(item, element)));
    }
    default:
      return text;
  }
}
