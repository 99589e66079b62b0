import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readdir, readFile, realpath, rm, stat, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { makeFolderDurably } from "@lienthong/chassis/durable-file";
import type { Role } from "./accounts.ts";
import { NatsServerError } from "./errors.ts";
import { acquireOwnerLock, type OwnerLock } from "./owner-lock.ts";
import { ensureRoleKeys, type RoleKey } from "./role-keys.ts";
import { renderEmbeddedConfig } from "./server-config.ts";
import type { ReportServer } from "./server-report.ts";
import { isVersionAccepted, readServerVersion, tooOldSentence } from "./server-version.ts";
import { endStaleServer } from "./stale-server.ts";

const run = promisify(execFile);
const readyWaitMs = 60_000;
const stopWaitMs = 10_000;
const memoryStoreBytesMax = 256 * 1024 * 1024;

export interface EmbeddedNatsOptions {
  readonly binaryPath: string;
  readonly dataDirectory: string;
  /** Default: the port of the last run when it is free, else one the server chooses. */
  readonly port?: number;
  readonly report?: ReportServer;
  /**
   * Default true: the kernel tells the server to stop when this process dies without stopping it (Linux, by
   * `setpriv`). Elsewhere, and with false, it runs on until the next start on this folder ends it.
   */
  readonly endWithParent?: boolean;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** False when the server ended without `stop()` having been called. */
  readonly wasAskedTo: boolean;
}

export interface EmbeddedNats {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  readonly configFilePath: string;
  readonly credentials: Readonly<Record<Role, { readonly seedFilePath: string }>>;
  /** Asks the server to end, waits, insists after 10 s. May be called again. */
  stop(): Promise<void>;
  /** Settles when the server has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ServerExit>;
}

interface Layout {
  readonly root: string;
  readonly configFile: string;
  readonly pidFile: string;
  readonly lastPortFile: string;
  readonly portsDirectory: string;
  readonly storeDirectory: string;
  readonly logFile: string;
  readonly outputFile: string;
  readonly keysDirectory: string;
}

/** Runs nats-server as a child on a data folder of its own, on loopback, and answers once it takes connections. */
export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const report = options.report ?? (() => {});
  const version = await readServerVersion(options.binaryPath);
  if (version === undefined) {
    throw new NatsServerError(
      "START_FAILED",
      `${options.binaryPath} does not run here as nats-server; install one that does.`,
    );
  }
  if (!isVersionAccepted(version)) {
    throw new NatsServerError("SERVER_TOO_OLD", tooOldSentence(options.binaryPath, version));
  }
  const layout = await prepareLayout(options.dataDirectory);
  const lock = await acquireOwnerLock(layout.root);
  try {
    const endedPid = await endStaleServer(layout.pidFile, layout.configFile);
    if (endedPid !== undefined) {
      report(`ended nats-server (process ${endedPid}) left behind by an earlier run`, {
        what: "server-left-behind",
        pid: endedPid,
      });
    }
    const keys = await ensureRoleKeys(layout.keysDirectory);
    const storeBytesMax = await chooseStoreBytesMax(layout.storeDirectory);
    const endWithParent = (options.endWithParent ?? true) && (await canEndWithParent());
    const launch = async (port: number) => {
      await writeConfig(layout, port, storeBytesMax, keys);
      return await launchServer(options.binaryPath, layout, endWithParent);
    };

    let launched: LaunchedServer;
    if (options.port !== undefined) {
      launched = await launch(options.port);
    } else {
      const lastPort = await readFreeLastPort(layout.lastPortFile);
      launched = await launch(lastPort ?? -1).catch(async (cause: unknown) => {
        // Somebody took the port between our look and the server's; any other failure repeats itself below.
        if (lastPort === undefined) {
          throw cause;
        }
        return await launch(-1);
      });
    }
    await writeFile(layout.lastPortFile, `${launched.port}\n`);
    return superviseServer(launched, lock, version, layout, keys);
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

async function prepareLayout(dataDirectory: string): Promise<Layout> {
  await makeFolderDurably(resolve(dataDirectory));
  // The real path is what the server's command line shows and what a later run compares with.
  const root = await realpath(dataDirectory);
  const layout: Layout = {
    root,
    configFile: join(root, "nats-server.conf"),
    pidFile: join(root, "run", "nats-server.pid"),
    lastPortFile: join(root, "run", "last-port"),
    portsDirectory: join(root, "run"),
    storeDirectory: join(root, "jetstream"),
    logFile: join(root, "logs", "nats-server.log"),
    outputFile: join(root, "logs", "nats-server.out"),
    keysDirectory: join(root, "nkeys"),
  };
  for (const folder of ["run", "jetstream", "logs"]) {
    await makeFolderDurably(join(root, folder));
  }
  return layout;
}

async function writeConfig(
  layout: Layout,
  port: number,
  storeBytesMax: number,
  keys: Record<Role, RoleKey>,
): Promise<void> {
  const text = renderEmbeddedConfig({
    serverName: "lienthong-embedded",
    port,
    storeDirectory: layout.storeDirectory,
    storeBytesMax,
    memoryStoreBytesMax,
    logFile: layout.logFile,
    pidFile: layout.pidFile,
    portsDirectory: layout.portsDirectory,
    publicKeys: Object.fromEntries(Object.entries(keys).map(([role, key]) => [role, key.publicKey])) as Record<
      Role,
      string
    >,
  });
  await writeFile(layout.configFile, text, { mode: 0o600 });
}

/** Nine tenths of what this disk can hold for us: a refused publish is an answer, a full disk stops the server. */
async function chooseStoreBytesMax(storeDirectory: string): Promise<number> {
  const { bavail, bsize } = await statfs(storeDirectory);
  const files = await readdir(storeDirectory, { recursive: true, withFileTypes: true });
  let usedBytes = 0;
  for (const file of files.filter((each) => each.isFile())) {
    usedBytes += await stat(join(file.parentPath, file.name)).then(
      (info) => info.size,
      () => 0,
    );
  }
  return Math.floor(0.9 * (bavail * bsize + usedBytes));
}

async function canEndWithParent(): Promise<boolean> {
  return (
    process.platform === "linux" &&
    (await run("setpriv", ["--pdeathsig", "TERM", "true"]).then(
      () => true,
      () => false,
    ))
  );
}

async function readFreeLastPort(lastPortFile: string): Promise<number | undefined> {
  const port = Number((await readFile(lastPortFile, "utf8").catch(() => "")).trim());
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return undefined;
  }
  const probe = createServer();
  try {
    probe.listen({ host: "127.0.0.1", port });
    await once(probe, "listening");
    return port;
  } catch {
    return undefined;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}

interface LaunchedServer {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

async function launchServer(binaryPath: string, layout: Layout, endWithParent: boolean): Promise<LaunchedServer> {
  // Files of servers that were killed; their names carry pids, which come again.
  for (const name of (await readdir(layout.portsDirectory)).filter((each) => each.endsWith(".ports"))) {
    await rm(join(layout.portsDirectory, name), { force: true });
  }
  // A file, not a pipe: a server that outlives this process must not trip over a closed pipe.
  const output = await open(layout.outputFile, "w", 0o600);
  const serverCommand = [binaryPath, "-c", layout.configFile];
  // setpriv replaces itself by the server, so the child's pid is the server's.
  const command = endWithParent ? ["setpriv", "--pdeathsig", "TERM", "--", ...serverCommand] : serverCommand;
  const child = spawn(command[0] as string, command.slice(1), {
    // A process group of its own: Ctrl-C reaches us alone, we drain our clients, then stop the server.
    detached: true,
    stdio: ["ignore", output.fd, output.fd],
  });
  let unstarted: string | null = null;
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("error", (error) => {
      unstarted = error.message;
      resolve({ code: null, signal: null });
    });
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  await output.close();

  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  const deadline = Date.now() + readyWaitMs;
  while (!hasEnded && Date.now() < deadline) {
    const port = child.pid === undefined ? undefined : await readPort(layout.portsDirectory, child.pid);
    if (port !== undefined) {
      return { child, pid: child.pid as number, port, ended };
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))]);
  }
  const endedItself = hasEnded;
  child.kill("SIGKILL");
  const { code, signal } = await ended;
  const said = await readLastErrors(layout);
  const what = endedItself
    ? `nats-server ended at start (${unstarted ?? signal ?? `exit code ${code}`})`
    : `nats-server was not ready after ${readyWaitMs / 1000} s`;
  throw new NatsServerError("START_FAILED", `${what}: ${said || "it said nothing"}. Its log is ${layout.logFile}.`);
}

