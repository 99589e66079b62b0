import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openDevelopmentAuthority } from "@lienthong/chassis";
import {
  connectAs,
  ensureRoleKeys,
  findNatsServer,
  type Role,
  renderClusterMemberConfig,
} from "@lienthong/nats-server";
import { keptPorts } from "./kept-ports.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** One nats-server of a cluster, in a process of its own that a test may pause, kill, hold down and start again. */
export interface ClusterServer {
  readonly name: string;
  readonly url: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** A server that dies of a signal stays away for a moment and is started again, as an init system would. */
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void>;
  /** Ends it and leaves it ended. */
  holdDown(how?: "SIGTERM" | "SIGKILL"): Promise<void>;
  start(): Promise<void>;
  /** Resolves when it says that its streams are up to date with the others'. */
  serving(withinMs?: number): Promise<void>;
}

/** Three nats-servers on loopback whose routes go through proxies, so that each can be cut off from the others without any privilege. */
export interface NatsCluster {
  /** Addresses of all, separated by commas. */
  readonly url: string;
  /** Folder with a seed per role. */
  readonly seeds: string;
  readonly replicas: 3;
  readonly servers: readonly ClusterServer[];
  /** "host:port" of each, for clients. */
  readonly addresses: readonly string[];
  /**
   * Cuts a member off from the others; its clients still reach it. "refuse": connections are reset. "swallow": they look alive and carry
   * nothing, as when a cable is pulled.
   */
  isolate(index: number, how?: "refuse" | "swallow"): void;
  /** Ends every isolation. */
  heal(): void;
  /** Index of the member that leads a stream, as the majority sees it; waits until there is one. Members in `without` are not asked. */
  leaderOf(
    stream: string,
    options?: { readonly without?: readonly number[]; readonly withinMs?: number },
  ): Promise<number>;
  /** Resolves when every member says that it is up to date, and every stream's leader says so of the others. */
  upToDate(): Promise<void>;
  stop(): Promise<void>;
}

const memberCount = 3;
const startWithinMs = 30_000;
const restartPauseMs = 200;

/** Starts the cluster and waits until it has a leader. Takes about six seconds, most of it the first election. */
export async function startNatsCluster(
  options: { readonly directory?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<NatsCluster> {
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("A cluster of one's own needs a nats-server binary.");
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "lienthong-cluster-")));
  const seeds = join(directory, "nkeys");
  const keys = await ensureRoleKeys(seeds);
  const publicKeys = Object.fromEntries(Object.entries(keys).map(([role, key]) => [role, key.publicKey])) as Record<
    Role,
    string
  >;
  const authority = await openDevelopmentAuthority({ folder: join(directory, "routes-tls") });
  const ports = await keptPorts(3 * memberCount);
  const members = Array.from({ length: memberCount }, (_, index) => ({
    name: `nats-${index + 1}`,
    client: ports[3 * index] as number,
    route: ports[3 * index + 1] as number,
    monitor: ports[3 * index + 2] as number,
    folder: join(directory, `nats-${index + 1}`),
  }));
  /** Between member `from`, which dials, and member `to`. */
  const links: { readonly from: number; readonly to: number; readonly proxy: TcpProxy }[] = [];
  for (const [from] of members.entries()) {
    for (const [to, { route }] of members.entries()) {
      if (from !== to) links.push({ from, to, proxy: await startTcpProxy(`127.0.0.1:${route}`) });
    }
  }
  const servers: MemberProcess[] = [];
  for (const [index, member] of members.entries()) {
    for (const folder of ["jetstream", "run"])
      await mkdir(join(member.folder, folder), { recursive: true, mode: 0o700 });
    const tls = await authority.member(member.name, ["localhost", "127.0.0.1"]);
    const configFile = join(member.folder, "nats-server.conf");
    const config = renderClusterMemberConfig({
      serverName: member.name,
      port: member.client,
      storeDirectory: join(member.folder, "jetstream"),
      storeBytesMax: 8 * 1024 ** 3,
      memoryStoreBytesMax: 256 * 1024 ** 2,
      logFile: join(member.folder, "nats-server.log"),
      pidFile: join(member.folder, "run", "nats-server.pid"),
      portsDirectory: join(member.folder, "run"),
      publicKeys,
      clusterName: "lienthong-test",
      routeListen: `127.0.0.1:${member.route}`,
      // What members tell each other must not lead around the proxies.
      routeAdvertise: "127.0.0.1:1",
      routes: links.filter(({ from }) => from === index).map(({ proxy }) => proxy.address),
      routeTls: tls.files,
    });
    await writeFile(configFile, `http: "127.0.0.1:${member.monitor}"\n${config}`, { mode: 0o600 });
    servers.push(new MemberProcess(member.name, found.path, configFile, member, options.env ?? {}));
  }
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.holdDown("SIGKILL")));
    for (const { proxy } of links) await proxy.stop();
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await Promise.all(servers.map((server) => server.start()));
    await Promise.all(servers.map((server) => server.serving()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: servers.map(({ url }) => url).join(","),
    seeds,
    replicas: 3,
    servers,
    addresses: members.map(({ client }) => `127.0.0.1:${client}`),
    isolate(index, how = "refuse") {
      for (const { from, to, proxy } of links) if (from === index || to === index) proxy[how]();
    },
    heal() {
      for (const { proxy } of links) proxy.heal();
    },
    leaderOf: (stream, { without = [], withinMs } = {}) =>
      leaderAmong({
        stream,
        seeds,
        without,
        names: members.map(({ name }) => name),
        urls: servers.filter(({ pid }, index) => pid !== null && !without.includes(index)).map(({ url }) => url),
        ...(withinMs === undefined ? {} : { withinMs }),
      }),
    async upToDate() {
      await Promise.all(servers.map((server) => server.serving()));
      await replicasCurrent({ seeds, urls: servers.map(({ url }) => url) });
    },
    stop,
  };
}

