import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server, which cuts all that goes through it when told, and takes new connections at once. */
export async function openProxy(to: string): Promise<{ address: string; cut(): void; close(): Promise<void> }> {
  const port = Number(to.slice(to.lastIndexOf(":") + 1));
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(into);
      from.on("error", () => into.destroy());
      from.on("close", () => {
        open.delete(from);
        into.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as { port: number };
  const cut = () => {
    for (const socket of [...open]) socket.destroy();
  };
  return {
    address: `127.0.0.1:${own}`,
    cut,
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
