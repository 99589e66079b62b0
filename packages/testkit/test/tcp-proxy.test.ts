import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startTcpProxy, type TcpProxy } from "../src/tcp-proxy.ts";

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that says back what it hears, behind a proxy. */
async function echoBehindProxy(): Promise<{ proxy: TcpProxy; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard.push(bytes);
      socket.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const proxy = await startTcpProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(() => proxy.stop());
  return { proxy, heard };
}

async function dial(proxy: TcpProxy): Promise<{ socket: Socket; text(): string }> {
  const socket = connect(proxy.port, "127.0.0.1");
  socket.on("error", () => {});
  closing.push(() => socket.destroy());
  let text = "";
  socket.setEncoding("latin1").on("data", (more: string) => {
    text += more;
  });
  await once(socket, "connect");
  return { socket, text: () => text };
}

const until = (condition: () => boolean, what: string) =>
  expect.poll(condition, { timeout: 10_000, message: what }).toBe(true);

/** A reset is an error first, which `once` would throw. */
const closeOf = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

test("bytes pass whole and in order, both ways, slow and with jitter too", async () => {
  const { proxy } = await echoBehindProxy();
  const { socket, text } = await dial(proxy);
  proxy.slow({ delayMs: 5 });
  proxy.jitter({ jitterMs: 20 });
  const said = Array.from({ length: 50 }, (_, index) => `piece ${index};`);
  const startedAt = performance.now();
  for (const piece of said) socket.write(piece);
  await until(() => text() === said.join(""), "everything came back");
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(9);
  proxy.heal();
  socket.write("healed");
  await until(() => text().endsWith("healed"), "bytes pass at once after heal");
});

test("a rate bounds how fast bytes pass", async () => {
  const { proxy } = await echoBehindProxy();
  const { socket, text } = await dial(proxy);
  proxy.slow({ bytesPerSecondMax: 100_000, way: "toServer" });
  const startedAt = performance.now();
  socket.write(Buffer.alloc(20_000, 65));
  await until(() => text().length === 20_000, "everything came back");
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
});

test("a half-open connection looks alive, loses what is said, and is cut when healed", async () => {
  const { proxy, heard } = await echoBehindProxy();
  const { socket, text } = await dial(proxy);
  socket.write("before");
  await until(() => text() === "before", "the first answer came");
  proxy.swallow("toClient");
  socket.write("during");
  await until(() => Buffer.concat(heard).toString() === "beforeduring", "the server heard it");
  expect(text()).toBe("before");
  expect(socket.destroyed).toBe(false);
  const closed = closeOf(socket);
  proxy.heal();
  await closed;
  const again = await dial(proxy);
  again.socket.write("after");
  await until(() => again.text() === "after", "a new connection works");
});

test("swallowing both ways keeps words from the server, also on connections made meanwhile", async () => {
  const { proxy, heard } = await echoBehindProxy();
  proxy.swallow();
  const { socket } = await dial(proxy);
  socket.write("into the void");
  await until(() => proxy.swallowedBytes() === 13, "the words vanished");
  proxy.heal();
  const again = await dial(proxy);
  again.socket.write("heard");
  await until(() => again.text() === "heard", "the new connection is heard");
  expect(Buffer.concat(heard).toString()).toBe("heard");
});

test("cut ends what is open, refuse also what comes, until healed", async () => {
  const { proxy } = await echoBehindProxy();
  const first = await dial(proxy);
  const cut = closeOf(first.socket);
  await until(() => proxy.connections() === 1, "the connection stands");
  proxy.cut();
  await cut;
  proxy.refuse();
  const second = connect(proxy.port, "127.0.0.1");
  second.on("error", () => {});
  await closeOf(second);
  proxy.heal();
  const third = await dial(proxy);
  third.socket.write("again");
  await until(() => third.text() === "again", "connections are taken again");
});

test("an address that is none is refused by a sentence", async () => {
  await expect(startTcpProxy("nowhere")).rejects.toThrow('"nowhere" is no address to relay to; write host:port.');
});
