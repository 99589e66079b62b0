import type { AddressInfo } from "node:net";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { makeGenericClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { describe, expect, it, vi } from "vitest";
import {
  bidiHandler,
  createGrpcCredentials,
  fromServiceError,
  GRPC_CODE,
  grpcChannelOptions,
  unaryHandler,
} from "../src/index.ts";
import { answerOf, EMPTY_SHARD, failureOf, type TestServer, testServers } from "./grpc-fixture.ts";

const servers = testServers();
const EXCHANGE = "lienthong.exchange.v1.ExchangeService";

interface HealthAnswer {
  status: string;
}

interface HealthClient {
  check(request: { service: string }, callback: (error: Error | null, response: HealthAnswer) => void): unknown;
  watch(request: { service: string }): AsyncIterable<HealthAnswer>;
  close(): void;
}

const HealthClient = makeGenericClientConstructor(healthService as never, "grpc.health.v1.Health");

async function healthClient({ server, authority }: TestServer): Promise<HealthClient> {
  const material = await authority.system("giam-sat");
  return new HealthClient(
    server.address,
    createGrpcCredentials(material),
    grpcChannelOptions({ sharedConnection: false, serverName: "localhost" }),
  ) as unknown as HealthClient;
}

describe("health", () => {
  it("says not serving until told otherwise, for each service and for the whole", async () => {
    const running = await servers.start();
    const health = await healthClient(running);
    const status = async (service: string) => (await answerOf(health.check.bind(health), { service })).status;
    expect([await status(""), await status(EXCHANGE)]).toEqual(["NOT_SERVING", "NOT_SERVING"]);
    running.server.setServing(EXCHANGE, true);
    expect([await status(""), await status(EXCHANGE)]).toEqual(["NOT_SERVING", "SERVING"]);
    running.server.setAllServing(true);
    expect([await status(""), await status(EXCHANGE)]).toEqual(["SERVING", "SERVING"]);
    running.server.setServing("", false);
    expect([await status(""), await status(EXCHANGE)]).toEqual(["NOT_SERVING", "SERVING"]);
    expect(fromServiceError(await failureOf(status("no.such.Service"))).code).toBe(GRPC_CODE.NOT_FOUND);
    expect(() => running.server.setServing("no.such.Service", true)).toThrow("is mounted here; there are");
    health.close();
  });
});

describe("draining", () => {
  it("turns health off, lets calls under way finish, takes no new connection, and ends a watch", async () => {
    let release = (): void => {};
    let started = false;
    const running = await servers.start({
      getShard: unaryHandler(async () => {
        started = true;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return { ...EMPTY_SHARD, shard: "done" };
      }),
    });
    running.server.setAllServing(true);
    const health = await healthClient(running);
    const watched: string[] = [];
    const watching = (async () => {
      for await (const { status } of health.watch({ service: "" })) watched.push(status);
    })();
    await vi.waitFor(() => expect(watched).toEqual(["SERVING"]));
    const caller = await running.client();
    const answer = answerOf<{ shard: string }, { shard: string }>(caller.getShard.bind(caller), { shard: "" });
    await vi.waitFor(() => expect(started).toBe(true));

    const drained = running.server.drain(30_000);
    await watching;
    expect(watched).toEqual(["SERVING", "NOT_SERVING"]);
    const late = await running.client("he-thong-muon");
    const refused = await failureOf(answerOf(late.getShard.bind(late), { shard: "" }));
    expect(fromServiceError(refused)).toMatchObject({ code: GRPC_CODE.UNAVAILABLE, retry: "retry" });

    release();
    expect((await answer).shard).toBe("done");
    expect(await drained).toEqual({ forced: false });
    health.close();
  });

  it("lets open streams answer what they took, then sends the caller elsewhere", async () => {
    let taken = 0;
    const running = await servers.start({
      streamStatements: bidiHandler(async (stream) => {
        const answers: bigint[] = [];
        for await (const request of stream.requests) {
          answers.push(...request.statements.map(({ correlation }) => correlation));
          taken = answers.length;
        }
        await stream.send({ answers: answers.map((correlation) => ({ correlation, outcome: undefined })) });
      }),
    });
    const caller = await running.client();
    const stream = caller.streamStatements();
    const messages: unknown[] = [];
    stream.on("data", (message: unknown) => messages.push(message));
    const ended = new Promise<ServiceError>((resolve) => stream.on("error", resolve));
    stream.write({ statements: [{ correlation: 1n, envelope: Buffer.alloc(0) }] });
    await vi.waitFor(() => expect(taken).toBe(1));
    expect(await running.server.drain(30_000)).toEqual({ forced: false });
    expect(fromServiceError(await ended)).toMatchObject({
      reason: "DRAINING",
      retry: "retry-after",
      retryAfterMs: 1_000,
    });
    expect(messages).toMatchObject([{ answers: [{ correlation: 1n }] }]);
  });

  it("cuts off what does not finish in time, and tells the handler", async () => {
    let aborted = false;
    let started = false;
    const running = await servers.start({
      getShard: unaryHandler(
        (_request, context) =>
          new Promise(() => {
            started = true;
            context.signal.addEventListener("abort", () => {
              aborted = true;
            });
          }),
      ),
    });
    const caller = await running.client();
    const answer = failureOf(answerOf(caller.getShard.bind(caller), { shard: "" }));
    await vi.waitFor(() => expect(started).toBe(true));
    expect(await running.server.drain(50)).toEqual({ forced: true });
    expect([GRPC_CODE.UNAVAILABLE, GRPC_CODE.CANCELLED, GRPC_CODE.INTERNAL]).toContain(
      fromServiceError(await answer).code,
    );
    await vi.waitFor(() => expect(aborted).toBe(true));
    running.server.setAllServing(true);
    expect(running.lines.some(({ level }) => level === "warn")).toBe(true);
  });
});

describe("keepalive", () => {
  it("notices on both sides that a connection has gone silent", async () => {
    let aborted = false;
    let started = false;
    const running = await servers.start(
      {
        getShard: unaryHandler(
          (_request, context) =>
            new Promise(() => {
              started = true;
              context.signal.addEventListener("abort", () => {
                aborted = true;
              });
            }),
        ),
      },
      { keepalive: { keepaliveTimeMs: 200, keepaliveTimeoutMs: 200 } },
    );
    // A wire that can go dead without saying so: both ends stay connected and hear nothing more.
    const sockets: Socket[] = [];
    let dead = false;
    const wire = createServer((near) => {
      const far = connectTcp(running.server.port, "127.0.0.1");
      sockets.push(near, far);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on("data", (bytes) => {
          if (!dead) to.write(bytes);
        });
        from.on("error", () => {});
      }
    });
    await new Promise<void>((resolve) => wire.listen(0, "127.0.0.1", resolve));
    const { port } = wire.address() as AddressInfo;
    const caller = await running.client(
      "he-thong-xa",
      { keepaliveTimeMs: 1_000, keepaliveTimeoutMs: 200 },
      `127.0.0.1:${port}`,
    );
    const answer = failureOf(answerOf(caller.getShard.bind(caller), { shard: "" }));
    await vi.waitFor(() => expect(started).toBe(true), { timeout: 5_000 });
    dead = true;
    expect(fromServiceError(await answer).code).toBe(GRPC_CODE.UNAVAILABLE);
    await vi.waitFor(() => expect(aborted).toBe(true), { timeout: 5_000 });
    for (const socket of sockets) socket.destroy();
    wire.close();
  });
});
