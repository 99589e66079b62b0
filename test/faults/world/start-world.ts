import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type RunFile, realShard } from "@lienthong/bus";
import { keptPorts } from "../../../packages/testkit/src/kept-ports.ts";
import type { NatsCluster } from "../../../packages/testkit/src/nats-cluster.ts";
import type { TcpProxy } from "../../../packages/testkit/src/tcp-proxy.ts";
import { startTcpProxy } from "../../../packages/testkit/src/tcp-proxy.ts";
import type { ProxiedService, ServiceName, ServiceSettings, WatchedProcess } from "../fault.ts";
import { serviceNames } from "../fault.ts";
import { clockSettings } from "../kinds/clock-faults.ts";
import { WatchedService } from "./watched-process.ts";

const compiled = fileURLToPath(new URL("../../../.cache/compiled", import.meta.url));
const serviceModule = fileURLToPath(new URL("./service-process.ts", import.meta.url));

/** How a world is started. */
export interface StartWorldOptions {
  /** Data folder. */
  readonly directory: string;
  /** Absent: the store runs one embedded nats-server. */
  readonly nats?: NatsCluster;
  /** What some services are started with from the beginning. */
  readonly settings?: Partial<Record<ServiceName, ServiceSettings>>;
  onDied(how: string, said: string): void;
}

/** The processes of a bus, and proxies between them. */
export interface RunningWorld {
  readonly directory: string;
  readonly shard: string;
  readonly services: Readonly<Record<ServiceName, WatchedService>>;
  readonly natsServers: readonly WatchedProcess[];
  readonly clientProxies: readonly TcpProxy[];
  /** What reaches the nats-servers by another way needs beside their address. */
  readonly natsEnvironment: Readonly<Record<string, string>>;
  readonly natsProxies: Readonly<Record<ProxiedService, TcpProxy>>;
  /** Addresses that do not change when a service is started again. The exchange's are the proxies'. */
  readonly addresses: {
    readonly registry: string;
    readonly exchanges: readonly string[];
    readonly ledger: string;
    readonly audit: string;
  };
  /** run.json as it is now. */
  run(): RunFile;
  stop(): Promise<void>;
}