/** Index among `names` of the server that leads a stream, as those at `urls` see it. */
export async function leaderAmong(options: {
  readonly stream: string;
  readonly seeds: string;
  readonly names: readonly string[];
  readonly urls: readonly string[];
  readonly without: readonly number[];
  readonly withinMs?: number;
}): Promise<number> {
  const { stream, names, without, withinMs = 30_000 } = options;
  const connection = await connectAs({
    url: options.urls.join(","),
    role: "admin",
    seedFilePath: join(options.seeds, "admin.seed"),
    name: "who leads",
  });
  try {
    for (const deadline = performance.now() + withinMs; ; await wait(50)) {
      const answer = await connection
        .request(`$JS.API.STREAM.INFO.${stream}`, "", { timeout: 1_000 })
        .then((message) => message.json<{ cluster?: { leader?: string } }>())
        .catch(() => null);
      const index = names.indexOf(answer?.cluster?.leader ?? "");
      if (index >= 0 && !without.includes(index)) return index;
      if (performance.now() > deadline) throw new Error(`Nobody led ${stream} within ${withinMs} ms.`);
    }
  } finally {
    await connection.close();
  }
}

interface StreamReplicas {
  readonly config: { readonly name: string };
  readonly cluster?: {
    readonly leader?: string;
    /** `active`: nanoseconds since the leader heard from it. `lag`: entries of the replicas' log that it lacks. */
    readonly replicas?: readonly { readonly active?: number; readonly lag?: number }[];
  };
}

const heardWithinNanos = 1_500_000_000;
/** Under load a replica is always a little behind. */
const lagMax = 100;
/** Catching up may begin, end and begin again. */
const currentForMs = 2_000;

/**
 * Resolves when for a while the leader of every stream has heard from all other replicas, and none lags. A member that was cut off believes
 * for a moment after its return that nothing has happened: who is harmed next then would be the second of three at the same time.
 */
