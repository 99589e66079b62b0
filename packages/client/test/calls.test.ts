import { attachment, busError, unaryHandler } from "@lienthong/chassis";
import { WinningEvent } from "@lienthong/contracts/exchange/v1/exchange_service";
import { describe, expect, it } from "vitest";
import { BusCallError, submitWithRetry } from "../src/index.ts";
import { failureOf, testServers } from "./server-fixture.ts";

const start = testServers();
const accepted = { event: new Uint8Array([1]), leafIndex: 4n, promise: undefined, repeatedAnswer: false };
const envelope = new Uint8Array([9, 9]);

describe("a call", () => {
  it("fails with the bus's reason, field and winning event", async () => {
    const winning = { event: new Uint8Array([1, 2]), head: new Uint8Array(32), leafIndex: 7n };
    const { connection } = await start({
      submitStatement: unaryHandler(() => {
        throw busError(
          "PRIOR_STALE",
          { field: "statement.prior[0].head", branch: "0" },
          { attachments: [attachment("lienthong.exchange.v1.WinningEvent", WinningEvent, winning)] },
        );
      }),
    });
    const error = (await failureOf(connection.exchange.submit(envelope))) as BusCallError;
    expect(error).toBeInstanceOf(BusCallError);
    expect(error).toMatchObject({
      reason: "PRIOR_STALE",
      field: "statement.prior[0].head",
      retry: "terminal",
      unreachable: false,
    });
    expect(error.winningEvent).toMatchObject({ leafIndex: 7n });
    expect(Object.keys(error.localizedMessages)).toEqual(["vi", "en"]);
  });

  it("ends at its deadline and says that the outcome is not known", async () => {
    const { connection } = await start(
      { submitStatement: unaryHandler(() => new Promise<never>(() => {})) },
      { deadlineMs: 60 },
    );
    const error = (await failureOf(connection.exchange.submit(envelope))) as BusCallError;
    expect(error).toMatchObject({ reason: "DEADLINE_PASSED", retry: "retry", outcomeUnknown: true });
  });

  it("says that nobody answers when nothing listens", async () => {
    const { connection, stop } = await start({});
    stop();
    const error = (await failureOf(connection.exchange.getShard())) as BusCallError;
    expect(error).toMatchObject({ reason: null, unreachable: true, retry: "retry" });
  });

  it("can be given up", async () => {
    const { connection } = await start({ getShard: unaryHandler(() => new Promise<never>(() => {})) });
    const signal = AbortSignal.timeout(30);
    expect(await failureOf(connection.exchange.getShard("", { signal }))).toBe(signal.reason);
  });

  it("brings all pages of a trail", async () => {
    const entry = (number: bigint) => ({
      number,
      leafIndex: number,
      hash: new Uint8Array(32),
      event: new Uint8Array(),
    });
    const { connection } = await start({
      getTrail: unaryHandler(({ pageToken }) =>
        pageToken === ""
          ? { entries: [entry(1n), entry(2n)], nextPageToken: "2" }
          : { entries: [entry(3n)], nextPageToken: "" },
      ),
    });
    const trail = await connection.exchange.getTrail({ shard: "s", dossier: "d", agency: "a" });
    expect(trail.map(({ number }) => number)).toEqual([1n, 2n, 3n]);
  });
});

describe("submitting with retry", () => {
  it("sends the same bytes until they are accepted", async () => {
    const seen: Uint8Array[] = [];
    const { connection } = await start({
      submitStatement: unaryHandler((request) => {
        seen.push(request.envelope);
        if (seen.length < 3) throw busError(seen.length === 1 ? "OUTCOME_UNKNOWN" : "STORE_UNAVAILABLE");
        return { accepted };
      }),
    });
    const reasons: (string | null)[] = [];
    const answer = await submitWithRetry((bytes) => connection.exchange.submit(bytes), envelope, {
      firstBackoffMs: 1,
      onRetry: ({ reason }) => reasons.push(reason),
    });
    expect(answer.leafIndex).toBe(4n);
    expect(reasons).toEqual(["OUTCOME_UNKNOWN", "STORE_UNAVAILABLE"]);
    for (const bytes of seen) expect(Buffer.from(bytes)).toEqual(Buffer.from(envelope));
  });

  it("throws at once what repeating cannot change", async () => {
    let attempts = 0;
    const { connection } = await start({
      submitStatement: unaryHandler(() => {
        attempts += 1;
        throw busError("NOT_THE_HOLDER");
      }),
    });
    await expect(submitWithRetry((bytes) => connection.exchange.submit(bytes), envelope)).rejects.toMatchObject({
      reason: "NOT_THE_HOLDER",
    });
    expect(attempts).toBe(1);
  });

  it("waits as long as the bus asks, and gives up after the attempts allowed", async () => {
    let attempts = 0;
    const { connection } = await start({
      submitStatement: unaryHandler(() => {
        attempts += 1;
        throw busError("OVERLOADED", {}, { retryAfterMs: 40 });
      }),
    });
    const startedMs = performance.now();
    const options = { attemptsMax: 3, firstBackoffMs: 1 };
    const tried = submitWithRetry((bytes) => connection.exchange.submit(bytes), envelope, options);
    await expect(tried).rejects.toMatchObject({ reason: "OVERLOADED", retryAfterMs: 40 });
    expect(attempts).toBe(3);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(78);
  });
});
