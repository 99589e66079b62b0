import { bidiHandler, busError, toStatus } from "@lienthong/chassis";
import type { StatementAnswer } from "@lienthong/contracts/exchange/v1/exchange_service";
import { describe, expect, it } from "vitest";
import type { BusCallError } from "../src/index.ts";
import { failureOf, testServers, until } from "./server-fixture.ts";

const start = testServers();

function acceptedAnswer(correlation: bigint, envelope: Uint8Array): StatementAnswer {
  const value = { event: envelope, leafIndex: correlation, promise: undefined, repeatedAnswer: false };
  return { correlation, outcome: { $case: "accepted", value } };
}
const envelopeOf = (number: number) => new Uint8Array([number >> 8, number & 255]);

describe("a statement stream", () => {
  it("puts what is submitted in one tick into one message, and matches answers that come in another order", async () => {
    const messages: number[] = [];
    const { connection } = await start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const { statements } of stream.requests) {
          messages.push(statements.length);
          const answers = statements.map(({ correlation, envelope }) => acceptedAnswer(correlation, envelope));
          for (const answer of answers.reverse()) await stream.send({ answers: [answer] });
        }
      }),
    });
    const stream = connection.exchange.openStream();
    const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => stream.submit(envelopeOf(index))));
    expect(messages).toEqual([300]);
    for (const [index, { event }] of answers.entries()) {
      expect(Buffer.from(event)).toEqual(Buffer.from(envelopeOf(index)));
    }
    await stream.end();
    expect(await stream.ended).toBeNull();
    await expect(stream.submit(envelopeOf(1))).rejects.toThrow();
  });

  it("splits what one message may not hold", async () => {
    const messages: number[] = [];
    const { connection } = await start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const { statements } of stream.requests) {
          messages.push(statements.length);
          await stream.send({
            answers: statements.map(({ correlation }) => acceptedAnswer(correlation, new Uint8Array())),
          });
        }
      }),
    });
    const stream = connection.exchange.openStream({ inFlightMax: 5_000 });
    await Promise.all(Array.from({ length: 2_500 }, (_, index) => stream.submit(envelopeOf(index))));
    expect(messages).toEqual([1_000, 1_000, 500]);
    await Promise.all(Array.from({ length: 40 }, () => stream.submit(new Uint8Array(60_000))));
    expect(messages.slice(3).every((count) => count <= 17)).toBe(true);
    await stream.end();
  });

  it("refuses one statement and goes on", async () => {
    const { connection } = await start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const { statements } of stream.requests) {
          const answers = statements.map(({ correlation, envelope }): StatementAnswer => {
            if (envelope[1] !== 2) return acceptedAnswer(correlation, envelope);
            const value = toStatus(busError("NOT_THE_HOLDER", { field: "statement.author.agency" }));
            return { correlation, outcome: { $case: "refused", value } };
          });
          await stream.send({ answers });
        }
      }),
    });
    const stream = connection.exchange.openStream();
    const [first, second, third] = await Promise.allSettled([1, 2, 3].map((n) => stream.submit(envelopeOf(n))));
    expect([first?.status, third?.status]).toEqual(["fulfilled", "fulfilled"]);
    expect((second as PromiseRejectedResult).reason).toMatchObject({
      reason: "NOT_THE_HOLDER",
      field: "statement.author.agency",
    });
    await stream.submit(envelopeOf(4));
    await stream.end();
  });

  it("keeps no more in flight than allowed, and tells when there is room", async () => {
    const held: { correlation: bigint; envelope: Uint8Array }[] = [];
    const gate = Promise.withResolvers<void>();
    const { connection } = await start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const { statements } of stream.requests) {
          held.push(...statements);
          if (held.length <= 4) await gate.promise;
          const answers = held.splice(0).map(({ correlation, envelope }) => acceptedAnswer(correlation, envelope));
          await stream.send({ answers });
        }
      }),
    });
    const stream = connection.exchange.openStream({ inFlightMax: 4 });
    const answers = Array.from({ length: 10 }, (_, index) => stream.submit(envelopeOf(index)));
    let ready = false;
    const room = stream.ready().then(() => {
      ready = true;
    });
    await until(() => held.length === 4);
    expect({ inFlight: stream.inFlight, waiting: stream.waiting, ready }).toEqual({
      inFlight: 4,
      waiting: 6,
      ready: false,
    });
    gate.resolve();
    await Promise.all(answers);
    await room;
    await stream.end();
  });

  it("gives up a statement that is not answered in time; the others are not touched", async () => {
    const { connection } = await start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const { statements } of stream.requests) {
          const answered = statements.filter(({ envelope }) => envelope[1] !== 1);
          const answers = answered.map(({ correlation, envelope }) => acceptedAnswer(correlation, envelope));
          if (answers.length > 0) await stream.send({ answers });
        }
      }),
    });
    const stream = connection.exchange.openStream({ answerWithinMs: 80 });
    const lost = failureOf(stream.submit(envelopeOf(1)));
    await stream.submit(envelopeOf(2));
    expect(await lost).toMatchObject({ reason: "DEADLINE_PASSED", outcomeUnknown: true });
    await stream.submit(envelopeOf(3));
    await stream.end();
  });

  it("tells everybody who waits when the stream breaks, and that their outcome is not known", async () => {
    const { connection, stop } = await start({
      streamStatements: bidiHandler(async (stream) => {
        for await (const _ of stream.requests) stop();
      }),
    });
    const stream = connection.exchange.openStream({ inFlightMax: 1 });
    const errors = await Promise.all([1, 2].map((n) => failureOf(stream.submit(envelopeOf(n)))));
    for (const error of errors) expect((error as BusCallError).outcomeUnknown).toBe(true);
    expect(await stream.ended).toMatchObject({ name: "BusCallError", retry: "retry" });
  });

  it("passes on why the bus ended it", async () => {
    const { connection } = await start({
      streamStatements: bidiHandler(async () => {
        throw busError("SYSTEM_UNKNOWN");
      }),
    });
    const stream = connection.exchange.openStream();
    expect(await failureOf(stream.submit(envelopeOf(1)))).toMatchObject({ reason: "SYSTEM_UNKNOWN" });
    expect(await stream.ended).toMatchObject({ reason: "SYSTEM_UNKNOWN" });
  });
});
