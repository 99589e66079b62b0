// What one system may take of a server, seen by it and by the others.
import { connect } from "node:http2";
import { setTimeout as wait } from "node:timers/promises";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import type {
  ExchangeServiceClient,
  GetTrailRequest,
  GetTrailResponse,
  StreamStatementsRequest,
  StreamStatementsResponse,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { expect, test } from "vitest";
import {
  bidiHandler,
  busError,
  defaultLimits,
  fromServiceError,
  type LimitSettings,
  type PeerIdentity,
  type ReceivedError,
  unaryHandler,
} from "../src/index.ts";
import { answerOf, EMPTY_SHARD, failureOf, testServers } from "./grpc-fixture.ts";

const servers = testServers();
type Stream = ClientDuplexStream<StreamStatementsRequest, StreamStatementsResponse>;

const share = (own: Partial<LimitSettings>): { share: LimitSettings } => ({ share: { ...defaultLimits, ...own } });
const ask = (caller: ExchangeServiceClient) => answerOf(caller.getShard.bind(caller), { shard: "a" });
const refusalOf = async (answer: Promise<unknown>): Promise<ReceivedError> => fromServiceError(await failureOf(answer));

/** Opens a stream; `stands` when it has answered, `ended` with why it ended. */
function open(caller: ExchangeServiceClient): {
  call: Stream;
  stands: Promise<void>;
  ended: Promise<ReceivedError | null>;
} {
  const call = caller.streamStatements();
  const ended = new Promise<ReceivedError | null>((resolve) => {
    call.on("error", (error) => resolve(fromServiceError(error)));
    call.on("end", () => resolve(null));
  });
  const stands = new Promise<void>((resolve) => call.once("data", () => resolve()));
  call.write({ statements: [{ correlation: 1n, envelope: Buffer.alloc(1) }] });
  return { call, stands, ended };
}

test("a system that calls without end is refused with the span to wait; others are answered", async () => {
  const on = await servers.start({}, share({ limitCallsPerSecond: 20, limitCallsBurst: 10 }));
  const [flooder, other] = [await on.client("he-thong-lap"), await on.client("he-thong-khac")];
  const answers = await Promise.allSettled(Array.from({ length: 60 }, () => ask(flooder)));
  const refusals = answers.flatMap((one) => (one.status === "rejected" ? [fromServiceError(one.reason)] : []));
  expect(refusals.length).toBeGreaterThan(20);
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ reason: "LIMIT_REACHED", retry: "retry-after" });
    expect(refusal.metadata).toEqual({ of: "system he-thong-lap", allowed: "20 calls a second" });
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
  }
  for (let turn = 0; turn < 5; turn++) await ask(other);
  await wait(refusals[0]?.retryAfterMs ?? 0);
  await expect
    .poll(() =>
      ask(flooder).then(
        () => "answered",
        () => "refused",
      ),
    )
    .toBe("answered");
});

test("streams beyond the share are refused, and a stream that ends makes room; others have their own", async () => {
  const on = await servers.start({}, share({ limitStreams: 2 }));
  const [many, other] = [await on.client("he-thong-lap"), await on.client("he-thong-khac")];
  const streams = [open(many), open(many)];
  await Promise.all(streams.map(({ stands }) => stands));
  expect(await open(many).ended).toMatchObject({
    reason: "LIMIT_REACHED",
    metadata: { allowed: "2 streams at a time" },
  });
  const others = open(other);
  await others.stands;
  streams[0]?.call.end();
  expect(await streams[0]?.ended).toBeNull();
  const next = open(many);
  await next.stands;
  for (const { call } of [...streams, others, next]) call.cancel();
});

test("connections beyond the share are closed, those that stand and other systems' go on, and a closed one makes room", async () => {
  const on = await servers.start({}, share({ limitConnections: 3 }));
  const own = await Promise.all([1, 2, 3].map(() => on.client("he-thong-lap")));
  for (const caller of own) await ask(caller);
  const fourth = await on.client("he-thong-lap", { reconnectBackoffMaxMs: 200 });
  expect((await refusalOf(ask(fourth))).retry).toBe("retry");
  for (const caller of own) await ask(caller);
  await ask(await on.client("he-thong-khac"));
  own[0]?.close();
  await expect
    .poll(
      () =>
        ask(fourth).then(
          () => "answered",
          () => "refused",
        ),
      { timeout: 10_000 },
    )
    .toBe("answered");
  expect(on.lines.filter(({ msg }) => /more connections than its share/.test(String(msg)))).toMatchObject([
    { system: "he-thong-lap", connectionsMax: 3 },
  ]);
});

