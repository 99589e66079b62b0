import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { createLogger, openDevelopmentAuthority, type TlsMaterial } from "@lienthong/chassis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KeptCheckpoints } from "../src/kept-checkpoints.ts";
import type { Log } from "../src/log.ts";
import { keptFileName, LogFiles } from "../src/log-files.ts";
import { type LogHttp, serveLogHttp } from "../src/serve-http.ts";
import { ServedLogs } from "../src/served-logs.ts";
import { newFolder, newSigner, someEntries, writeLog } from "./small-log.ts";

const size = 300;
const entriesToken = "t".repeat(43);
let folder: Awaited<ReturnType<typeof newFolder>>;
let kept: KeptCheckpoints;
let plain: LogHttp;
let secure: LogHttp;
let auditor: TlsMaterial;
let other: TlsMaterial;

beforeAll(async () => {
  folder = await newFolder();
  const directory = join(folder.path, "log");
  const signer = await newSigner();
  await writeLog(directory, signer, someEntries(size), [0, 255, size]);
  kept = new KeptCheckpoints(join(directory, keptFileName));
  // The files and heads of a log that is sealed; following a stream is another test's matter.
  const log: Pick<Log, "name" | "signer" | "files" | "kept" | "head"> = {
    name: "small-shard",
    signer,
    files: new LogFiles(directory),
    kept,
    head: () => ({ size, root: new Uint8Array(32), note: "" }),
  };
  const logs = new ServedLogs();
  logs.add(log as Log);
  const authority = await openDevelopmentAuthority({ folder: join(folder.path, "tls") });
  auditor = await authority.system("auditing");
  other = await authority.system("other");
  const logger = createLogger({ service: "http-test", level: "silent" });
  const on = { logs, address: "127.0.0.1:0", entriesToken, logger };
  plain = await serveLogHttp(on);
  secure = await serveLogHttp({
    ...on,
    tls: await authority.server(),
    mayReadEntries: ({ systemId }) => systemId === "auditing",
  });
});

afterAll(async () => {
  await plain.close(0);
  await secure.close(0);
  kept.close();
  await folder.remove();
});

/** Status of a request over TLS, with a client certificate or without. */
function statusOf(path: string, client: TlsMaterial | null, headers: Record<string, string> = {}): Promise<number> {
  const { caPem } = auditor;
  const own = client === null ? {} : { cert: client.certPem, key: client.keyPem };
  return new Promise((resolve, reject) => {
    request(
      `${secure.urlOf("small-shard")}${path}`,
      { ca: caPem, ...own, headers, servername: "localhost", agent: false },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      },
    )
      .on("error", reject)
      .end();
  });
}

test("over TLS checkpoints and hashes are for everybody, entries for an auditor's certificate or the token", async () => {
  expect(await statusOf("/checkpoint", null)).toBe(200);
  expect(await statusOf("/tile/0/000", null)).toBe(200);
  expect(await statusOf("/tile/entries/000", null)).toBe(401);
  expect(await statusOf("/tile/entries/000", other)).toBe(401);
  expect(await statusOf("/tile/entries/000", auditor)).toBe(200);
  expect(await statusOf("/tile/entries/000", null, { authorization: `Bearer ${entriesToken}` })).toBe(200);
  expect(await statusOf("/tile/entries/000", null, { authorization: `bearer ${entriesToken}` })).toBe(401);
});

test("tiles that a head once covered are served under their old widths, and never more than the head covers", async () => {
  const get = (path: string) => fetch(`${plain.urlOf("small-shard")}${path}`);
  expect((await get("/tile/0/001.p/44")).status).toBe(200);
  expect((await get("/tile/0/001.p/45")).status).toBe(404);
  expect((await get("/tile/1/000.p/1")).status).toBe(200);
  expect((await get("/tile/1/000.p/2")).status).toBe(404);
  const whole = new Uint8Array(await (await get("/tile/0/000")).arrayBuffer());
  const old = await get("/tile/0/000.p/255");
  expect(old.status).toBe(200);
  expect(new Uint8Array(await old.arrayBuffer())).toEqual(whole.subarray(0, 255 * 32));
  expect(await (await get("/checkpoints/255")).text()).toContain("\n255\n");
});

test.each([
  "/tile/0/0",
  "/tile/0/000.p/0",
  "/tile/0/000.p/256",
  "/tile/0/000.p/044",
  "/tile/00/000",
  "/tile/64/000",
  "/tile/0/x000/000",
  "/tile/entries/../../head",
  "/tile//0/000",
  "/checkpoint/",
  "/checkpoint?x=1",
  "/checkpoints/0300",
  "/checkpoints/-1",
  "/head",
  "/checkpoints.sqlite",
  "/%2e%2e/policy.txt",
])("%s is not found", async (path) => {
  const { hostname, port } = new URL(plain.url);
  const socket = connectTcp(Number(port), hostname);
  await once(socket, "connect");
  // As it is: a client would tidy the path first.
  socket.write(`GET /small-shard${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  expect(Buffer.concat(parts).toString("latin1")).toMatch(/^HTTP\/1\.1 404 /);
});

test("headers beyond 8 KiB are refused, HEAD has no body, other methods are named as not allowed", async () => {
  const url = `${plain.urlOf("small-shard")}/checkpoint`;
  const large = await fetch(url, { headers: { "x-large": "x".repeat(9_000) } });
  expect(large.status).toBe(431);
  const head = await fetch(url, { method: "HEAD" });
  expect({ status: head.status, body: await head.text() }).toEqual({ status: 200, body: "" });
  expect(Number(head.headers.get("content-length"))).toBe(
    (await readFile(join(folder.path, "log", "checkpoint"))).length,
  );
  const put = await fetch(url, { method: "PUT", body: "x" });
  expect({ status: put.status, allow: put.headers.get("allow") }).toEqual({ status: 405, allow: "GET, HEAD" });
});
