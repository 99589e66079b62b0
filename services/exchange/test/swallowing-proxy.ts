import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP relay in front of a server that can keep the server's answers to itself. */
export interface SwallowingProxy {
  /** "host:port" to connect to. */
  readonly address: string;
  /** From now on nothing of what the server says reaches the client. */
  swallow(): void;
  /** Cuts all connections; those made afterwards are relayed whole. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts a relay to "host:port". */
export async function startSwallowingProxy(target: string): Promise<SwallowingProxy> {
  const [host, port] = target.split(":") as [string, string];
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let swallowing = false;
  const listener = createServer((client) => {
    const server = connect(Number(port), host);
    const pair = [client, server] as const;
    pairs.add(pair);
    client.pipe(server);
    server.on("data", (bytes) => {
      if (!swallowing) client.write(bytes);
    });
    const close = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) socket.on("close", close).on("error", close);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => {
    swallowing = false;
    for (const [client, server] of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    swallow() {
      swallowing = true;
    },
    cut,
    async stop() {
      cut();
      listener.close();
      await once(listener, "close");
    },
  };
}
