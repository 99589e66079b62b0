import { decodeBase64 } from "@lienthong/tlog";

/** A file that cannot be read as what it should be. `path` says where, e.g. "trail.events[3].path[0]". */
export class FileUnreadableError extends Error {
  override readonly name = "FileUnreadableError";
  readonly path: string;

  constructor(path: string, found: string, allowed: string) {
    super(`${path === "" ? "The file" : path} ${found}; allowed: ${allowed}.`);
    this.path = path;
  }
}

/** A value of a JSON file and where it stands. Nothing is read that was not asked for, and nothing is left over unseen. */
export class JsonValue {
  readonly #value: unknown;
  readonly #within: JsonValue | null;
  /** Name of the member, or position in a list. */
  readonly #place: string | number;
  /** Hashes of this file by their text: paths of one tree share most of theirs. */
  readonly #hashes: Map<string, Uint8Array>;

  constructor(value: unknown, within: JsonValue | null = null, place: string | number = "") {
    this.#value = value;
    this.#within = within;
    this.#place = place;
    this.#hashes = within === null ? new Map() : within.#hashes;
  }

  /** Where it stands; written out only when something is refused, because nearly nothing is. */
  get path(): string {
    if (this.#within === null) return "";
    const { path } = this.#within;
    if (typeof this.#place === "number") return `${path}[${this.#place}]`;
    return path === "" ? this.#place : `${path}.${this.#place}`;
  }

  /** Reads a whole file. */
  static parse(text: string, charactersMax: number): JsonValue {
    if (text.length > charactersMax) {
      throw new FileUnreadableError("", `has ${text.length} characters`, `at most ${charactersMax}`);
    }
    try {
      return new JsonValue(JSON.parse(text));
    } catch {
      throw new FileUnreadableError("", "is not JSON", "a file as it was written, whole");
    }
  }

  /** An object with exactly these members, those in `optional` perhaps not. */
  members<Name extends string>(names: readonly Name[], optional: readonly Name[] = []): Record<Name, JsonValue> {
    const object = this.#value;
    if (typeof object !== "object" || object === null || Array.isArray(object)) throw this.refuse("an object");
    for (const name of Object.keys(object)) {
      if (!(names as readonly string[]).includes(name)) {
        throw new FileUnreadableError(this.#member(name).path, "is not known in this version", names.join(", "));
      }
    }
    const found = {} as Record<Name, JsonValue>;
    for (const name of names) {
      if (!Object.hasOwn(object, name) && !optional.includes(name)) {
        throw new FileUnreadableError(this.#member(name).path, "is missing", "it to be there");
      }
      found[name] = new JsonValue((object as Record<string, unknown>)[name], this, name);
    }
    return found;
  }

  get isThere(): boolean {
    return this.#value !== undefined;
  }

  items(max: number): JsonValue[] {
    return this.#list(max).map((item, index) => new JsonValue(item, this, index));
  }

  text(lengthMax: number): string {
    if (typeof this.#value !== "string" || !this.#value.isWellFormed()) throw this.refuse("text");
    if (this.#value.length > lengthMax) throw this.refuse(`text of at most ${lengthMax} characters`);
    return this.#value;
  }

  matching(pattern: RegExp, allowed: string): string {
    const text = this.text(1_000);
    if (!pattern.test(text)) throw this.refuse(allowed);
    return text;
  }

  exactly<Value extends string | number>(value: Value): Value {
    if (this.#value !== value) throw this.refuse(JSON.stringify(value));
    return value;
  }

  count(min: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#value;
    if (
      typeof value !== "number" ||
      !Number.isSafeInteger(value) ||
      value < min ||
      value > max ||
      Object.is(value, -0)
    ) {
      throw this.refuse(`a whole number from ${min} to ${max}`);
    }
    return value;
  }

  bytes(min: number, max: number): Uint8Array {
    const bytes = typeof this.#value === "string" ? decodeBase64(this.#value) : null;
    if (bytes === null) throw this.refuse("standard base64 with padding, and no bits beyond the last byte");
    if (bytes.length < min || bytes.length > max)
      throw this.refuse(min === max ? `${min} bytes` : `${min} to ${max} bytes`);
    return bytes;
  }

  /** Hashes of a proof; no tree of 2^53 leaves needs more. Not to be changed: equal ones of a file are one and the same. */
  hashes(): Uint8Array[] {
    return this.#list(128).map((item, index) => {
      if (typeof item === "string") {
        const known = this.#hashes.get(item);
        if (known !== undefined) return known;
        const hash = decodeBase64(item);
        if (hash?.length === 32) {
          this.#hashes.set(item, hash);
          return hash;
        }
      }
      // What is not plainly a hash is refused as any other bytes are.
      return new JsonValue(item, this, index).bytes(32, 32);
    });
  }

  refuse(allowed: string): FileUnreadableError {
    const shown = this.#value === undefined ? "nothing" : JSON.stringify(this.#value);
    const short = [...shown].length > 60 ? `${[...shown].slice(0, 60).join("")}…` : shown;
    return new FileUnreadableError(this.path, `is ${short}`, allowed);
  }

  #list(max: number): unknown[] {
    if (!Array.isArray(this.#value)) throw this.refuse("a list");
    if (this.#value.length > max) throw this.refuse(`a list of at most ${max}`);
    return this.#value;
  }

  #member(name: string): JsonValue {
    return new JsonValue(undefined, this, name);
  }
}