test("a stream that sends more than its share of bytes is read more slowly, and nothing of it is lost", async () => {
  const on = await servers.start({}, share({ limitMebibytesPerSecond: 4, limitMebibytesBurst: 1 }));
  const { call, stands } = open(await on.client("he-thong-lap"));
  await stands;
  let answered = 0;
  const all = new Promise<void>((resolve) => {
    call.on("data", ({ answers }: StreamStatementsResponse) => {
      answered += answers.length;
      if (answered === 24) resolve();
    });
  });
  const startedAt = performance.now();
  for (let turn = 0; turn < 24; turn++) {
    call.write({ statements: [{ correlation: BigInt(turn), envelope: Buffer.alloc(262_144) }] });
  }
  // Another system meanwhile.
  const other = await on.client("he-thong-khac");
  for (let turn = 0; turn < 20; turn++) await ask(other);
  expect(answered).toBeLessThan(24);
  await all;
  // 6 MiB, of which 1 at once.
  expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  call.cancel();
});

test("answers that a system does not read take a bounded number of places, and other systems go on", async () => {
  let shown = 0;
  const handlers = {
    getTrail: unaryHandler<GetTrailRequest, GetTrailResponse>(() => {
      shown += 1;
      return { entries: [], nextPageToken: "x".repeat(1_000_000) };
    }),
  };
  const on = await servers.start(handlers, share({ limitCallsUnderWay: 32 }));
  const silent = await on.client("he-thong-lap");
  await ask(silent);
  // A client that stops reading: its process hangs, its connection stands.
  const material = await on.authority.system("he-thong-lap");
  const session = connect(`https://localhost:${on.server.port}`, {
    ...{ ca: material.caPem, cert: material.certPem, key: material.keyPem, host: "127.0.0.1" },
    settings: { initialWindowSize: 0 },
  } as never);
  session.on("error", () => {});
  const rssBefore = process.memoryUsage().rss;
  for (let turn = 0; turn < 400; turn++) {
    const stream = session.request({
      ":method": "POST",
      ":path": "/lienthong.exchange.v1.ExchangeService/GetTrail",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => {});
    stream.end(Buffer.alloc(5));
    stream.pause();
  }
  await expect.poll(() => shown, { timeout: 10_000 }).toBe(32);
  const other = await on.client("he-thong-khac");
  for (let turn = 0; turn < 20; turn++) await ask(other);
  expect(shown).toBe(32);
  expect(process.memoryUsage().rss - rssBefore).toBeLessThan(150_000_000);
  session.destroy();
  await expect
    .poll(
      () =>
        ask(silent).then(
          () => "answered",
          () => "refused",
        ),
      { timeout: 10_000 },
    )
    .toBe("answered");
});

test("calls under way of a system that may no longer call are ended within two seconds, one that is never read too", async () => {
  const refused = new Set<string>();
  const endings: string[] = [];
  const big = Buffer.alloc(400_000);
  const on = await servers.start(
    {
      streamStatements: bidiHandler(async (stream, context) => {
        for await (const request of stream.requests) {
          for (let turn = 0; turn < (request.statements.length > 1 ? 1_000 : 1); turn++) {
            if (context.ended) break;
            await stream.send({
              answers: [
                {
                  correlation: 1n,
                  outcome: {
                    $case: "accepted",
                    value: { event: big, leafIndex: 0n, promise: undefined, repeatedAnswer: false },
                  },
                },
              ],
            });
          }
        }
        endings.push("left its loop");
      }),
      getShard: unaryHandler(async (_request, context) => {
        await new Promise((_resolve, reject) =>
          context.signal.addEventListener("abort", () => reject(context.signal.reason)),
        );
        return EMPTY_SHARD;
      }),
    },
    {
      refusalOf: (identity: PeerIdentity | null) =>
        refused.has(identity?.systemId ?? "") ? busError("SYSTEM_UNKNOWN", { system: identity?.systemId }) : null,
    },
  );
  const [gone, stays] = [await on.client("he-thong-lap"), await on.client("he-thong-khac")];
  const [idle, other] = [open(gone), open(stays)];
  await Promise.all([idle.stands, other.stands]);
  const waiting = refusalOf(ask(gone));
  const unread = gone.streamStatements();
  const unreadEnded = new Promise<number>((resolve) =>
    unread.on("error", (error) => resolve(fromServiceError(error).code)),
  );
  unread.write({ statements: [1n, 2n].map((correlation) => ({ correlation, envelope: Buffer.alloc(1) })) });
  unread.pause();
  await wait(300);

  refused.add("he-thong-lap");
  const startedAt = performance.now();
  expect(await idle.ended).toMatchObject({ reason: "SYSTEM_UNKNOWN" });
  expect(await waiting).toMatchObject({ reason: "SYSTEM_UNKNOWN" });
  unread.resume();
  await unreadEnded;
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  await wait(1_200);
  other.call.write({ statements: [{ correlation: 2n, envelope: Buffer.alloc(1) }] });
  await new Promise<void>((resolve) => other.call.once("data", () => resolve()));
  other.call.cancel();
  expect(on.lines.filter(({ msg }) => /may not go on with it/.test(String(msg)))).toHaveLength(3);
});