/** Starts every service in a process of its own. Takes about eight seconds. */
export async function startWorld(options: StartWorldOptions): Promise<RunningWorld> {
  const { directory, nats, onDied } = options;
  mkdirSync(join(directory, "logs"), { recursive: true });
  const kept = await keptPorts(serviceNames.length);
  const ports = Object.fromEntries(serviceNames.map((name, index) => [name, kept[index]])) as Record<
    ServiceName,
    number
  >;
  const base: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith("LIENTHONG_")) base[name] = value;
  }
  base.UV_THREADPOOL_SIZE = "2";
  // As the command `lienthong` starts them.
  base.NODE_COMPILE_CACHE = compiled;
  const external: Record<string, string> =
    nats === undefined
      ? {}
      : {
          LIENTHONG_NATS_URL: nats.url,
          LIENTHONG_NATS_SEEDS: nats.seeds,
          LIENTHONG_STREAM_REPLICAS: String(nats.replicas),
        };
  const services: Partial<Record<ServiceName, WatchedService>> = {};
  const make = (name: ServiceName, environment: Record<string, string>): WatchedService => {
    // The clock of each can be set while it runs.
    const settings = mergedSettings(clockSettings(directory, name), options.settings?.[name]);
    const made = new WatchedService({
      name,
      command: [serviceModule, name, directory, String(ports[name])],
      environment: { ...base, ...environment },
      settings,
      onDied,
    });
    services[name] = made;
    return made;
  };
  const proxies: TcpProxy[] = [];
  const stop = async (): Promise<void> => {
    for (const name of serviceNames.toReversed()) {
      // A process that a fault left stopped hears nothing.
      await services[name]?.signal("SIGCONT");
      await services[name]?.holdDown();
    }
    for (const proxy of proxies) await proxy.stop();
    await nats?.stop();
  };
  try {
    await make("store", external).start();
    const runFile = join(directory, "run.json");
    const run = (): RunFile => JSON.parse(readFileSync(runFile, "utf8")) as RunFile;
    const natsAddresses = nats?.addresses ?? [new URL(run().nats).host];
    const natsProxies: Partial<Record<ProxiedService, TcpProxy>> = {};
    const starting: Promise<void>[] = [];
    for (const [index, name] of serviceNames.entries()) {
      if (name === "store") continue;
      const proxy = await startProxies(turned(natsAddresses, index));
      proxies.push(proxy);
      natsProxies[name] = proxy;
      starting.push(make(name, { ...external, LIENTHONG_NATS_URL: proxy.address }).start());
    }
    await Promise.all(starting);
    const clientProxies = [];
    for (const name of ["exchange-1", "exchange-2"] as const) {
      const proxy = await startTcpProxy(`127.0.0.1:${ports[name]}`);
      proxies.push(proxy);
      clientProxies.push(proxy);
    }
    const made = services as Record<ServiceName, WatchedService>;
    return {
      directory,
      shard: run().shard || realShard(new Date()).name,
      services: made,
      natsServers: nats?.servers ?? [new EmbeddedNatsServer(directory, made.store)],
      clientProxies,
      natsEnvironment: external,
      natsProxies: natsProxies as Record<ProxiedService, TcpProxy>,
      addresses: {
        registry: `127.0.0.1:${ports.registry}`,
        exchanges: clientProxies.map(({ address }) => address),
        ledger: `127.0.0.1:${ports.ledger}`,
        audit: `127.0.0.1:${ports.audit}`,
      },
      run,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Each service begins with another server. */
function turned<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** A proxy in front of each server; what is done to one is done to all. The address names all of them. */
async function startProxies(targets: readonly string[]): Promise<TcpProxy> {
  const all = await Promise.all(targets.map((target) => startTcpProxy(target)));
  const each = (act: (proxy: TcpProxy) => void) => (): void => all.forEach(act);
  return {
    address: all.map(({ address }) => address).join(","),
    port: all[0]?.port ?? 0,
    aimAt: (target) => each((proxy) => proxy.aimAt(target))(),
    connections: () => all.reduce((sum, proxy) => sum + proxy.connections(), 0),
    cut: each((proxy) => proxy.cut()),
    refuse: each((proxy) => proxy.refuse()),
    swallow: (way) => each((proxy) => proxy.swallow(way))(),
    slow: (how) => each((proxy) => proxy.slow(how))(),
    jitter: (how) => each((proxy) => proxy.jitter(how))(),
    swallowedBytes: () => all.reduce((sum, proxy) => sum + proxy.swallowedBytes(), 0),
    heal: each((proxy) => proxy.heal()),
    stop: async () => void (await Promise.all(all.map((proxy) => proxy.stop()))),
  };
}

/** The nats-server that the store runs as its child. When it dies the store ends, and the store's next life starts another. */
class EmbeddedNatsServer implements WatchedProcess {
  readonly name = "nats-server";
  readonly #pidFile: string;
  readonly #store: WatchedService;

  constructor(directory: string, store: WatchedService) {
    this.#pidFile = join(directory, "nats", "run", "nats-server.pid");
    this.#store = store;
  }

  get pid(): number | null {
    const pid = existsSync(this.#pidFile) ? Number(readFileSync(this.#pidFile, "utf8")) : Number.NaN;
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  }

  async signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void> {
    const { pid } = this;
    if (pid === null) return;
    process.kill(pid, signal);
    while (signal === "SIGKILL" && existsSync(`/proc/${pid}/exe`)) await wait(5);
  }

  async holdDown(how: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (how === "SIGKILL") await this.signal("SIGKILL");
    await this.#store.holdDown();
  }

  start(): Promise<void> {
    return this.#store.start();
  }

  serving(withinMs?: number): Promise<void> {
    return this.#store.serving(withinMs);
  }
}

function mergedSettings(always: ServiceSettings, given: ServiceSettings = {}): ServiceSettings {
  return {
    preload: [...(always.preload ?? []), ...(given.preload ?? [])],
    environment: { ...always.environment, ...given.environment },
  };
}
