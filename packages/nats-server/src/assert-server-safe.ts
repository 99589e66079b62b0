import type { NatsConnection } from "@nats-io/transport-node";
import { serverStateSubject } from "./accounts.ts";
import { NatsServerError } from "./errors.ts";
import { isVersionAccepted, tooOldSentence } from "./server-version.ts";

const answerWaitMs = 2_000;

export interface AssertServerSafeOptions {
  /** Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How `sync_interval: always` was established; `trusted` means nobody looked. */
export type SyncEvidence = "server" | "monitor" | "trusted";

/**
 * Refuses a server that would acknowledge before the disk has the message, or that is too old. What a client may see by
 * itself is only the version; the flush setting is asked from the servers through the subject our configuration
 * imports from the system account, else from `LIENTHONG_NATS_MONITOR_URL`, else taken on `LIENTHONG_NATS_TRUST_SYNC=yes`.
 * To be called after every start; the setting cannot change while a server runs.
 */
export async function assertServerSafe(
  connection: NatsConnection,
  options: AssertServerSafeOptions = {},
): Promise<{ readonly version: string; readonly sync: SyncEvidence }> {
  const env = options.env ?? process.env;
  const version = connection.info?.version;
  if (version === undefined) {
    throw new NatsServerError("SYNC_UNKNOWN", "The connection is not open, so its server cannot be checked.");
  }
  const address = connection.getServer();
  if (!isVersionAccepted(version)) {
    throw new NatsServerError("SERVER_TOO_OLD", tooOldSentence(address, version));
  }
  const answers = await askServers(connection);
  if (answers.length > 0) {
    refuseUnlessAlways(answers);
    return { version, sync: "server" };
  }
  const monitorUrl = env.LIENTHONG_NATS_MONITOR_URL?.trim();
  if (monitorUrl) {
    refuseUnlessAlways([await askMonitor(monitorUrl)]);
    return { version, sync: "monitor" };
  }
  if (env.LIENTHONG_NATS_TRUST_SYNC === "yes") {
    return { version, sync: "trusted" };
  }
  throw new NatsServerError(
    "SYNC_UNKNOWN",
    `Whether the server at ${address} fsyncs before it acknowledges cannot be seen. Use deploy/nats/nats-server.conf there, or set LIENTHONG_NATS_MONITOR_URL to its monitoring address, or, if you have made sure of "sync_interval: always" yourself, LIENTHONG_NATS_TRUST_SYNC=yes.`,
  );
}

interface ServerState {
  readonly name: string;
  readonly isSyncAlways: boolean;
}

/** Every server of a cluster answers; none does where the subject is not imported or not allowed. */
async function askServers(connection: NatsConnection): Promise<ServerState[]> {
  const states: ServerState[] = [];
  try {
    const answers = await connection.requestMany(serverStateSubject, "{}", {
      strategy: "stall",
      stall: 300,
      maxWait: answerWaitMs,
    });
    for await (const answer of answers) {
      const body = answer.json<{ server?: { name?: string }; data?: JetStreamState }>();
      const state = readState(body.data, body.server?.name);
      if (state !== undefined) {
        states.push(state);
      }
    }
  } catch {
    // Not allowed, or nobody listens: the same as no answer.
  }
  return states;
}

async function askMonitor(monitorUrl: string): Promise<ServerState> {
  let body: JetStreamState;
  try {
    const response = await fetch(new URL("jsz", monitorUrl.endsWith("/") ? monitorUrl : `${monitorUrl}/`), {
      signal: AbortSignal.timeout(answerWaitMs),
    });
    body = (await response.json()) as JetStreamState;
  } catch (cause) {
    throw new NatsServerError(
      "SYNC_UNKNOWN",
      `The monitoring address ${monitorUrl} gives no answer; check LIENTHONG_NATS_MONITOR_URL.`,
      { cause },
    );
  }
  const state = readState(body, monitorUrl);
  if (state === undefined) {
    throw new NatsServerError(
      "SYNC_UNKNOWN",
      `The server monitored at ${monitorUrl} has no JetStream; enable it, or correct LIENTHONG_NATS_MONITOR_URL.`,
    );
  }
  return state;
}

interface JetStreamState {
  readonly disabled?: boolean;
  readonly config?: { readonly sync_always?: boolean };
}

/** Undefined for a server without JetStream: it stores nothing, so it cannot lose anything. */
function readState(state: JetStreamState | undefined, name: string | undefined): ServerState | undefined {
  if (state?.config === undefined || state.disabled === true) {
    return undefined;
  }
  return { name: name ?? "unnamed", isSyncAlways: state.config.sync_always === true };
}

function refuseUnlessAlways(states: readonly ServerState[]): void {
  const unsafe = states.filter((state) => !state.isSyncAlways).map((state) => state.name);
  if (unsafe.length > 0) {
    throw new NatsServerError(
      "SYNC_NOT_ALWAYS",
      `nats-server ${unsafe.join(", ")} acknowledges before the disk has the message; set "sync_interval: always" in its jetstream block and restart it.`,
    );
  }
}
