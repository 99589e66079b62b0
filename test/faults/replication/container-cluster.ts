import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDevelopmentAuthority } from "@lienthong/chassis";
import { ensureRoleKeys, renderClusterBlock } from "@lienthong/nats-server";
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import { makeNatsImageContext } from "../../../deploy/images/nats-server/make-context.ts";
import { leaderAmong, replicasCurrent } from "../../../packages/testkit/src/nats-cluster.ts";

/** Three nats-servers in containers of the image that is deployed, their routes on a network of their own, and no other way between them. */
export interface ContainerCluster {
  readonly url: string;
  readonly seeds: string;
  leaderOf(stream: string, options?: { readonly without?: readonly number[] }): Promise<number>;
  /** Takes a member off the routes' network, as when its cable is pulled; its clients still reach it. */
  isolate(index: number): Promise<void>;
  /** Puts it back. */
  rejoin(index: number): Promise<void>;
  /** Ends a member by SIGKILL. */
  kill(index: number): Promise<void>;
  start(index: number): Promise<void>;
  /** Resolves when every member says that it is up to date, and every stream's leader says so of the others. */
  upToDate(withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

const names = ["nats-1", "nats-2", "nats-3"] as const;
const routesFolder = "/etc/lienthong/routes";

/** Builds the image, and starts the three. A Docker engine must run. */
export async function startContainerCluster(): Promise<ContainerCluster> {
  // Containers are removed below; the reaper would be an image to fetch from elsewhere.
  process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  const directory = await mkdtemp(join(tmpdir(), "lienthong-containers-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  try {
    const context = join(directory, "image");
    await makeNatsImageContext(context);
    const imageName = `lienthong/nats-server:test-${process.pid}`;
    const image = await GenericContainer.fromDockerfile(context).build(imageName, { deleteOnExit: false });
    const runtime = await getContainerRuntimeClient();
    undo.push(() => runtime.container.dockerode.getImage(imageName).remove({ force: true }));
    const seeds = join(directory, "nkeys");
    const keys = await ensureRoleKeys(seeds);
    const nkeys = Object.entries(keys).map(([role, key]) => `LIENTHONG_NKEY_${role.toUpperCase()}: ${key.publicKey}`);
    const authority = await openDevelopmentAuthority({ folder: join(directory, "routes-tls") });
    const clients = await new Network().start();
    undo.push(() => clients.stop());
    const routes = await new Network().start();
    undo.push(() => routes.stop());
    const routesNetwork = runtime.network.getById(routes.getId());
    const joinRoutes = (container: StartedTestContainer, name: string): Promise<void> =>
      runtime.container.connectToNetwork(runtime.container.getById(container.getId()), routesNetwork, [name]);

    const containers: StartedTestContainer[] = [];
    for (const name of names) {
      const { files } = await authority.member(name, [name]);
      const cluster = renderClusterBlock({
        clusterName: "lienthong",
        routeListen: "0.0.0.0:6222",
        routeAdvertise: `${name}:6222`,
        routes: names.filter((other) => other !== name).map((other) => `${other}:6222`),
        routeTls: {
          caPath: `${routesFolder}/ca.crt`,
          certPath: `${routesFolder}/route.crt`,
          keyPath: `${routesFolder}/route.key`,
        },
      });
      const site = [
        `server_name: ${name}`,
        'listen: "0.0.0.0:4222"',
        'http: "0.0.0.0:8222"',
        'LIENTHONG_STORE_DIR: "/var/lib/lienthong/nats"',
        "LIENTHONG_STORE_BYTES_MAX: 4GB",
        "LIENTHONG_MEMORY_BYTES_MAX: 256MB",
        ...nkeys,
        ...cluster,
      ].join("\n");
      const container = await image
        .withNetwork(clients as StartedNetwork)
        .withNetworkAliases(`${name}-for-clients`)
        .withCopyContentToContainer([
          { content: `${site}\n`, target: "/etc/lienthong/site.conf" },
          { content: await readFile(files.caPath), target: `${routesFolder}/ca.crt` },
          { content: await readFile(files.certPath), target: `${routesFolder}/route.crt` },
          { content: await readFile(files.keyPath), target: `${routesFolder}/route.key`, mode: 0o600 },
        ])
        .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
        .withStartupTimeout(60_000)
        .start();
      undo.push(() => container.stop({ timeout: 1_000 }));
      containers.push(container);
      await joinRoutes(container, name);
    }
    const networkName = clients.getName();
    // The host is on every bridge: no port needs to be published.
    const handle = (index: number) => runtime.container.getById((containers[index] as StartedTestContainer).getId());
    /** Asked each time: a container that is started again may have another one. */
    const addressOf = async (index: number): Promise<string> => {
      const { NetworkSettings } = await runtime.container.inspect(handle(index));
      return NetworkSettings.Networks[networkName]?.IPAddress ?? "";
    };
    const urls = await Promise.all(names.map(async (_, index) => `nats://${await addressOf(index)}:4222`));

    async function upToDate(withinMs = 60_000): Promise<void> {
      for (const [index, name] of names.entries()) {
        for (const deadline = performance.now() + withinMs; ; ) {
          const answer = await fetch(`http://${await addressOf(index)}:8222/healthz`, {
            signal: AbortSignal.timeout(1_000),
          }).catch(() => null);
          await answer?.arrayBuffer();
          if (answer?.ok === true) break;
          if (performance.now() > deadline) throw new Error(`${name} was not up to date within ${withinMs} ms.`);
          await new Promise((resume) => setTimeout(resume, 100));
        }
      }
      await replicasCurrent({ seeds, urls, withinMs });
    }
    await upToDate();
    return {
      url: urls.join(","),
      seeds,
      leaderOf: (stream, { without = [] } = {}) =>
        leaderAmong({ stream, seeds, names, urls: urls.filter((_, index) => !without.includes(index)), without }),
      async isolate(index) {
        await routesNetwork.disconnect({ Container: handle(index).id, Force: true });
      },
      rejoin: (index) => joinRoutes(containers[index] as StartedTestContainer, names[index] as string),
      async kill(index) {
        await handle(index).kill({ signal: "SIGKILL" });
      },
      async start(index) {
        await handle(index).start();
      },
      upToDate,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
