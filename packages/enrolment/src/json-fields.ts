import { readTextFile } from "@lienthong/chassis";
import { EnrolmentRefusedError } from "./refused.ts";

/** Files are a few kilobytes; an approval carries some signed entries. */
const fileBytesMax = 4_194_304;

/** Reads a JSON file that somebody else made. Throws EnrolmentRefusedError. */
export async function readJsonFile(file: string, what: string): Promise<JsonField> {
  let text: string;
  try {
    text = await readTextFile(file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EnrolmentRefusedError("FILE_UNREADABLE", { file, why }, { cause });
  }
  const malformed = (field: string, found: string, allowed: string): EnrolmentRefusedError =>
    new EnrolmentRefusedError("FILE_MALFORMED", { file, what, field, found, allowed });
  if (text.length > fileBytesMax) {
    throw malformed("the file", `${text.length} characters long`, `at most ${fileBytesMax}`);
  }
  try {
    return new JsonField(JSON.parse(text), "", malformed);
  } catch (cause) {
    if (cause instanceof EnrolmentRefusedError) throw cause;
    throw malformed("the file", "not JSON", "JSON");
  }
}

/** A value of a file and where it stands; every reading refuses what is not of its form, naming the field. */
export class JsonField {
  readonly value: unknown;
  readonly path: string;
  readonly #malformed: (field: string, found: string, allowed: string) => Error;

  constructor(value: unknown, path: string, malformed: (field: string, found: string, allowed: string) => Error) {
    this.value = value;
    this.path = path;
    this.#malformed = malformed;
  }

  refuse(allowed: string): Error {
    const found = this.value === undefined ? "missing" : (JSON.stringify(this.value) ?? "nothing");
    return this.#malformed(this.path === "" ? "the file" : this.path, found.slice(0, 80), allowed);
  }

  at(name: string): JsonField {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value))
      throw this.refuse("an object");
    const path = this.path === "" ? name : `${this.path}.${name}`;
    return new JsonField((this.value as Record<string, unknown>)[name], path, this.#malformed);
  }

  /** Names of the members of an object. */
  names(): string[] {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value))
      throw this.refuse("an object");
    return Object.keys(this.value);
  }

  items(most: number): JsonField[] {
    if (!Array.isArray(this.value) || this.value.length > most) throw this.refuse(`a list of at most ${most}`);
    return this.value.map((item, index) => new JsonField(item, `${this.path}[${index}]`, this.#malformed));
  }

  text(form: RegExp, allowed: string): string {
    if (typeof this.value !== "string" || !form.test(this.value)) throw this.refuse(allowed);
    return this.value;
  }

  oneOf<Value extends string>(...values: readonly Value[]): Value {
    const found = values.find((value) => value === this.value);
    if (found === undefined) throw this.refuse(values.join(", "));
    return found;
  }

  hex(bytes: number): Uint8Array {
    return new Uint8Array(
      Buffer.from(this.text(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `${bytes} bytes in lower-case hexadecimal`), "hex"),
    );
  }

  bytes(most: number): Uint8Array {
    const text = this.text(/^[A-Za-z0-9+/]+={0,2}$/, "bytes in base64");
    const bytes = new Uint8Array(Buffer.from(text, "base64"));
    if (bytes.length > most) throw this.refuse(`at most ${most} bytes in base64`);
    return bytes;
  }

  number(): bigint {
    if (typeof this.value !== "number" || !Number.isSafeInteger(this.value) || this.value < 0) {
      throw this.refuse("a whole number from 0 up");
    }
    return BigInt(this.value);
  }

  /** Null for null; else what `read` makes of it. */
  nullable<T>(read: (field: JsonField) => T): T | null {
    return this.value === null ? null : read(this);
  }
}

/** What ids of agencies and systems look like. */
export const idForm = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const idAllowed = 'an id: 1 to 64 characters of a-z, 0-9 and "-", not beginning with "-"';
