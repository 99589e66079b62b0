import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Database, openDatabase } from "../src/index.ts";

const installed = "/usr/lib/postgresql";
/** Where Debian's package puts the binaries; the newest version of several. */
const newest = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a))[0] : undefined;
const binaries = process.env.LIENTHONG_POSTGRES_BIN ?? join(installed, newest ?? "15", "bin");
export const hasPostgres = existsSync(join(binaries, "initdb"));

/** Why the half of a suite that needs a server does not run; null if it does. */
export function postgresMissing(): string | null {
  if (hasPostgres) return null;
  const sentence = `There is no PostgreSQL in ${binaries}: the served half is not run. Install the package postgresql, or set LIENTHONG_POSTGRES_BIN.`;
  if (process.env.LIENTHONG_REQUIRE_POSTGRES === "1") throw new Error(sentence);
  return sentence;
}

/** A PostgreSQL of this test alone. */
export class PostgresCluster {
  readonly folder: string;
  #server: ReturnType<typeof spawn>;

  private constructor(folder: string, server: ReturnType<typeof spawn>) {
    this.folder = folder;
    this.#server = server;
  }

  static async start(): Promise<PostgresCluster> {
    const folder = await mkdtemp(join(tmpdir(), "lt-pg-"));
    // The server refuses to run as root.
    if (process.getuid?.() === 0) {
      const [, , uid = "65534", gid = "65534"] = (
        spawnSync("getent", ["passwd", "postgres"], { encoding: "utf8" }).stdout ?? ""
      ).split(":");
      await chown(folder, Number(uid), Number(gid));
    }
    await chmod(folder, 0o755);
    const data = join(folder, "data");
    const made = spawnSync(...as("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]), {
      encoding: "utf8",
      cwd: folder,
    });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const server = PostgresCluster.#spawn(folder);
    const cluster = new PostgresCluster(folder, server);
    await cluster.#ready();
    return cluster;
  }

  static #spawn(folder: string): ReturnType<typeof spawn> {
    const args = ["-D", join(folder, "data"), "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=60"];
    const [command, all] = as("postgres", args);
    return spawn(command, all, { stdio: "ignore", cwd: folder });
  }

  /** The address of a database of its own, made now. */
  async newDatabase(): Promise<string> {
    const name = `t${randomUUID().replaceAll("-", "")}`;
    const client = new pg.Client(this.#address("postgres"));
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return this.#address(name);
  }

  #address(database: string): string {
    return `postgres://postgres@localhost/${database}?host=${encodeURIComponent(this.folder)}`;
  }

  async #ready(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const client = new pg.Client(this.#address("postgres"));
      try {
        await client.connect();
        return await client.end();
      } catch (error) {
        await client.end().catch(() => {});
        if (attempt > 600) throw error;
        await new Promise((resume) => setTimeout(resume, 50));
      }
    }
  }

  /** Stops the server at once, as a crash would, and starts it again on the same data. */
  async restart(): Promise<void> {
    await this.#end("SIGQUIT");
    this.#server = PostgresCluster.#spawn(this.folder);
    await this.#ready();
  }

  async stop(): Promise<void> {
    await this.#end("SIGINT");
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise((resolve) => this.#server.once("exit", resolve));
    // `runuser` passes no signals on, so the server is told by its own pid file.
    const pid = spawnSync("head", ["-n", "1", join(this.folder, "data", "postmaster.pid")], {
      encoding: "utf8",
    }).stdout;
    process.kill(Number(pid.trim()), signal);
    await ended;
  }
}

function as(binary: string, args: readonly string[]): [command: string, args: string[]] {
  const path = join(binaries, binary);
  return process.getuid?.() === 0 ? ["runuser", ["-u", "postgres", "--", path, ...args]] : [path, [...args]];
}

/** Makes databases of one kind for a suite that runs on both. */
export interface DatabaseKind {
  readonly kind: Database["kind"];
  /** An empty one; the one before is of no more use then. */
  open(): Promise<{ readonly database: Database; readonly url: string | undefined; readonly directory: string }>;
  /** Crashes the server and starts it again; absent where there is none. */
  restart?(): Promise<void>;
  stop(): Promise<void>;
}

export async function pgliteKind(): Promise<DatabaseKind> {
  const folder = await mkdtemp(join(tmpdir(), "lt-pglite-"));
  const at = { url: undefined, directory: join(folder, "data") };
  // Making one takes seconds: the tests of a file share it, one after the other, and begin with nothing in it.
  const shared = await openDatabase(at);
  return {
    kind: "pglite",
    async open() {
      await shared.script(
        "drop schema if exists lienthong_audit cascade; drop schema if exists lienthong_audit_next cascade",
      );
      return { database: { ...shared, close: async () => {} }, ...at };
    },
    async stop() {
      await shared.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function postgresKind(): Promise<DatabaseKind> {
  const cluster = await PostgresCluster.start();
  return {
    kind: "postgresql",
    async open() {
      const at = { url: await cluster.newDatabase(), directory: "" };
      return { database: await openDatabase(at), ...at };
    },
    restart: () => cluster.restart(),
    stop: () => cluster.stop(),
  };
}

/** The kinds that this machine has; says which one it lacks. */
export const kinds: readonly (readonly [Database["kind"], () => Promise<DatabaseKind>])[] = [
  ["pglite", pgliteKind],
  ...(postgresMissing() === null ? [["postgresql", postgresKind] as const] : []),
];
if (!hasPostgres) process.stderr.write(`${postgresMissing()}\n`);
