import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { NatsServerError } from "./errors.ts";

const run = promisify(execFile);

/** Where this machine gets its own distribution's packages from, as apt itself reports it. */
export interface AptSource {
  readonly mirrorUri: string;
  readonly component: string;
  readonly suite: string;
  /** Value of `Signed-By` as written in the machine's sources, or undefined when apt's general keyring applies. */
  readonly signedBy: string | undefined;
}

interface IndexTarget {
  readonly mirrorUri: string;
  readonly suite: string;
  readonly component: string;
  readonly sourcesEntry: string;
}

/** The suites to look in, oldest that may do first: the machine's own, then newer ones of the same distribution. */
export function suitesToTry(distribution: "debian" | "ubuntu", currentSuite: string): string[] {
  const newerSuites = {
    debian: ["bullseye", "bookworm", "trixie", "forky", "sid"],
    ubuntu: ["jammy", "noble", "plucky", "questing", "resolute", "devel"],
  }[distribution];
  const position = newerSuites.indexOf(currentSuite);
  // An unknown suite is newer than this list, so only the rolling one can be newer still.
  const later = position === -1 ? newerSuites.slice(-1) : newerSuites.slice(position + 1);
  return [...new Set([currentSuite, ...later])];
}

/** Debian or Ubuntu, or a derivative that says so; undefined elsewhere. */
export async function readDistribution(): Promise<{ id: "debian" | "ubuntu"; codename: string } | undefined> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const field = (name: string) => new RegExp(`^${name}=["']?([^"'\n]*)`, "m").exec(text)?.[1];
  const id = field("ID");
  if (id === "debian" || id === "ubuntu") {
    return { id, codename: field("VERSION_CODENAME") ?? "" };
  }
  const likeUbuntu = field("ID_LIKE")?.split(" ").includes("ubuntu") === true;
  return likeUbuntu ? { id: "ubuntu", codename: field("UBUNTU_CODENAME") ?? "" } : undefined;
}

/**
 * Reads mirror, suite, component and key from the machine's apt set-up. Security and update pockets are passed over:
 * they hold no other suites.
 */
export async function readAptSource(distribution: "debian" | "ubuntu", codename: string): Promise<AptSource> {
  const { stdout } = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SOURCESENTRY)",
    "Created-By: Packages",
  ]);
  const wantedComponent = distribution === "debian" ? "main" : "universe";
  const targets = stdout
    .split("\n")
    .map(parseTarget)
    .filter((target) => target !== undefined);
  const rollingNames = ["oldstable", "stable", "testing", "unstable", "sid", "devel"];
  const target = [codename, ...rollingNames]
    .flatMap((suite) => targets.filter((each) => each.suite === suite && each.component === wantedComponent))
    .at(0);
  if (target === undefined) {
    throw new NatsServerError(
      "FETCH_FAILED",
      `apt on this machine has no source for suite "${codename}", component "${wantedComponent}"; add one, or install nats-server on the PATH.`,
    );
  }
  const sourcesFile = target.sourcesEntry.replace(/:\d+$/, "");
  const sourcesText = await readFile(sourcesFile, "utf8").catch(() => "");
  return {
    mirrorUri: target.mirrorUri,
    component: target.component,
    suite: target.suite,
    signedBy: findSignedBy(sourcesText, target.mirrorUri, target.suite),
  };
}

/**
 * `Signed-By` of the entry for this mirror and suite, from either notation (one line per source, or stanzas).
 * apt lists it nowhere, so the sources file has to be read. An entry without one leaves apt's general keyring in force.
 */
export function findSignedBy(sourcesText: string, mirrorUri: string, suite: string): string | undefined {
  const wantedUri = withoutTrailingSlash(mirrorUri);
  const names = (uris: string[], suites: string[]) =>
    uris.map(withoutTrailingSlash).includes(wantedUri) && suites.includes(suite);

  for (const line of sourcesText.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line);
    if (match?.[2] !== undefined && match[3] !== undefined && names([match[2]], [match[3]])) {
      return /(?:^|\s)signed-by=(\S+)/i.exec(match[1] ?? "")?.[1];
    }
  }
  for (const stanza of sourcesText.replace(/^#.*\n?/gm, "").split(/\n\s*\n/)) {
    const field = (name: string) =>
      new RegExp(`^${name}:[ \\t]*((?:.*)(?:\\n[ \\t].*)*)`, "im").exec(stanza)?.[1]?.trimEnd();
    if (names(words(field("URIs")), words(field("Suites")))) {
      return field("Signed-By");
    }
  }
  return undefined;
}

function parseTarget(line: string): IndexTarget | undefined {
  const [mirrorUri, suite, component, sourcesEntry] = line.split("|");
  return mirrorUri && suite && component && sourcesEntry ? { mirrorUri, suite, component, sourcesEntry } : undefined;
}

function words(text: string | undefined): string[] {
  return text?.split(/\s+/).filter((word) => word !== "") ?? [];
}

function withoutTrailingSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}