export async function replicasCurrent(options: {
  readonly seeds: string;
  readonly urls: readonly string[];
  readonly withinMs?: number;
}): Promise<void> {
  const { withinMs = 60_000 } = options;
  const connection = await connectAs({
    url: options.urls.join(","),
    role: "admin",
    seedFilePath: join(options.seeds, "admin.seed"),
    name: "who lags",
  });
  const isCurrent = ({ cluster }: StreamReplicas): boolean =>
    Boolean(cluster?.leader) &&
    (cluster?.replicas ?? []).every(({ active = Infinity, lag = 0 }) => active < heardWithinNanos && lag <= lagMax);
  try {
    let currentSinceMs = Infinity;
    for (const deadline = performance.now() + withinMs; ; await wait(100)) {
      const askedAtMs = performance.now();
      const answer = await connection
        .request("$JS.API.STREAM.LIST", "", { timeout: 5_000 })
        .then((message) => message.json<{ streams?: StreamReplicas[]; missing?: unknown[] }>())
        .catch(() => null);
      const behind = (answer?.streams ?? []).filter((stream) => !isCurrent(stream));
      const allCurrent = answer?.streams !== undefined && !answer.missing?.length && behind.length === 0;
      currentSinceMs = allCurrent ? Math.min(currentSinceMs, askedAtMs) : Infinity;
      if (askedAtMs - currentSinceMs >= currentForMs) return;
      if (performance.now() > deadline)
        throw new Error(
          `Replicas were not current within ${withinMs} ms: ${JSON.stringify(behind.map(({ config, cluster }) => ({ stream: config.name, cluster })))}.`,
        );
    }
  } finally {
    await connection.close();
  }
}

class MemberProcess implements ClusterServer {
  readonly name: string;
  readonly url: string;
  readonly #binaryPath: string;
  readonly #configFile: string;
  readonly #ports: { readonly client: number; readonly monitor: number };
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #wanted = false;

  constructor(
    name: string,
    binaryPath: string,
    configFile: string,
    at: { readonly client: number; readonly monitor: number; readonly folder: string },
    env: Readonly<Record<string, string>>,
  ) {
    this.name = name;
    this.url = `nats://127.0.0.1:${at.client}`;
    this.#binaryPath = binaryPath;
    this.#configFile = configFile;
    this.#ports = at;
    this.#folder = at.folder;
    this.#env = env;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const exited = signal === "SIGKILL" ? once(child, "exit") : null;
    child.kill(signal);
    await exited;
  }

  async holdDown(how: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, "exit");
    // A stopped process hears SIGTERM only when it goes on.
    child.kill("SIGCONT");
    child.kill(how);
    await exited;
  }

  async start(): Promise<void> {
    this.#wanted = true;
    if (this.#child === null) await this.#launch();
    for (const deadline = performance.now() + startWithinMs; !(await this.#answers("/varz")); await wait(20)) {
      if (performance.now() > deadline)
        throw new Error(`${this.name} was not ready within ${startWithinMs} ms: ${await this.#said()}`);
    }
  }

  async serving(withinMs: number = startWithinMs): Promise<void> {
    for (const deadline = performance.now() + withinMs; !(await this.#answers("/healthz")); await wait(50)) {
      if (performance.now() > deadline)
        throw new Error(`${this.name} was not up to date within ${withinMs} ms: ${await this.#said()}`);
    }
  }

  async #launch(): Promise<void> {
    const output = await open(join(this.#folder, "output"), "a", 0o600);
    // setpriv replaces itself by the server; with the test's process the server ends, too.
    const command = ["--pdeathsig", "KILL", "--", this.#binaryPath, "-c", this.#configFile];
    const child = spawn("setpriv", command, {
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
      env: { ...process.env, ...this.#env },
    });
    await output.close();
    this.#child = child;
    child.once("exit", () => {
      this.#child = null;
      if (this.#wanted) setTimeout(() => this.#wanted && this.#child === null && void this.#launch(), restartPauseMs);
    });
  }

  async #answers(path: string): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#ports.monitor}${path}`, {
        signal: AbortSignal.timeout(1_000),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async #said(): Promise<string> {
    const log = await readFile(join(this.#folder, "nats-server.log"), "utf8").catch(() => "it said nothing");
    return log.trim().split("\n").slice(-3).join(" | ");
  }
}
