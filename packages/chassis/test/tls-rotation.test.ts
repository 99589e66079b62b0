// Certificates are replaced while servers and clients run.
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { ExchangeServiceClient } from "@lienthong/contracts/exchange/v1/exchange_service";
import { expect, test } from "vitest";
import {
  followTlsFiles,
  fromServiceError,
  GRPC_CODE,
  grpcChannelOptions,
  openDevelopmentAuthority,
  RenewableGrpcCredentials,
  type StoredTlsMaterial,
  type TlsMaterial,
} from "../src/index.ts";
import { answerOf, failureOf, type TestServer, testServers } from "./grpc-fixture.ts";

const servers = testServers();

/** Fingerprint of the certificate that a new connection is shown. */
async function shown({ server }: Pick<TestServer, "server">, { caPem, certPem, keyPem }: TlsMaterial): Promise<string> {
  const options = {
    host: "127.0.0.1",
    port: server.port,
    ca: caPem,
    cert: certPem,
    key: keyPem,
    servername: "localhost",
  };
  const socket: TLSSocket = connect({ ...options, ALPNProtocols: ["h2"] });
  try {
    return await new Promise((resolve, reject) => {
      // The server speaks first only when it has taken the client's certificate.
      socket.once("data", () => resolve(socket.getPeerCertificate().fingerprint256));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
    });
  } finally {
    socket.destroy();
  }
}

/** A server on a folder of its own, whose files the test replaces. */
async function startOnFiles(name: string) {
  const authority = await openDevelopmentAuthority({ folder: join(servers.folder(), name) });
  const material: StoredTlsMaterial = await authority.server();
  const started = await servers.start({}, { tls: material });
  const system = await authority.system("he-thong-phuong");
  /** A new certificate, for a new key if asked, as a renewal leaves it in the files. */
  const renew = async (withKey: boolean): Promise<StoredTlsMaterial> => {
    await rm(material.files.certPath);
    if (withKey) await rm(material.files.keyPath);
    return (await openDevelopmentAuthority({ folder: authority.folder })).server();
  };
  const client = (
    tls: TlsMaterial = system,
  ): { caller: ExchangeServiceClient; credentials: RenewableGrpcCredentials } => {
    const credentials = new RenewableGrpcCredentials(tls);
    const options = grpcChannelOptions({
      sharedConnection: false,
      serverName: "localhost",
      reconnectBackoffMaxMs: 200,
    });
    return { caller: new ExchangeServiceClient(started.server.address, credentials, options), credentials };
  };
  return { ...started, authority, material, system, renew, client };
}

test("new connections are shown a renewed certificate within seconds, with a new key too; those that stand go on", async () => {
  const on = await startOnFiles("renewed");
  const { caller } = on.client();
  const ask = () => answerOf(caller.getShard.bind(caller), { shard: "a" });
  await ask();
  const before = await shown(on, on.system);
  await on.renew(false);
  // Nobody tells the server: it looks by itself.
  await expect.poll(() => shown(on, on.system), { timeout: 10_000 }).not.toBe(before);
  const second = await shown(on, on.system);
  await on.renew(true);
  await on.server.lookAtTlsFiles();
  expect(await shown(on, on.system)).not.toBe(second);
  await ask();
  expect(on.lines.filter(({ msg }) => msg === "New TLS files are in use.")).toHaveLength(2);
  caller.close();
});

test.each([
  [
    "is no certificate",
    (at: StoredTlsMaterial) => writeFile(at.files.certPath, "not a certificate\n"),
    /does not hold a certificate/,
  ],
  ["is for another key", replaceByStranger, /is not for the key/],
  ["is gone", (at: StoredTlsMaterial) => rm(at.files.keyPath), /ENOENT/],
  ["can be read by others", (at: StoredTlsMaterial) => chmod(at.files.keyPath, 0o640), /chmod 600/],
  ["has ended", replaceByEnded, /ended at/],
])("material of which a file %s leaves the old in use, and the log says why, once", async (name, spoil, said) => {
  const on = await startOnFiles(`spoiled ${name}`);
  const before = await shown(on, on.system);
  await spoil(on.material);
  await on.server.lookAtTlsFiles();
  await on.server.lookAtTlsFiles();
  expect(await shown(on, on.system)).toBe(before);
  const complaints = on.lines.filter(({ level }) => level === "error");
  expect(complaints.map(({ err }) => (err as { message: string }).message)).toEqual([expect.stringMatching(said)]);
  // Put in order again, it is used.
  await rm(on.material.files.certPath, { force: true });
  await rm(on.material.files.keyPath, { force: true });
  await openDevelopmentAuthority({ folder: on.authority.folder }).then((authority) => authority.server());
  await on.server.lookAtTlsFiles();
  expect(await shown(on, on.system)).not.toBe(before);
});