/** The server writes its ports file once it takes connections. */
async function readPort(portsDirectory: string, pid: number): Promise<number | undefined> {
  const name = (await readdir(portsDirectory)).find((each) => each.endsWith(`_${pid}.ports`));
  if (name === undefined) {
    return undefined;
  }
  try {
    const ports = JSON.parse(await readFile(join(portsDirectory, name), "utf8")) as { nats?: string[] };
    const url = ports.nats?.[0];
    return url === undefined ? undefined : Number(new URL(url).port);
  } catch {
    // Half written; the next look sees it whole.
    return undefined;
  }
}

async function readLastErrors(layout: Layout): Promise<string> {
  const output = await readFile(layout.outputFile, "utf8").catch(() => "");
  const log = await readFile(layout.logFile, "utf8").catch(() => "");
  const fatal = log.split("\n").filter((line) => line.includes("[FTL]"));
  return [...output.trim().split("\n").slice(-3), ...fatal.slice(-1)].filter((line) => line !== "").join(" | ");
}

function superviseServer(
  launched: LaunchedServer,
  lock: OwnerLock,
  version: string,
  layout: Layout,
  keys: Record<Role, RoleKey>,
): EmbeddedNats {
  let wasAskedTo = false;
  const exited = launched.ended.then(async (end): Promise<ServerExit> => {
    const exit = { ...end, wasAskedTo };
    await lock.release().catch(() => {});
    return exit;
  });
  return {
    url: `nats://127.0.0.1:${launched.port}`,
    port: launched.port,
    pid: launched.pid,
    version,
    configFilePath: layout.configFile,
    credentials: keys,
    exited,
    async stop() {
      wasAskedTo = true;
      launched.child.kill("SIGTERM");
      // Everything acknowledged is fsynced already; insisting costs the next start a recovery, not a message.
      const insist = setTimeout(() => launched.child.kill("SIGKILL"), stopWaitMs);
      await exited;
      clearTimeout(insist);
    },
  };
}
