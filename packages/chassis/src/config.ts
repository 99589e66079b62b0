import { readFileSync } from "node:fs";
import { z } from "zod";
import { fromText } from "./config-values.ts";
import { MASK } from "./log-redaction.ts";
import { expectPrivateSync } from "./secret-file.ts";

const ENVIRONMENT_PREFIX = "LIENTHONG_";

const secrets = z.registry<{ secret: true }>();

/**
 * Marks a setting as secret: never printed, refused as a flag (other users can list those), and readable from a file by its name
 * with "File" appended (`LIENTHONG_X_FILE`, `--x-file`, "xFile"). Call it last, after defaults and optionals.
 */
export function secretSetting<S extends z.ZodType>(schema: S): S {
  secrets.add(schema, { secret: true });
  return schema;
}

function isSecret(schema: z.ZodType): boolean {
  return secrets.has(schema);
}

/** Where the values may come from, strongest first: flag, environment, file, default. */
export interface ConfigSources {
  /** As `parseArgs` of node:util gives them; "nats-url" and "natsUrl" are one setting. */
  readonly flags?: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  /** Usually `process.env`. Other programs' variables are left alone. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of a JSON file with one object, or such an object. */
  readonly file?: string | Readonly<Record<string, unknown>> | undefined;
}

/** Where an effective value came from. */
export type ConfigOrigin = "flag" | "environment" | "file" | "default";

/** One effective value as it may be shown. */
export interface PrintableSetting {
  readonly setting: string;
  /** JSON; masked if secret, "unset" if absent. */
  readonly value: string;
  readonly origin: ConfigOrigin;
}

/** A configuration that holds. */
export interface LoadedConfig<T> {
  readonly values: T;
  /** Every setting with its origin, in the order of the schema, secrets masked: print it at start. */
  readonly printable: readonly PrintableSetting[];
}

/** All that is wrong with a configuration, together. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  /** Sentences, one for each problem. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

function kebab(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}

function environmentName(key: string): string {
  return ENVIRONMENT_PREFIX + kebab(key).replaceAll("-", "_").toUpperCase();
}

interface Found {
  readonly value: unknown;
  readonly origin: ConfigOrigin;
  /** How the person wrote it, for sentences. */
  readonly name: string;
}

class Sources {
  readonly #flags: Map<string, unknown>;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #file: Readonly<Record<string, unknown>>;
  readonly problems: string[] = [];

  constructor(sources: ConfigSources) {
    this.#env = sources.env ?? {};
    this.#flags = new Map(
      Object.entries(sources.flags ?? {}).flatMap(([name, value]) =>
        value === undefined ? [] : [[kebab(name), value]],
      ),
    );
    this.#file = this.#readFile(sources.file);
  }

  #readFile(file: ConfigSources["file"]): Readonly<Record<string, unknown>> {
    if (file === undefined) return {};
    if (typeof file !== "string") return file;
    try {
      const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
        return parsed as Record<string, unknown>;
      }
      this.problems.push(
        `The configuration file ${file} does not hold one JSON object; write { "setting": value, … }.`,
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.problems.push(`The configuration file ${file} cannot be read as JSON (${why}); mend it or leave it out.`);
    }
    return {};
  }

  /** The strongest source that names the setting. An empty environment variable counts as not set, as in compose files. */
  find(key: string): Found | null {
    const flag = this.#flags.get(kebab(key));
    if (flag !== undefined) return { value: flag, origin: "flag", name: `--${kebab(key)}` };
    const variable = this.#env[environmentName(key)];
    if (variable !== undefined && variable !== "") {
      return { value: variable, origin: "environment", name: environmentName(key) };
    }
    const value = this.#file[key];
    if (value !== undefined) return { value, origin: "file", name: `"${key}" in the file` };
    return null;
  }

  /** Names that no setting has: a misspelt one must not be passed over in silence. */
  reportUnknown(known: ReadonlySet<string>): void {
    const knownFlags = new Set([...known].map(kebab));
    const list = [...known].sort();
    for (const flag of this.#flags.keys()) {
      if (!knownFlags.has(flag)) {
        this.problems.push(
          `There is no setting --${flag}; there are ${list.map((key) => `--${kebab(key)}`).join(", ")}.`,
        );
      }
    }
    for (const key of Object.keys(this.#file)) {
      if (!known.has(key)) {
        this.problems.push(`The file has a setting "${key}" that does not exist; there are ${list.join(", ")}.`);
      }
    }
  }
}

