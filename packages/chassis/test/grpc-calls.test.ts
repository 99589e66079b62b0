import { getEventListeners } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import {
  type ClientDuplexStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  ExchangeServiceService,
  type GetShardResponse,
  type StreamStatementsResponse,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { describe, expect, it, vi } from "vitest";
import {
  bidiHandler,
  busError,
  type CallContext,
  CallEndedError,
  type CallRecord,
  certificateKeyDigest,
  createGrpcCredentials,
  fromServiceError,
  GRPC_CODE,
  grpcChannelOptions,
  grpcService,
  type TlsMaterial,
  unaryHandler,
} from "../src/index.ts";
import { answerOf, EMPTY_SHARD, failureOf, testServers } from "./grpc-fixture.ts";

const servers = testServers();

interface RawClient {
  getShard(bytes: Buffer, callback: (error: Error | null, response: GetShardResponse) => void): unknown;
  streamStatements(): ClientDuplexStream<Buffer, StreamStatementsResponse>;
  close(): void;
}

/** A client that sends whatever bytes it is given. */
const RawClient = makeGenericClientConstructor(
  Object.fromEntries(
    Object.entries(ExchangeServiceService).map(([name, method]) => [
      name,
      { ...method, requestSerialize: (bytes: Buffer) => bytes },
    ]),
  ),
  "lienthong.exchange.v1.ExchangeService",
);

/** A stream without a gRPC library. */
function rawStream(address: string, material: TlsMaterial): { session: ClientHttp2Session; stream: ClientHttp2Stream } {
  const session = connect(`https://${address}`, { ca: material.caPem, cert: material.certPem, key: material.keyPem });
  const stream = session.request({
    ":method": "POST",
    ":path": "/lienthong.exchange.v1.ExchangeService/StreamStatements",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  return { session, stream };
}

/** All that a stream says until it ends: its messages and its status. */
async function endOf<Response>(
  stream: ClientDuplexStream<never, Response>,
): Promise<{ messages: Response[]; error: ServiceError | null }> {
  const messages: Response[] = [];
  stream.on("data", (message: Response) => messages.push(message));
  return new Promise((resolve) => {
    stream.on("error", (error: ServiceError) => resolve({ messages, error }));
    stream.on("end", () => resolve({ messages, error: null }));
  });
}

describe("a unary call", () => {
  it("gets the handler's answer, and the handler knows who calls", async () => {
    let seen: CallContext | undefined;
    const { client, authority, lines } = await servers.start({
      getShard: unaryHandler((request, context) => {
        seen = context;
        context.logger.info("seen");
        return { ...EMPTY_SHARD, shard: request.shard };
      }),
    });
    const caller = await client("he-thong-phuong");
    const metadata = new Metadata();
    metadata.set("traceparent", `00-${"4b".repeat(16)}-${"00f1".repeat(4)}-01`);
    const answer = await new Promise<GetShardResponse>((resolve, reject) => {
      caller.getShard({ shard: "hanoi-2026q4" }, metadata, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
    expect(answer.shard).toBe("hanoi-2026q4");
    const material = await authority.system("he-thong-phuong");
    expect(seen?.identity).toMatchObject({
      systemId: "he-thong-phuong",
      certificateKeyDigestHex: Buffer.from(certificateKeyDigest(material.certPem)).toString("hex"),
    });
    expect(seen?.traceId).toBe("4b".repeat(16));
    expect(seen?.method).toBe("/lienthong.exchange.v1.ExchangeService/GetShard");
    expect(lines.find(({ msg }) => msg === "seen")).toMatchObject({
      system: "he-thong-phuong",
      traceId: "4b".repeat(16),
    });
  });

  it("is identified once per connection, not once per call", async () => {
    const identities: unknown[] = [];
    const { client } = await servers.start({
      getShard: unaryHandler((_request, context) => {
        identities.push(context.identity);
        return EMPTY_SHARD;
      }),
    });
    const first = await client("he-thong-mot");
    const second = await client("he-thong-hai");
    for (const caller of [first, first, second]) await answerOf(caller.getShard.bind(caller), { shard: "" });
    expect(identities[0]).toBe(identities[1]);
    expect(identities).toMatchObject([
      { systemId: "he-thong-mot" },
      { systemId: "he-thong-mot" },
      { systemId: "he-thong-hai" },
    ]);
  });

  it("that is refused brings reason, facts and field to the caller", async () => {
    const { client } = await servers.start({
      submitStatement: unaryHandler(() => {
        throw busError("NOT_THE_HOLDER", { branch: "0.1", holder: "ubnd-phuong-a", field: "prior[0]" });
      }),
    });
    const caller = await client();
    const failure = await failureOf(answerOf(caller.submitStatement.bind(caller), { envelope: Buffer.from("x") }));
    expect(fromServiceError(failure)).toMatchObject({
      code: GRPC_CODE.PERMISSION_DENIED,
      reason: "NOT_THE_HOLDER",
      field: "prior[0]",
      metadata: { branch: "0.1", holder: "ubnd-phuong-a" },
      message: "Another agency, ubnd-phuong-a, holds the branch 0.1.",
      localizedMessages: { vi: "Nhánh 0.1 đang do cơ quan khác (ubnd-phuong-a) giữ." },
    });
  });

  it("that hits a fault of ours learns nothing but that; the log has the cause", async () => {
    const { client, lines } = await servers.start({
      getShard: unaryHandler(async () => {
        throw new Error("cannot reach 10.0.0.7", { cause: new Error("socket broke") });
      }),
    });
    const caller = await client();
    const received = fromServiceError(await failureOf(answerOf(caller.getShard.bind(caller), { shard: "" })));
    expect(received).toMatchObject({ code: GRPC_CODE.INTERNAL, reason: "INTERNAL", message: "internal error" });
    const line = lines.find(({ level }) => level === "error");
    expect(line).toMatchObject({ err: { message: "cannot reach 10.0.0.7", cause: { message: "socket broke" } } });
  });

  it.each([
    ["truncated", Buffer.from([0x0a, 0x05, 0x41])],
    ["of another wire type", Buffer.from([0x0e, 0x01])],
    [
      "cut by a zero tag, where the generated decoder would stop in silence",
      Buffer.from([0x0a, 0x01, 0x41, 0x00, 0x05]),
    ],
    ["ended by a stray end of group", Buffer.from([0x0a, 0x01, 0x41, 0x0c])],
  ])("with a request that is %s is refused as MESSAGE_MALFORMED", async (_how, bytes) => {
    const reached = vi.fn();
    const { server, authority } = await servers.start({
      getShard: unaryHandler(() => {
        reached();
        return EMPTY_SHARD;
      }),
    });
    const raw = new RawClient(
      server.address,
      createGrpcCredentials(await authority.system("he-thong-cu")),
      grpcChannelOptions({ sharedConnection: false, serverName: "localhost" }),
    ) as unknown as RawClient;
    const received = fromServiceError(await failureOf(answerOf(raw.getShard.bind(raw), bytes)));
    expect(received).toMatchObject({ code: GRPC_CODE.INVALID_ARGUMENT, reason: "MESSAGE_MALFORMED" });
    expect(reached).not.toHaveBeenCalled();
    raw.close();
  });

  it("stops its handler when the deadline passes", async () => {
    let reason: unknown;
    const { client, lines } = await servers.start({
      getShard: unaryHandler(
        (_request, context) =>
          new Promise((_resolve, reject) => {
            context.signal.addEventListener("abort", () => {
              reason = context.signal.reason;
              reject(context.signal.reason);
            });
          }),
      ),
    });
    const caller = await client();
    const failure = await failureOf(
      new Promise((resolve, reject) => {
        caller.getShard({ shard: "" }, new Metadata(), { deadline: Date.now() + 150 }, (error, response) =>
          error ? reject(error) : resolve(response),
        );
      }),
    );
    expect(fromServiceError(failure)).toMatchObject({ reason: "DEADLINE_PASSED", retry: "retry" });
    // Client and server end the call by their own timers: the server may be a moment later, or hear of the client's end first.
    await vi.waitFor(() => expect(reason).toBeInstanceOf(Error));
    expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("stops its handler when the caller cancels", async () => {
    let reason: unknown;
    let running = false;
    const { client } = await servers.start({
      getShard: unaryHandler(
        (_request, context) =>
          new Promise(() => {
            running = true;
            context.signal.addEventListener("abort", () => {
              reason = context.signal.reason;
            });
          }),
      ),
    });
    const caller = await client();
    const call = caller.getShard({ shard: "" }, () => {});
    await vi.waitFor(() => expect(running).toBe(true));
    call.cancel();
    await vi.waitFor(() => expect(reason).toBeInstanceOf(CallEndedError));
  });

  it("larger than the limit is refused by size", async () => {
    const { client } = await servers.start({}, { limits: { receiveBytesMax: 1_000 } });
    const caller = await client();
    const failure = await failureOf(answerOf(caller.submitStatement.bind(caller), { envelope: Buffer.alloc(2_000) }));
    expect(fromServiceError(failure).code).toBe(GRPC_CODE.RESOURCE_EXHAUSTED);
  });

  it("is counted with its outcome", async () => {
    const records: CallRecord[] = [];
    const { client } = await servers.start({}, { onCallEnd: (record) => records.push(record) });
    const caller = await client();
    await answerOf(caller.getShard.bind(caller), { shard: "" });
    await failureOf(answerOf(caller.submitStatement.bind(caller), { envelope: Buffer.alloc(1) }));
    expect(records).toMatchObject([
      { method: "/lienthong.exchange.v1.ExchangeService/GetShard", code: GRPC_CODE.OK, reason: null },
      { code: GRPC_CODE.NOT_FOUND, reason: "DOSSIER_UNKNOWN" },
    ]);
  });
});

describe("a stream", () => {
  it("answers many messages and ends well when the caller has sent all", async () => {
    const { client } = await servers.start();
    const caller = await client();
    const stream = caller.streamStatements();
    const ended = endOf(stream as never);
    const count = 500;
    for (let correlation = 0n; correlation < count; correlation += 1n) {
      stream.write({ statements: [{ correlation, envelope: Buffer.alloc(3_000) }] });
    }
    stream.end();
    const { messages, error } = await ended;
    expect(error).toBeNull();
    expect(
      (messages as StreamStatementsResponse[]).flatMap(({ answers }) => answers.map((answer) => answer.correlation)),
    ).toEqual(Array.from({ length: count }, (_none, index) => BigInt(index)));
  });

  it("ends at a request that cannot be decoded, after the answers before it, and the connection goes on", async () => {
    const { server, authority } = await servers.start();
    const raw = new RawClient(
      server.address,
      createGrpcCredentials(await authority.system("he-thong-cu")),
      grpcChannelOptions({ sharedConnection: false, serverName: "localhost" }),
    ) as unknown as RawClient;
    const broken = raw.streamStatements();
    const healthy = raw.streamStatements();
    const healthyEnd = endOf(healthy as never);
    const brokenEnd = endOf(broken as never);
    broken.write(Buffer.from([0x0a, 0x02, 0x08, 0x07]));
    broken.write(Buffer.from([0x0a, 0x09, 0x01]));
    const { messages, error } = await brokenEnd;
    expect(messages).toMatchObject([{ answers: [{ correlation: 7n }] }]);
    expect(fromServiceError(error!)).toMatchObject({ code: GRPC_CODE.INVALID_ARGUMENT, reason: "MESSAGE_MALFORMED" });
    healthy.write(Buffer.from([0x0a, 0x02, 0x08, 0x08]));
    healthy.end();
    expect(await healthyEnd).toMatchObject({ messages: [{ answers: [{ correlation: 8n }] }], error: null });
    raw.close();
  });

  it("that is unreadable does not end well even if its handler carries on", async () => {
    const { server, authority } = await servers.start({
      streamStatements: bidiHandler(async (stream) => {
        try {
          for await (const _request of stream.requests);
        } catch {
          // A handler that means well.
        }
      }),
    });
    const raw = new RawClient(
      server.address,
      createGrpcCredentials(await authority.system("he-thong-cu")),
      grpcChannelOptions({ sharedConnection: false, serverName: "localhost" }),
    ) as unknown as RawClient;
    const stream = raw.streamStatements();
    const ended = endOf(stream as never);
    stream.end(Buffer.from([0x0a, 0x09, 0x01]));
    expect(fromServiceError((await ended).error!).reason).toBe("MESSAGE_MALFORMED");
    raw.close();
  });

  it("delivers what was sent before a refusal, then the refusal", async () => {
    const { client } = await servers.start({
      streamStatements: bidiHandler(async (stream) => {
        for (let correlation = 0n; correlation < 100n; correlation += 1n) {
          await stream.send({ answers: [{ correlation, outcome: undefined }] });
        }
        throw busError("OVERLOADED", {}, { retryAfterMs: 250 });
      }),
    });
    const caller = await client();
    const { messages, error } = await endOf(caller.streamStatements() as never);
    expect(messages).toHaveLength(100);
    expect(fromServiceError(error!)).toMatchObject({ reason: "OVERLOADED", retryAfterMs: 250 });
  });

  it("may be left early by its handler and still ends well", async () => {
    const { client } = await servers.start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const request of stream.requests) {
          await stream.send({ answers: [{ correlation: request.statements[0]!.correlation, outcome: undefined }] });
          break;
        }
      }),
    });
    const caller = await client();
    const stream = caller.streamStatements();
    const ended = endOf(stream as never);
    stream.write({ statements: [{ correlation: 1n, envelope: Buffer.alloc(1) }] });
    stream.write({ statements: [{ correlation: 2n, envelope: Buffer.alloc(1) }] });
    expect(await ended).toMatchObject({ messages: [{ answers: [{ correlation: 1n }] }], error: null });
  });

  it("leaves nothing listening to the server, however its handler leaves it", async () => {
    let drainSignal: AbortSignal | null = null;
    let turn = 0;
    const { client } = await servers.start({
      streamStatements: bidiHandler(async (stream, context) => {
        drainSignal = context.drainSignal;
        turn += 1;
        // Without asking for a request, after the first, and while it waits for one that never comes.
        if (turn % 3 === 0) throw busError("OVERLOADED");
        const requests = stream.requests[Symbol.asyncIterator]();
        await requests.next();
        if (turn % 3 === 1) throw busError("OVERLOADED");
        void requests.next().catch(() => {});
      }),
    });
    const caller = await client();
    for (let call = 0; call < 30; call += 1) {
      const stream = caller.streamStatements();
      const ended = endOf(stream as never);
      stream.write({ statements: [] });
      await ended;
    }
    expect(getEventListeners(drainSignal!, "abort")).toEqual([]);
  });

  it("tells its handler when the connection is lost, and drops what is sent after", async () => {
    let ended: unknown;
    let started = false;
    const { server, authority } = await servers.start({
      streamStatements: bidiHandler(async (stream) => {
        try {
          for await (const _request of stream.requests) started = true;
        } catch (error) {
          ended = error;
          for (let count = 0; count < 100; count += 1) await stream.send({ answers: [] });
        }
      }),
    });
    const { session, stream } = rawStream(server.address, await authority.system("he-thong-cu"));
    stream.write(Buffer.alloc(5));
    await vi.waitFor(() => expect(started).toBe(true));
    session.destroy();
    await vi.waitFor(() => expect(ended).toBeInstanceOf(CallEndedError));
  });

  it("tells its handler when the caller cancels", async () => {
    let reason: unknown;
    let started = false;
    const { client } = await servers.start({
      streamStatements: bidiHandler(async (_stream, context) => {
        started = true;
        await new Promise<void>((resolve) => {
          context.signal.addEventListener("abort", () => {
            reason = context.signal.reason;
            resolve();
          });
        });
      }),
    });
    const caller = await client();
    const stream = caller.streamStatements();
    stream.on("error", () => {});
    await vi.waitFor(() => expect(started).toBe(true));
    stream.cancel();
    await vi.waitFor(() => expect(reason).toBeInstanceOf(CallEndedError));
  });

  it("holds its handler back while the caller does not read", async () => {
    const answer = { $case: "refused" as const, value: { code: 3, message: "x".repeat(100_000), details: [] } };
    let sent = 0;
    let finished = false;
    const { server, authority } = await servers.start({
      streamStatements: bidiHandler(async (stream, context) => {
        while (!context.ended && sent < 500) {
          await stream.send({ answers: [{ correlation: 1n, outcome: answer }] });
          sent += 1;
        }
        finished = true;
      }),
    });
    // Not grpc-js: its client goes on reading into memory when nobody takes the messages.
    const { session, stream } = rawStream(server.address, await authority.system("he-thong-cu"));
    stream.pause();
    await vi.waitFor(() => expect(sent).toBeGreaterThan(5));
    let before = -1;
    // When a whole turn of pings brings no further message, the handler stands still.
    while (before !== sent) {
      before = sent;
      for (let ping = 0; ping < 20; ping += 1) await new Promise((resolve) => session.ping(resolve));
    }
    expect(sent).toBeLessThan(100);
    stream.resume();
    await vi.waitFor(() => expect(finished).toBe(true), { timeout: 4_000 });
    expect(sent).toBe(500);
    session.destroy();
  });
});

describe("a response that cannot be serialised", () => {
  it("is a fault of ours, logged with its cause, on a call and on a stream", async () => {
    const { client, lines } = await servers.start({
      getShard: unaryHandler(() => ({ shard: 5 }) as never),
      streamStatements: bidiHandler(async (stream) => {
        await stream.send({ answers: [{}] } as never);
      }),
    });
    const caller = await client();
    const unary = await failureOf(answerOf(caller.getShard.bind(caller), { shard: "" }));
    expect(fromServiceError(unary)).toMatchObject({ reason: "INTERNAL" });
    const { error } = await endOf(caller.streamStatements() as never);
    expect(fromServiceError(error!)).toMatchObject({ reason: "INTERNAL" });
    expect(lines.filter(({ level }) => level === "error")).toHaveLength(2);
  });
});

describe("mounting", () => {
  it("refuses a service with a method that has no handler", () => {
    expect(() => grpcService(ExchangeServiceService, {} as never)).toThrow(
      'needs a handler "submitStatement" of kind unary and has none',
    );
  });

  it("says so when the address is taken", async () => {
    const { server } = await servers.start();
    const failure = await failureOf(servers.start({}, { address: server.address }));
    expect(failure.message).toContain(`cannot listen on ${server.address}`);
  });

  it("refuses plain connections", async () => {
    const { server } = await servers.start();
    const plain = new RawClient(server.address, credentials.createInsecure()) as unknown as RawClient;
    const failure = await failureOf(answerOf(plain.getShard.bind(plain), Buffer.alloc(0)));
    expect(fromServiceError(failure)).toMatchObject({ code: GRPC_CODE.UNAVAILABLE, reason: null, retry: "retry" });
    plain.close();
  });
});
