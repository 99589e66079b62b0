// What can be told about dependencies from the lockfile alone, without asking anybody.

/** A package of the lockfile, as npm writes it. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** package-lock.json, version 3. */
export interface Lockfile {
  readonly lockfileVersion?: number;
  readonly packages?: Readonly<Record<string, LockedPackage>>;
}

/** What of package.json is checked. */
export interface RootPackage {
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

/** Licences under which a package may be part of what runs. */
const licences = new Set([
  "Apache-2.0",
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "Unlicense",
]);
/** And of what only builds and tests, unchanged: its licence covers its own files. */
const licencesOfTools = new Set([...licences, "MPL-2.0"]);
/** Packages that tell the lockfile no licence; what their LICENSE file says, read by a person. */
const licencesRead: Readonly<Record<string, string>> = { buildcheck: "MIT", "cpu-features": "MIT", ssh2: "MIT" };

/** Libraries that sign, verify, hash or speak TLS: two majors of one would be two sets of faults, and one of them forgotten. */
const cryptographic = /^(?:@noble\/|@peculiar\/|@sigstore\/|asn1js$|tweetnacl$|@nats-io\/nkeys$|@grpc\/grpc-js$|pg$)/;

/** Everything that is not as it must be, as sentences. Empty: nothing found. */
export function checkLockfile({ lockfileVersion, packages = {} }: Lockfile, root: RootPackage): string[] {
  const found: string[] = [];
  if (lockfileVersion !== 3)
    found.push(`The lockfile has version ${lockfileVersion}; version 3 is what these checks read.`);
  const names = new Set(Object.keys(packages).map(nameOf));
  for (const [path, entry] of Object.entries(packages)) {
    found.push(...oddSources(path, entry));
    if (entry.link === true || !path.includes("node_modules/")) continue;
    const name = nameOf(path);
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? "")) {
      found.push(`${path} has no SHA-512 of its content (integrity), so anything could be installed in its place.`);
    }
    if (entry.resolved !== undefined && !/^https:\/\/[^/]+\/.*\.tgz$/.test(entry.resolved)) {
      found.push(`${path} is fetched from ${entry.resolved}; only packages of the registry over HTTPS are.`);
    }
    if (entry.hasInstallScript === true && root.allowScripts?.[name] !== false) {
      found.push(
        `${path} runs a script when it is installed; name it under allowScripts with false, or do without it.`,
      );
    }
    const licence = entry.license ?? licencesRead[name] ?? "";
    if (!isAllowed(licence, entry.dev === true ? licencesOfTools : licences)) {
      found.push(`${path} has the licence "${licence}", which is not on the list.`);
    }
  }
  for (const [name, allowed] of Object.entries(root.allowScripts ?? {})) {
    if (allowed) found.push(`allowScripts lets ${name} run a script at installation; nothing may.`);
    if (!names.has(name)) found.push(`allowScripts names ${name}, which is not installed; take it out.`);
  }
  found.push(...twoMajors(packages));
  return found;
}

/** The name of the package at a path of the lockfile. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** Dependencies that do not come from the registry by a version. */
function oddSources(path: string, entry: LockedPackage): string[] {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = entry;
  return [dependencies, devDependencies, optionalDependencies, peerDependencies].flatMap((named = {}) =>
    Object.entries(named)
      .filter(([, wanted]) => !isVersion(wanted))
      .map(
        ([name, wanted]) =>
          `${path || "package.json"} wants ${name} from "${wanted}"; only versions of the registry are.`,
      ),
  );
}

/** A range of versions, or another package of the registry in one: whatever names an address or a repository has a colon or a slash. */
function isVersion(wanted: string): boolean {
  return !/[:/]/.test(wanted.replace(/^npm:(?:@[\w.-]+\/)?[\w.-]+@/, ""));
}

/** An SPDX expression of AND, OR and parentheses around names. */
function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  const text = expression.replace(/^\((.*)\)$/, "$1");
  if (text.includes(" OR ")) return text.split(" OR ").some((part) => isAllowed(part, allowed));
  if (text.includes(" AND ")) return text.split(" AND ").every((part) => isAllowed(part, allowed));
  return allowed.has(text);
}

function twoMajors(packages: Readonly<Record<string, LockedPackage>>): string[] {
  const majors = new Map<string, Set<string>>();
  for (const [path, { version = "", link, dev }] of Object.entries(packages)) {
    const name = nameOf(path);
    if (link === true || dev === true || !path.includes("node_modules/") || !cryptographic.test(name)) continue;
    const [first = "", second = ""] = version.split(".");
    // Below 1.0.0 the second number is what may break.
    const major = first === "0" ? `0.${second}` : first;
    majors.set(name, (majors.get(name) ?? new Set()).add(major));
  }
  return [...majors]
    .filter(([, versions]) => versions.size > 1)
    .map(
      ([name, versions]) => `${name} is there in ${versions.size} majors (${[...versions].join(", ")}); one must go.`,
    );
}