function fileSecret(sources: Sources, key: string, direct: Found | null): Found | null {
  const path = sources.find(`${key}File`);
  if (path === null) return direct;
  if (direct !== null) {
    sources.problems.push(`Both ${direct.name} and ${path.name} are given; keep ${path.name}.`);
    return null;
  }
  if (typeof path.value !== "string") {
    sources.problems.push(`${path.name} must be the path of a file that holds the secret.`);
    return null;
  }
  try {
    expectPrivateSync(path.value);
    return { value: readFileSync(path.value, "utf8").replace(/\r?\n$/, ""), origin: path.origin, name: path.name };
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
    sources.problems.push(`${path.name} names a file that cannot be read (${why}).`);
    return null;
  }
}

function show(value: unknown): string {
  if (value === undefined) return "unset";
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item)) ?? "unset";
}

function howToSet(key: string, secret: boolean): string {
  return secret
    ? `set ${environmentName(key)}_FILE or "${key}File" in the file to the path of a file that holds it`
    : `set --${kebab(key)}, ${environmentName(key)} or "${key}" in the file`;
}

/**
 * Reads a service's settings once, at start: for each, flag, then `LIENTHONG_…` variable, then file, then the schema's default.
 * @param schema a flat zod object; text is turned into the numbers, booleans and lists that it wants.
 * @throws ConfigurationError with every problem as a sentence.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, from: ConfigSources): LoadedConfig<z.output<S>> {
  const sources = new Sources(from);
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  const keys = Object.keys(shape);
  const known = new Set(keys);
  const found = new Map<string, Found>();
  const input: Record<string, unknown> = {};
  const failed = new Set<string>();

  for (const key of keys) {
    const setting = shape[key]!;
    const secret = isSecret(setting);
    let value = sources.find(key);
    if (secret) {
      known.add(`${key}File`);
      if (value?.origin === "flag") {
        sources.problems.push(`${value.name} is secret and a flag is visible to others; ${howToSet(key, true)}.`);
        failed.add(key);
        continue;
      }
      const problemsBefore = sources.problems.length;
      value = fileSecret(sources, key, value);
      if (sources.problems.length > problemsBefore) failed.add(key);
    }
    if (value === null) continue;
    found.set(key, value);
    const isText = typeof value.value === "string" && value.origin !== "file";
    input[key] = isText ? fromText(value.value as string, setting) : value.value;
  }
  sources.reportUnknown(known);

  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const key = String(issue.path[0] ?? "");
      const setting = shape[key];
      if (failed.has(key)) continue;
      const message = issue.message.replace(/^./, (first) => first.toLowerCase()).replace(/\.$/, "");
      const source = found.get(key);
      if (setting === undefined) sources.problems.push(`The settings do not fit together: ${message}.`);
      else if (source === undefined) sources.problems.push(`"${key}" is not set; ${howToSet(key, isSecret(setting))}.`);
      else {
        const shown = isSecret(setting) ? "has a secret value that does not fit" : `is ${show(source.value)}`;
        sources.problems.push(`${source.name} ${shown}: ${message}.`);
      }
    }
  }
  if (!parsed.success || sources.problems.length > 0) throw new ConfigurationError(sources.problems);

  const values = parsed.data as Record<string, unknown>;
  const printable = keys.map((key): PrintableSetting => {
    const value = values[key];
    return {
      setting: key,
      value: value !== undefined && isSecret(shape[key]!) ? MASK : show(value),
      origin: found.get(key)?.origin ?? "default",
    };
  });
  return { values: parsed.data, printable };
}
