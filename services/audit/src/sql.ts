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
  return sql`${arrayLiteral(texts)}::text::text[]`;
}

/** What a column of `RowColumns` may be; an array of texts is sent as "text" and cast in the statement. */
export type ColumnType = "bigint" | "boolean" | "text" | "uuid";

/** A cell. Undefined is null. */
export type Cell = string | number | boolean | null | undefined | readonly string[];

/**
 * Rows for a statement, column by column: an array for each, unnested. Cheaper than json_to_recordset, which makes a table of every row's keys
 * (17 instead of 19.5 µs of PostgreSQL for an event with all that it changes). What was added is text already: one object for hundreds of rows.
 */
export class RowColumns<Row extends { readonly [Name in keyof Row]: Cell }> {
  readonly #types: readonly (readonly [keyof Row & string, ColumnType])[];
  /** By column: elements of its array, as many in each text as were added at once. */
  readonly #texts: string[][];
  #size = 0;

  /** @param types Names and types of the columns. They become SQL: never from outside. */
  constructor(types: { readonly [Name in keyof Row]-?: ColumnType }) {
    this.#types = Object.entries(types) as [keyof Row & string, ColumnType][];
    this.#texts = this.#types.map(() => []);
  }

  /** How many rows. */
  get size(): number {
    return this.#size;
  }

  add(rows: readonly Row[]): this {
    if (rows.length === 0) return this;
    this.#size += rows.length;
    for (const [index, [name]] of this.#types.entries())
      this.#texts[index]?.push(rows.map((row) => elementOf(row[name])).join(","));
    return this;
  }

  /** What stands behind FROM: a row source `r` with these columns. */
  source(): Sql {
    const parts = ["unnest("];
    for (const [, type] of this.#types) parts.push(`::text::${type}[], `);
    const names = this.#types.map(([name]) => name).join(", ");
    parts[parts.length - 1] = `::text::${this.#types.at(-1)?.[1]}[]) as r (${names})`;
    return new Sql(
      parts,
      this.#texts.map((texts) => `{${texts.join(",")}}`),
    );
  }
}

/** A cell as an element of an array's literal. */
function elementOf(cell: Cell): string {
  if (cell === null || cell === undefined) return "NULL";
  if (typeof cell === "string") return quoted(cell);
  return typeof cell === "object" ? quoted(arrayLiteral(cell)) : String(cell);
}

function arrayLiteral(texts: readonly string[]): string {
  return `{${texts.map(quoted).join(",")}}`;
}

function quoted(text: string): string {
  // Most texts have neither, and looking is cheaper than replacing.
  return /["\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

/** Bytes as a parameter of type bytea. */
export function bytes(value: Uint8Array): Sql {
  return sql`decode(${Buffer.from(value).toString("hex")}::text, 'hex')`;
}
