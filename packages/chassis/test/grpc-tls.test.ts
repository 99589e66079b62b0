import { once } from "node:events";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { ExchangeServiceClient } from "@lienthong/contracts/exchange/v1/exchange_service";
import { describe, expect, it } from "vitest";
import { fromServiceError, GRPC_CODE, openDevelopmentAuthority, type TlsMaterial } from "../src/index.ts";
import { answerOf, failureOf, testServers } from "./grpc-fixture.ts";

const servers = testServers();

function connectionOptions({ caPem, certPem, keyPem }: TlsMaterial, port: number): ConnectionOptions {
  return { host: "127.0.0.1", port, ca: caPem, cert: certPem, key: keyPem, ALPNProtocols: ["h2"] };
}

/** Connects and waits until the server has had its say about the certificate: its first bytes, or the end. */
async function shakeHands(options: ConnectionOptions): Promise<string> {
  const socket: TLSSocket = connect(options);
  try {
    return await new Promise((resolve, reject) => {
      // The server sends its HTTP/2 settings only once it has taken the connection.
      socket.once("data", () => resolve(socket.getProtocol() ?? ""));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
    });
  } finally {
    socket.destroy();
  }
}

describe("TLS", () => {
  it("1.3 with a client certificate is taken", async () => {
    const { server, authority } = await servers.start();
    const material = await authority.system("he-thong-phuong");
    expect(await shakeHands(connectionOptions(material, server.port))).toBe("TLSv1.3");
  });

  it("1.2 is refused", async () => {
    const { server, authority } = await servers.start();
    const material = await authority.system("he-thong-phuong");
    const failure = await failureOf(
      shakeHands({ ...connectionOptions(material, server.port), minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }),
    );
    expect((failure as NodeJS.ErrnoException).code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  it("1.2 is refused after the server's certificate was replaced, too", async () => {
    const { server, authority } = await servers.start();
    const material = await authority.system("he-thong-phuong");
    server.replaceTls(await authority.server());
    expect(await shakeHands(connectionOptions(material, server.port))).toBe("TLSv1.3");
    const failure = await failureOf(
      shakeHands({ ...connectionOptions(material, server.port), minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }),
    );
    expect((failure as NodeJS.ErrnoException).code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  it("1.2 is refused by our client, too", async () => {
    const { authority, client } = await servers.start();
    const { certPem, keyPem } = await authority.server();
    const versions: (string | null)[] = [];
    const old = createSecureServer({ cert: certPem, key: keyPem, maxVersion: "TLSv1.2" });
    old.on("secureConnection", (socket: TLSSocket) => versions.push(socket.getProtocol()));
    const refused = once(old, "tlsClientError");
    await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
    const caller = await client("he-thong-phuong", {}, `127.0.0.1:${(old.address() as AddressInfo).port}`);
    const failure = await failureOf(answerOf(caller.getShard.bind(caller), { shard: "" }));
    expect(fromServiceError(failure).code).toBe(GRPC_CODE.UNAVAILABLE);
    await refused;
    expect(versions).toEqual([]);
    old.close();
  });

  it("without a client certificate is refused", async () => {
    const { server, authority } = await servers.start();
    const options = { host: "127.0.0.1", port: server.port, ca: authority.caPem, ALPNProtocols: ["h2"] };
    await failureOf(shakeHands(options));
    const client = new ExchangeServiceClient(server.address, credentials.createSsl(Buffer.from(authority.caPem)), {
      "grpc.ssl_target_name_override": "localhost",
    });
    const failure = await failureOf(answerOf(client.getShard.bind(client), { shard: "" }));
    expect(fromServiceError(failure).code).toBe(GRPC_CODE.UNAVAILABLE);
    client.close();
  });

  it("with a certificate of another authority is refused", async () => {
    const { server, authority } = await servers.start();
    const stranger = await openDevelopmentAuthority({ folder: join(servers.folder(), "stranger") });
    const material = { ...(await stranger.system("he-thong-phuong")), caPem: authority.caPem };
    await failureOf(shakeHands(connectionOptions(material, server.port)));
  });

  it("lets a client find out that the server is not the one it trusts", async () => {
    const { server, client } = await servers.start();
    const stranger = await openDevelopmentAuthority({ folder: join(servers.folder(), "stranger") });
    server.replaceTls({
      ...(await stranger.server()),
      caPem: server.address === "" ? "" : (await stranger.server()).caPem,
    });
    const caller = await client();
    const failure = await failureOf(answerOf(caller.getShard.bind(caller), { shard: "" }));
    expect(fromServiceError(failure).code).toBe(GRPC_CODE.UNAVAILABLE);
  });

  it("with a certificate that is not for clients is refused", async () => {
    const { server, authority } = await servers.start();
    await failureOf(shakeHands(connectionOptions(await authority.server(), server.port)));
  });
});
