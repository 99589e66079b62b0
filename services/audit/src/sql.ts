/** A value of a statement: always a parameter, never part of its text. */
export type SqlValue = string | number | boolean | null;

/** A statement, or a part of one, with its parameters. Made by `sql` alone, so that no text from outside can become SQL. */
export class Sql {
  readonly #parts: readonly string[];
  readonly #values: readonly (SqlValue | Sql)[];

  constructor(parts: readonly string[], values: readonly (SqlValue | Sql)[]) {
    this.#parts = parts;
    this.#values = values;
  }

  /** The text with $1, $2 … and the values for them. */
  toStatement(): { text: string; values: SqlValue[] } {
    const values: SqlValue[] = [];
    return { text: this.#textWith(values), values };
  }

  #textWith(values: SqlValue[]): string {
    let text = this.#parts[0] ?? "";
    for (const [index, value] of this.#values.entries()) {
      if (value instanceof Sql) text += value.#textWith(values);
      else {
        values.push(value);
        text += `$${values.length}`;
      }
      text += this.#parts[index + 1] ?? "";
    }
    return text;
  }
}

/** A statement or a part of one; what stands in ${…} is a parameter, or another part. */
export function sql(parts: TemplateStringsArray, ...values: (SqlValue | Sql)[]): Sql {
  return new Sql(parts, values);
}

/** Parts joined by AND; `true` where there is none. */
export function allOf(conditions: readonly Sql[]): Sql {
  return joined(conditions, " and ", sql`true`);
}

/** Parts joined by OR; `false` where there is none. */
export function anyOf(conditions: readonly Sql[]): Sql {
  return joined(conditions, " or ", sql`false`);
}

function joined(parts: readonly Sql[], by: string, nothing: Sql): Sql {
  if (parts.length === 0) return nothing;
  return new Sql(["(", ...Array.from({ length: parts.length - 1 }, () => by), ")"], parts);
}

/** A list of texts as a parameter of type text[]. Sent as one text, which every driver knows how to send. */
export function textArray(texts: readonly string[]): Sql {
  const literal = `{${texts.map((text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(",")}}`;
  return sql`${literal}::text::text[]`;
}

/** Rows as a parameter of type json, for json_to_recordset. */
export function jsonRows(rows: readonly object[]): Sql {
  return sql`${JSON.stringify(rows)}::text::json`;
}

/** Bytes as a parameter of type bytea. */
export function bytes(value: Uint8Array): Sql {
  return sql`decode(${Buffer.from(value).toString("hex")}::text, 'hex')`;
}