async function replaceByStranger({ files }: StoredTlsMaterial): Promise<void> {
  const stranger = await openDevelopmentAuthority({ folder: join(servers.folder(), "stranger") });
  await writeFile(files.certPath, (await stranger.server()).certPem);
}

async function replaceByEnded({ files }: StoredTlsMaterial): Promise<void> {
  await rm(files.certPath);
  const folder = join(files.certPath, "..");
  const longAgo = Date.now() - 200 * 86_400_000;
  const clock = { now: () => ({ seconds: BigInt(Math.floor(longAgo / 1_000)), nanos: 0 }), nowMs: () => longAgo };
  await (await openDevelopmentAuthority({ folder, clock })).server();
}

test("half of a replacement, seen between two files, is not complained about", async () => {
  const on = await startOnFiles("halfway");
  const lines: string[] = [];
  const used: TlsMaterial[] = [];
  const logger = { info: () => {}, error: () => lines.push("error") } as never;
  const following = followTlsFiles({
    ...{ paths: on.material.files, present: on.material, logger, everyMs: 20 },
    use: (material) => used.push(material),
  });
  const stranger = await openDevelopmentAuthority({ folder: join(servers.folder(), "stranger-2") });
  const whole = await stranger.server();
  await writeFile(on.material.files.certPath, whole.certPem);
  await writeFile(on.material.files.keyPath, whole.keyPem);
  await expect.poll(() => used.length).toBe(1);
  expect(lines.length).toBeLessThanOrEqual(1);
  following.stop();
});

test("when the authorities are replaced, systems of the new ones come in and of the old ones no longer; who is in stays", async () => {
  const on = await startOnFiles("authorities");
  const { caller } = on.client();
  await answerOf(caller.getShard.bind(caller), { shard: "a" });
  const other = await openDevelopmentAuthority({ folder: join(servers.folder(), "other authority") });
  const newcomer = { ...(await other.system("he-thong-moi")), caPem: on.material.caPem };
  await failureOf(shown(on, newcomer));
  await writeFile(on.material.files.caPath, other.caPem);
  await on.server.lookAtTlsFiles();
  await shown(on, newcomer);
  await failureOf(shown(on, on.system));
  await answerOf(caller.getShard.bind(caller), { shard: "a" });
  caller.close();
});

test("a client's next connection uses its new certificate; one that cannot be used is refused and the old stays", async () => {
  const on = await startOnFiles("client");
  const { caller, credentials } = on.client();
  const ask = () => answerOf(caller.getShard.bind(caller), { shard: "a" });
  await ask();
  expect(() => credentials.replace({ ...on.system, certPem: "no certificate" })).toThrow();
  const stranger = await openDevelopmentAuthority({ folder: join(servers.folder(), "stranger") });
  // From now on this client shows a certificate that the server does not take: seen as soon as it connects anew.
  credentials.replace({ ...(await stranger.system("he-thong-phuong")), caPem: on.system.caPem });
  await ask();
  const again = on.client({ ...(await stranger.system("he-thong-phuong")), caPem: on.system.caPem });
  const refused = await failureOf(answerOf(again.caller.getShard.bind(again.caller), { shard: "a" }));
  expect(fromServiceError(refused).code).toBe(GRPC_CODE.UNAVAILABLE);
  again.credentials.replace(on.system);
  await expect
    .poll(
      () =>
        answerOf(again.caller.getShard.bind(again.caller), { shard: "a" }).then(
          () => "answered",
          () => "refused",
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe("answered");
  expect(await readFile(on.material.files.certPath, "utf8")).toBe(on.material.certPem);
  caller.close();
  again.caller.close();
});
