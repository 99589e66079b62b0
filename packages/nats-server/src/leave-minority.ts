import { setTimeout as wait } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { serverStateSubject } from "./accounts.ts";

const probeEveryMs = 1_000;
const probeWaitMs = 1_000;
/** So many probes in a row must find no majority: one may fall into a restart. */
const missesMax = 2;
const restMsMin = 2_000;
const restMsMax = 16_000;

interface ServerAnswer {
  readonly server?: { readonly name?: string };
  readonly data?: { readonly meta_cluster?: { readonly cluster_size?: number } };
}

/**
 * Takes a connection away from a server that is cut off from most of its cluster. Such a server keeps its clients, and answers them nothing
 * or what is old; only whether the others still answer through it tells. Every second the servers are asked for a sign of life; if fewer
 * than a majority give one, twice in a row, the connection goes on to the next server of its list, and rests before it looks again. A
 * server on its own is left alone. Runs until the connection is closed.
 */
export async function leaveMinority(connection: NatsConnection): Promise<void> {
  const ending = new AbortController();
  void connection.closed().then(() => ending.abort());
  const { signal } = ending;
  let misses = 0;
  let restMs = restMsMin;
  while (!connection.isClosed()) {
    await wait(probeEveryMs, undefined, { signal, ref: false }).catch(() => {});
    if (connection.isClosed() || connection.isDraining() || connection.info?.cluster === undefined) continue;
    if (await hearsMajority(connection)) {
      misses = 0;
      restMs = restMsMin;
      continue;
    }
    misses += 1;
    if (misses < missesMax || connection.isClosed() || connection.isDraining()) continue;
    misses = 0;
    // What is under way gets no answer any more, as after any loss of the connection; whoever asked looks what came of it.
    await connection.reconnect().catch(() => {});
    await wait(restMs, undefined, { signal, ref: false }).catch(() => {});
    restMs = Math.min(restMs * 2, restMsMax);
  }
}

/** Whether, through this connection's server, most of the cluster's servers answer. */
async function hearsMajority(connection: NatsConnection): Promise<boolean> {
  const names = new Set<string>();
  try {
    const answers = await connection.requestMany(serverStateSubject, "{}", { strategy: "timer", maxWait: probeWaitMs });
    for await (const answer of answers) {
      const { server, data } = answer.json<ServerAnswer>();
      if (server?.name === undefined) continue;
      names.add(server.name);
      const clusterSize = data?.meta_cluster?.cluster_size;
      if (clusterSize !== undefined && 2 * names.size > clusterSize) return true;
    }
  } catch {
    // The connection went away meanwhile, or nobody answers.
  }
  return false;
}
