import { connect, type NatsConnection, nkeyAuthenticator } from "@nats-io/transport-node";
import { inboxPrefixOf, type Role } from "./accounts.ts";
import { leaveMinority } from "./leave-minority.ts";
import { readSeed } from "./role-keys.ts";

export interface ConnectAsOptions {
  /** One address, or several separated by commas. */
  readonly url: string;
  readonly role: Role;
  readonly seedFilePath: string;
  /** Shown in the server's connection list; for example `exchange-1`. */
  readonly name: string;
}

/**
 * Connects as one role. The first connection must succeed, so a wrong address or key is seen at start; after that the
 * client reconnects for ever, because a service that outlives its server's restart has nothing better to do.
 */
export async function connectAs(options: ConnectAsOptions): Promise<NatsConnection> {
  const seed = await readSeed(options.seedFilePath);
  const connection = await connect({
    servers: options.url.split(",").map((url) => url.trim()),
    name: options.name,
    authenticator: nkeyAuthenticator(seed),
    // The role's rights name this prefix; with the default one every reply would be refused.
    inboxPrefix: inboxPrefixOf(options.role),
    waitOnFirstConnect: false,
    timeout: 5_000,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    reconnectJitterTLS: 250,
    // A server that restarts with other keys is an operator's error to repair, not a reason to give up for good.
    ignoreAuthErrorAbort: true,
    // A silent peer is noticed after about this times (maxPingOut + 1).
    pingInterval: 3_000,
    maxPingOut: 2,
    // Otherwise the client takes down two call stacks for every request, to have them at hand should it fail.
    noAsyncTraces: true,
  });
  // A server that is cut off from its cluster keeps its clients, and is no use to them.
  void leaveMinority(connection);
  return connection;
}
