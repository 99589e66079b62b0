import { makeGenericClientConstructor } from "@grpc/grpc-js";
import { createGrpcCredentials, grpcChannelOptions } from "@lienthong/chassis";
import { service as healthService } from "grpc-health-check";
import { type NatsCluster, startTestBus, type TestBus } from "../../../packages/testkit/src/index.ts";

/** A bus with two exchange replicas on a cluster of three nats-servers. */
export interface ReplicatedBus<Cluster extends ClusterAccess = NatsCluster> {
  readonly cluster: Cluster;
  readonly bus: TestBus;
  /** What each exchange replica says of its health. */
  health(): Promise<string[]>;
  stop(): Promise<void>;
}

/** What the bus has to know of a cluster. */
export interface ClusterAccess {
  readonly url: string;
  readonly seeds: string;
  stop(): Promise<void>;
}

/** Starts a bus on a cluster, which it stops with itself. It finds the cluster as an operator's would: by its environment. */
export async function startReplicatedBus<Cluster extends ClusterAccess>(
  cluster: Cluster,
): Promise<ReplicatedBus<Cluster>> {
  const before = { url: process.env.LIENTHONG_NATS_URL, seeds: process.env.LIENTHONG_NATS_SEEDS };
  process.env.LIENTHONG_NATS_URL = cluster.url;
  process.env.LIENTHONG_NATS_SEEDS = cluster.seeds;
  try {
    const bus = await startTestBus({ replicas: 2 });
    return {
      cluster,
      bus,
      health: () => Promise.all(bus.bus.replicas.map(({ address }) => healthOf(bus, address))),
      async stop() {
        await bus.stop();
        await cluster.stop();
        restore("LIENTHONG_NATS_URL", before.url);
        restore("LIENTHONG_NATS_SEEDS", before.seeds);
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

interface HealthClient {
  check(request: { service: string }, callback: (error: Error | null, answer?: { status: string }) => void): unknown;
  close(): void;
}

const HealthClient = makeGenericClientConstructor(healthService as never, "grpc.health.v1.Health");

async function healthOf(bus: TestBus, address: string): Promise<string> {
  const system = bus.systemOf("hn-wold-00001");
  const client = new HealthClient(
    address,
    createGrpcCredentials(bus.tls(system)),
    grpcChannelOptions({ serverName: "localhost" }),
  ) as unknown as HealthClient;
  try {
    return await new Promise<string>((resolve, reject) => {
      client.check({ service: "" }, (error, answer) =>
        error === null ? resolve(answer?.status ?? "") : reject(error),
      );
    });
  } finally {
    client.close();
  }
}
