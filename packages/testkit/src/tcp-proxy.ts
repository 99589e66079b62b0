import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** The way of bytes through a proxy: `toServer` is what the client says, `toClient` what the server answers. */
export type ProxyWay = "toServer" | "toClient";

/** What a proxy does to the bytes of one way. */
interface WayFault {
  /** Nothing passes, and the sender is not told: its bytes are read and dropped, so they are gone after `heal`. */
  swallow: boolean;
  /** Least time on the way, in milliseconds. */
  delayMs: number;
  /** Up to this much more, drawn anew for each piece; the order of pieces is kept. */
  jitterMs: number;
  /** Most bytes per second; infinite by default. */
  bytesPerSecondMax: number;
}

/** A TCP relay in front of a server, with the faults of a network. All may be changed at any time, for connections that are open, too. */
export interface TcpProxy {
  /** "host:port" to connect to. It stays the same whatever happens. */
  readonly address: string;
  readonly port: number;
  /** Relays to another "host:port" from now on, for example to a server that came back elsewhere; connections that are open stay. */
  aimAt(target: string): void;
  /** Connections that are open through it. */
  connections(): number;
  /** Bytes that were swallowed since the start, both ways. */
  swallowedBytes(): number;
  /** Ends all connections, by a reset as a crashed peer's kernel would. New ones are taken. */
  cut(): void;
  /** Ends all connections and those that are made until `heal`, as they come: nobody is behind the address. */
  refuse(): void;
  /** Half-open: what is sent one way (or both) vanishes, and the connection looks alive. New connections are taken and are as mute. */
  swallow(way?: ProxyWay | "both"): void;
  /** Every piece takes so long, on both ways unless told. */
  slow(options: { readonly delayMs?: number; readonly bytesPerSecondMax?: number; readonly way?: ProxyWay }): void;
  /** Every piece takes up to so much longer, differently each time. `random` gives numbers from 0 to below 1; seed it. */
  jitter(options: { readonly jitterMs: number; readonly random?: () => number }): void;
  /**
   * Ends every fault. What was swallowed stays lost, so a stream protocol that goes on over such a connection would be garbled: connections
   * through which anything was swallowed are cut.
   */
  heal(): void;
  stop(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  hasLost: boolean;
}

const piecesHeldMax = 256;
const nothing: Readonly<WayFault> = {
  swallow: false,
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecondMax: Number.POSITIVE_INFINITY,
};

/** Starts a relay on loopback to "host:port"; the port is a free one unless told. */
export async function startTcpProxy(target: string, options: { readonly port?: number } = {}): Promise<TcpProxy> {
  let aim = addressParts(target);
  const links = new Set<Link>();
  const faults: Record<ProxyWay, WayFault> = { toServer: { ...nothing }, toClient: { ...nothing } };
  let refusing = false;
  let random = Math.random;
  let swallowedBytes = 0;

  function drop(link: Link): void {
    if (!links.delete(link)) return;
    for (const socket of [link.client, link.server]) {
      // A reset, once: a second one on the same socket, or one before it is connected, keeps the event loop spinning.
      if (socket.connecting || socket.readyState !== "open") socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  function lose(link: Link, bytes: Buffer): void {
    link.hasLost = true;
    swallowedBytes += bytes.length;
  }

  /** Hands pieces on in their order, each when its time has come; the sender waits while the receiver does. */
  function relay(link: Link, from: Socket, to: Socket, way: ProxyWay): void {
    const queue: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
    let lastDueMs = 0;
    let ending = false;
    let timer: NodeJS.Timeout | null = null;
    const finish = (): void => {
      if (ending && queue.length === 0 && !to.destroyed) to.end();
    };
    const handOn = (bytes: Buffer): void => {
      if (to.destroyed) return;
      if (faults[way].swallow) lose(link, bytes);
      else if (!to.write(bytes)) from.pause();
    };
    const handOnDue = (): void => {
      timer = null;
      for (let next = queue[0]; next !== undefined && next.dueMs <= performance.now(); next = queue[0]) {
        queue.shift();
        handOn(next.bytes);
      }
      const next = queue[0];
      if (next !== undefined) timer = setTimeout(handOnDue, Math.max(1, next.dueMs - performance.now()));
      if (queue.length < piecesHeldMax / 2 && !to.writableNeedDrain) from.resume();
      finish();
    };
    to.on("drain", () => from.resume());
    to.on("close", () => {
      if (timer !== null) clearTimeout(timer);
    });
    from.on("data", (bytes: Buffer) => {
      const { swallow, delayMs, jitterMs, bytesPerSecondMax } = faults[way];
      if (swallow) {
        lose(link, bytes);
        return;
      }
      const wanted = performance.now() + delayMs + jitterMs * random();
      // A piece never overtakes the one before it, and takes its own time at the rate.
      const onTheWayMs = Number.isFinite(bytesPerSecondMax) ? (bytes.length / bytesPerSecondMax) * 1_000 : 0;
      lastDueMs = Math.max(lastDueMs, wanted) + onTheWayMs;
      queue.push({ bytes, dueMs: lastDueMs });
      // Bounds what a slow way holds in memory.
      if (queue.length >= piecesHeldMax) from.pause();
      if (timer === null) handOnDue();
    });
    from.on("end", () => {
      ending = true;
      if (!faults[way].swallow) finish();
    });
  }

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...aim, allowHalfOpen: true });
    const link: Link = { client, server, hasLost: false };
    links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => drop(link));
      socket.on("close", () => {
        // A half-open connection stays so for its client: only the fault's end tells it.
        if (!(faults.toClient.swallow && socket === server)) drop(link);
        else link.hasLost = true;
      });
    }
    relay(link, client, server, "toServer");
    relay(link, server, client, "toClient");
  });
  listener.listen(options.port ?? 0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;

  function cut(): void {
    for (const link of [...links]) drop(link);
  }
  const waysOf = (way: ProxyWay | "both" | undefined): ProxyWay[] =>
    way === undefined || way === "both" ? ["toServer", "toClient"] : [way];

  return {
    address: `127.0.0.1:${port}`,
    port,
    aimAt(next) {
      aim = addressParts(next);
    },
    connections: () => links.size,
    swallowedBytes: () => swallowedBytes,
    cut,
    refuse() {
      refusing = true;
      cut();
    },
    swallow(way) {
      for (const each of waysOf(way)) faults[each].swallow = true;
    },
    slow({ delayMs = 0, bytesPerSecondMax = Number.POSITIVE_INFINITY, way }) {
      for (const each of waysOf(way)) Object.assign(faults[each], { delayMs, bytesPerSecondMax });
    },
    jitter({ jitterMs, random: given }) {
      if (given !== undefined) random = given;
      for (const each of waysOf("both")) faults[each].jitterMs = jitterMs;
    },
    heal() {
      refusing = false;
      for (const way of waysOf("both")) Object.assign(faults[way], nothing);
      for (const link of [...links]) if (link.hasLost) drop(link);
    },
    async stop() {
      cut();
      const closed = once(listener, "close");
      listener.close();
      await closed;
    },
  };
}

function addressParts(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  const port = Number(address.slice(at + 1));
  if (at < 1 || !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new RangeError(`"${address}" is no address to relay to; write host:port.`);
  }
  return { host: address.slice(0, at), port };
}
