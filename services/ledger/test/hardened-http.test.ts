// What hostile or broken readers of the logs meet, on real sockets.
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { get as getHttp } from "node:http";
import { get as getTls } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { createLogger, openDevelopmentAuthority, type StoredTlsMaterial } from "@lienthong/chassis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KeptCheckpoints } from "../src/kept-checkpoints.ts";
import type { Log } from "../src/log.ts";
import { keptFileName, LogFiles } from "../src/log-files.ts";
import { type LogHttp, serveLogHttp } from "../src/serve-http.ts";
import { ServedLogs } from "../src/served-logs.ts";
import { newFolder, newSigner, someEntries, writeLog } from "./small-log.ts";

const size = 300;
let folder: Awaited<ReturnType<typeof newFolder>>;
let kept: KeptCheckpoints;
let material: StoredTlsMaterial;
let plain: LogHttp;
let secure: LogHttp;
let tight: LogHttp;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  folder = await newFolder();
  const directory = join(folder.path, "log");
  const signer = await newSigner();
  await writeLog(directory, signer, someEntries(size), [size]);
  kept = new KeptCheckpoints(join(directory, keptFileName));
  const log: Pick<Log, "name" | "signer" | "files" | "kept" | "head"> = {
    ...{ name: "small-shard", signer, files: new LogFiles(directory), kept },
    head: () => ({ size, root: new Uint8Array(32), note: "" }),
  };
  const logs = new ServedLogs();
  logs.add(log as Log);
  material = await (await openDevelopmentAuthority({ folder: join(folder.path, "tls") })).server();
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const logger = createLogger({ service: "http-test", destination: { write } });
  const on = { logs, address: "127.0.0.1:0", entriesToken: "t".repeat(43), logger };
  plain = await serveLogHttp(on);
  secure = await serveLogHttp({ ...on, tls: material });
  const bounds = { requestTimeoutMs: 900, headersTimeoutMs: 600, silenceMsMax: 1_500, connectionsMax: 8 };
  tight = await serveLogHttp({ ...on, bounds });
});

afterAll(async () => {
  for (const served of [plain, secure, tight]) await served.close(0);
  kept.close();
  await folder.remove();
});

const portOf = ({ url }: LogHttp): number => Number(new URL(url).port);
const checkpoint = "/small-shard/checkpoint";

async function openSocket(to: LogHttp): Promise<Socket> {
  const socket = connect(portOf(to), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All that a server says on a socket until it closes it, and how long that took. */
async function untilClosed(socket: Socket): Promise<{ said: string; tookMs: number }> {
  const startedAt = performance.now();
  let said = "";
  socket.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
  });
  await once(socket, "close");
  return { said, tookMs: performance.now() - startedAt };
}

function headersOf(url: string): Promise<Record<string, unknown>> {
  const { caPem } = material;
  return new Promise((resolve, reject) => {
    const get = url.startsWith("https") ? getTls : getHttp;
    get(url, { ca: caPem, servername: "localhost", agent: false } as object, (response) => {
      response.resume();
      response.on("end", () => resolve(response.headers));
    }).on("error", reject);
  });
}

test.each([checkpoint, "/small-shard/tile/0/000", "/small-shard/tile/entries/000", "/nothing", "/small-shard/../head"])(
  "every answer, of %s too, says that it is no page, is of its type, and may be read by anybody's page",
  async (path) => {
    const headers = await headersOf(`${plain.url}${path}`);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": expect.stringMatching(/^default-src 'none'; frame-ancestors 'none'/),
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "cross-origin",
      "access-control-allow-origin": "*",
    });
    expect(Object.keys(headers)).not.toContain("server");
    expect(Object.keys(headers)).not.toContain("x-powered-by");
    expect(Object.keys(headers)).not.toContain("strict-transport-security");
    expect(Object.keys(headers)).not.toContain("access-control-allow-credentials");
  },
);

test("over TLS browsers are told to come back over TLS alone; older versions of TLS are refused", async () => {
  expect(await headersOf(`${secure.url.replace("127.0.0.1", "localhost")}${checkpoint}`)).toMatchObject({
    "strict-transport-security": "max-age=31536000",
  });
  const socket = connectTls({ port: portOf(secure), host: "127.0.0.1", ca: material.caPem, maxVersion: "TLSv1.2" });
  const [error] = (await once(socket, "error").catch((thrown: unknown) => [thrown])) as [Error];
  expect(String(error)).toMatch(/version|ECONNRESET/i);
});

