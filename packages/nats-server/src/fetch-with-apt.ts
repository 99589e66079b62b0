import { execFile } from "node:child_process";
import { chmod, chown, copyFile, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type AptSource, readAptSource, readDistribution, suitesToTry } from "./apt-source.ts";
import { NatsServerError } from "./errors.ts";
import type { ReportServer } from "./server-report.ts";
import { isVersionAccepted, natsServerVersionMin, readServerVersion } from "./server-version.ts";

const run = promisify(execFile);
const packageName = "nats-server";
const commandTimeoutMs = 180_000;

export interface FetchedServer {
  readonly path: string;
  readonly version: string;
}

/**
 * Downloads nats-server with the machine's own apt, from the first suite that has one new enough, into
 * `cacheDirectory/nats-server` with its version beside it in `cacheDirectory/version`. Nothing is installed: lists,
 * caches and state live in a temporary folder that is removed afterwards, while mirrors, proxies, credentials and keys
 * stay those of the machine, so an unsigned or wrongly signed index is refused as always.
 */
export async function fetchWithApt(cacheDirectory: string, report: ReportServer): Promise<FetchedServer> {
  const distribution = await readDistribution();
  if (distribution === undefined) {
    throw new NatsServerError("SERVER_NOT_FOUND", installSentence());
  }
  const source = await readAptSource(distribution.id, distribution.codename);
  // Not below the cache: apt's download user must be able to reach the folder, and homes are often closed to it.
  const workDirectory = await mkdtemp(join(tmpdir(), "lienthong-apt-"));
  try {
    const apt = await prepareApt(workDirectory);
    const seen: string[] = [];
    for (const suite of suitesToTry(distribution.id, source.suite)) {
      const candidate = await readCandidate(apt, source, suite).catch((cause: unknown) => {
        seen.push(`${suite}: ${firstLine(cause)}`);
        return undefined;
      });
      if (candidate === undefined) {
        continue;
      }
      if (!isVersionAccepted(candidate.upstream)) {
        seen.push(`${suite}: ${candidate.upstream}`);
        continue;
      }
      report(`fetching nats-server ${candidate.upstream} from suite ${suite}`, {
        what: "server-fetching",
        version: candidate.upstream,
        suite,
      });
      const unpacked = await downloadAndUnpack(apt, candidate.full);
      const version = await readServerVersion(unpacked);
      if (version === undefined || !isVersionAccepted(version)) {
        seen.push(`${suite}: ${candidate.upstream} does not run on this machine`);
        continue;
      }
      return await moveIntoCache(unpacked, version, cacheDirectory);
    }
    throw new NatsServerError(
      "FETCH_FAILED",
      `No suite offers nats-server ${natsServerVersionMin} or newer (${seen.join("; ") || "none has the package"}). ${installSentence()}`,
    );
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

export function installSentence(): string {
  return `Install nats-server ${natsServerVersionMin} or newer on the PATH, or set LIENTHONG_NATS_URL to a server of yours.`;
}

interface PrivateApt {
  readonly workDirectory: string;
  readonly downloadDirectory: string;
  readonly sourcesFile: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly options: readonly string[];
}

async function prepareApt(workDirectory: string): Promise<PrivateApt> {
  const downloadDirectory = join(workDirectory, "download");
  const sourcesFile = join(workDirectory, "machine.sources");
  const configFile = join(workDirectory, "apt.conf");
  const statusFile = join(workDirectory, "status");
  for (const folder of ["state/lists/partial", "cache/archives/partial", "download", "unpacked", "no-preferences"]) {
    await mkdir(join(workDirectory, folder), { recursive: true });
  }
  // Run by root, apt downloads as a user of its own, which must be able to pass through and to write the download.
  await chmod(workDirectory, 0o755);
  await giveToDownloadUser(downloadDirectory);
  // An empty package status: what is installed must not influence which version is the candidate.
  await writeFile(statusFile, "");
  // Given with -c and therefore read last. Hooks are cleared: they are written for the system's own lists and caches.
  await writeFile(
    configFile,
    [
      "#clear APT::Update::Pre-Invoke;",
      "#clear APT::Update::Post-Invoke;",
      "#clear APT::Update::Post-Invoke-Success;",
      "#clear DPkg::Pre-Invoke;",
      "#clear DPkg::Post-Invoke;",
      `Dir::State "${workDirectory}/state";`,
      `Dir::State::lists "${workDirectory}/state/lists";`,
      `Dir::State::status "${statusFile}";`,
      `Dir::Cache "${workDirectory}/cache";`,
      `Dir::Cache::archives "${workDirectory}/cache/archives";`,
      `Dir::Log "${workDirectory}/log";`,
      `Dir::Etc::sourcelist "${sourcesFile}";`,
      'Dir::Etc::sourceparts "-";',
      'Dir::Etc::preferences "/dev/null";',
      `Dir::Etc::preferencesparts "${workDirectory}/no-preferences";`,
      'Acquire::Languages "none";',
      "",
    ].join("\n"),
  );
  return {
    workDirectory,
    downloadDirectory,
    sourcesFile,
    environment: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    options: ["-c", configFile],
  };
}

async function giveToDownloadUser(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    return;
  }
  const { stdout: line } = await run("apt-config", ["shell", "user", "APT::Sandbox::User"]);
  const user = /^user='([a-z_][a-z0-9_-]*)'/m.exec(line)?.[1];
  if (user === undefined || user === "root") {
    return;
  }
  const { stdout: uid } = await run("id", ["-u", user]).catch(() => ({ stdout: "" }));
  if (uid.trim() !== "") {
    await chown(folder, Number(uid), 0);
  }
}

async function readCandidate(
  apt: PrivateApt,
  source: AptSource,
  suite: string,
): Promise<{ full: string; upstream: string } | undefined> {
  const stanza = [
    "Types: deb",
    `URIs: ${source.mirrorUri}`,
    `Suites: ${suite}`,
    `Components: ${source.component}`,
    ...(source.signedBy === undefined ? [] : [`Signed-By: ${source.signedBy}`]),
    "",
  ];
  await writeFile(apt.sourcesFile, stanza.join("\n"));
  const runOptions = { env: apt.environment, timeout: commandTimeoutMs, cwd: apt.workDirectory };
  // Any error, not only of the last index, makes the update fail: half a set of lists would say "no such package".
  await run("apt-get", [...apt.options, "-q", "-o", "APT::Update::Error-Mode=any", "update"], runOptions);
  const { stdout } = await run("apt-cache", [...apt.options, "policy", packageName], runOptions);
  const full = /^\s*Candidate: (\d\S*)/m.exec(stdout)?.[1];
  const upstream = full === undefined ? undefined : /^(?:\d+:)?(\d+\.\d+\.\d+)/.exec(full)?.[1];
  return full === undefined || upstream === undefined ? undefined : { full, upstream };
}

async function downloadAndUnpack(apt: PrivateApt, version: string): Promise<string> {
  await run("apt-get", [...apt.options, "-q", "download", `${packageName}=${version}`], {
    env: apt.environment,
    timeout: commandTimeoutMs,
    cwd: apt.downloadDirectory,
  });
  const archive = (await readdir(apt.downloadDirectory)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) {
    throw new NatsServerError("FETCH_FAILED", `apt reported success but left no package. ${installSentence()}`);
  }
  const target = join(apt.workDirectory, "unpacked");
  await run("dpkg", ["-x", join(apt.downloadDirectory, archive), target], { timeout: commandTimeoutMs });
  return join(target, "usr", "sbin", "nats-server");
}

async function moveIntoCache(binary: string, version: string, cacheDirectory: string): Promise<FetchedServer> {
  await mkdir(cacheDirectory, { recursive: true });
  const path = join(cacheDirectory, "nats-server");
  const incoming = await mkdtemp(join(cacheDirectory, ".incoming-"));
  try {
    const incomingBinary = join(incoming, "nats-server");
    await copyFile(binary, incomingBinary);
    await chmod(incomingBinary, 0o755);
    await writeFile(join(incoming, "version"), `${version}\n`);
    const file = await open(incomingBinary, "r");
    await file.sync();
    await file.close();
    // Two processes may fetch at once: each renames a whole file over the other's, and one that already runs keeps
    // its inode. A crash between the renames leaves a good binary; its version is asked from the binary, not the file.
    await rename(incomingBinary, path);
    await rename(join(incoming, "version"), join(cacheDirectory, "version"));
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
  return { path, version };
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
  return text.split("\n").find((line) => line.startsWith("E:")) ?? text.split("\n").at(0) ?? "failed";
}
