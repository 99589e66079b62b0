import type { Msg, NatsConnection, RequestOptions } from "@nats-io/nats-core";

/** What happened to the connection. */
export type ConnectionEvent = "disconnect" | "reconnect" | "close";

/** Knows whether a connection is up; the client's own interface does not say. */
export interface ConnectionWatch {
  isConnected(): boolean;
  isClosed(): boolean;
  /** Calls `listener` on each change until the returned function is called. */
  listen(listener: (event: ConnectionEvent) => void): () => void;
}

/** The connection is down, or went away while an answer was awaited: then the request may or may not have had its effect. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
}

const watches = new WeakMap<NatsConnection, ConnectionWatch>();

/** One watch per connection, made on first use. It ends with the connection. */
export function watchConnection(connection: NatsConnection): ConnectionWatch {
  const known = watches.get(connection);
  if (known) return known;

  let connected = !connection.isClosed();
  const listeners = new Set<(event: ConnectionEvent) => void>();
  const announce = (event: ConnectionEvent) => {
    connected = event === "reconnect";
    for (const listener of [...listeners]) listener(event);
  };
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect" || status.type === "reconnect") announce(status.type);
    }
  })();
  void connection.closed().then(() => announce("close"));

  const watch: ConnectionWatch = {
    isConnected: () => connected && !connection.isClosed(),
    isClosed: () => connection.isClosed(),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  watches.set(connection, watch);
  return watch;
}

/**
 * A request that fails as soon as the connection is lost. The client alone would wait for its whole timeout: an
 * answer cannot arrive any more, because the server forgot the inbox together with the connection.
 */
export function requestWhileConnected(
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array | string,
  options: RequestOptions,
): Promise<Msg> {
  const watch = watchConnection(connection);
  if (!watch.isConnected()) {
    // The client would buffer the request and drop it on reconnecting, so the answer would never come.
    return Promise.reject(new ConnectionLostError(`The connection to NATS is down, so ${subject} was not asked.`));
  }
  return new Promise((resolve, reject) => {
    const unlisten = watch.listen((event) => {
      if (event === "reconnect") return;
      unlisten();
      reject(new ConnectionLostError(`The connection to NATS was lost while waiting for an answer on ${subject}.`));
    });
    requestWithoutTraces(connection, subject, payload, options).then(
      (message) => {
        unlisten();
        resolve(message);
      },
      (error: unknown) => {
        unlisten();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

/**
 * The client builds two errors per request before it knows whether it needs them; writing down where they were made took a tenth of the
 * exchange's main thread. Their messages say all that is needed here.
 */
function requestWithoutTraces(
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array | string,
  options: RequestOptions,
): Promise<Msg> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return connection.request(subject, payload, options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A fresh inbox under the connection's own prefix, which its permissions may demand. */
export function inboxPrefixOf(connection: NatsConnection): string | undefined {
  // The connection keeps its options, but its published interface does not show them.
  return (connection as NatsConnection & { options?: { inboxPrefix?: string } }).options?.inboxPrefix;
}