test.each([
  ["headers that never end", "GET /small-shard/checkpoint HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n"],
  ["a request line that never ends", "GET /small", "s"],
  ["nothing at all", "", ""],
])("%s lose their place in time, however slowly they come", async (_name, first, again) => {
  const socket = await openSocket(tight);
  if (first !== "") socket.write(first);
  const timer = setInterval(() => again !== "" && socket.writable && socket.write(again), 100);
  const { tookMs, said } = await untilClosed(socket);
  clearInterval(timer);
  expect(tookMs).toBeLessThan(6_000);
  expect(said === "" || said.startsWith("HTTP/1.1 408")).toBe(true);
});

test("a request with a body is refused before the body is read", async () => {
  for (const header of ["Content-Length: 1000000000", "Transfer-Encoding: chunked"]) {
    const socket = await openSocket(plain);
    socket.write(`GET ${checkpoint} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    const { said } = await untilClosed(socket);
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
  }
});

test("two lengths, a length beside chunks, a bare line feed or a null byte are no requests", async () => {
  for (const odd of [
    "Content-Length: 0\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "X: a\0b\r\n",
    "X : a\r\n",
  ]) {
    const socket = await openSocket(plain);
    socket.write(`GET ${checkpoint} HTTP/1.1\r\nHost: x\r\n${odd}\r\n`);
    const { said } = await untilClosed(socket);
    expect({ odd, said: said.slice(0, 12) }).toEqual({ odd, said: "HTTP/1.1 400" });
  }
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])("%s is not allowed", async (method) => {
  const socket = await openSocket(plain);
  socket.write(`${method} ${checkpoint} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const { said } = await untilClosed(socket);
  expect(said).toMatch(/^HTTP\/1\.1 405 /);
  expect(said).toMatch(/\r\nallow: GET, HEAD\r\n/);
});

test("connections beyond the bound are closed, and one that ends makes room", async () => {
  const held = await Promise.all(Array.from({ length: 8 }, () => openSocket(tight)));
  const ninth = await openSocket(tight);
  expect((await untilClosed(ninth)).said).toBe("");
  for (const socket of held) socket.destroy();
  await expect
    .poll(
      () =>
        fetch(`${tight.url}${checkpoint}`, { headers: { connection: "close" } }).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 10_000 },
    )
    .toBe(200);
});

test("a reader that takes nothing of what it asked for is cut off, and what was asked for it is not kept", async () => {
  const socket = await openSocket(tight);
  socket.pause();
  const one = `GET /small-shard/tile/0/000 HTTP/1.1\r\nHost: x\r\n\r\n`;
  socket.write(one.repeat(2_000));
  const closed = once(socket, "close");
  await wait(2_500);
  socket.resume();
  await closed;
  expect((await fetch(`${tight.url}${checkpoint}`)).status).toBe(200);
});

test("a renewed certificate is shown to new connections, a spoiled one is not, and those that stand go on", async () => {
  const shown = (): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({
        port: portOf(secure),
        host: "127.0.0.1",
        ca: material.caPem,
        servername: "localhost",
      });
      socket.once("secureConnect", () => resolve(socket));
      socket.once("error", reject);
    });
  const standing = await shown();
  const before = standing.getPeerCertificate().fingerprint256;
  const { certPath } = material.files;
  const good = await readFile(certPath, "utf8");
  await writeFile(certPath, "spoiled");
  await secure.lookAtTlsFiles();
  const second = await shown();
  expect(second.getPeerCertificate().fingerprint256).toBe(before);
  expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);
  await rm(certPath);
  await (await openDevelopmentAuthority({ folder: join(folder.path, "tls") })).server();
  expect(await readFile(certPath, "utf8")).not.toBe(good);
  await secure.lookAtTlsFiles();
  const third = await shown();
  expect(third.getPeerCertificate().fingerprint256).not.toBe(before);
  standing.write(`GET ${checkpoint} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect((await untilClosed(standing)).said).toMatch(/^HTTP\/1\.1 200 /);
  for (const socket of [second, third]) socket.destroy();
});
