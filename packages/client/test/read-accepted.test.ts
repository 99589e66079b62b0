import { timestampFromIso } from "@lienthong/chassis/timestamp";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import {
  encodeEvent,
  generateSigningKey,
  importVerifyingKey,
  promiseBatch,
  signStatementPayload,
} from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { describe, expect, it } from "vitest";
import { createAgencyPen, readAccepted, type SignedStatement } from "../src/index.ts";

const network = new Uint8Array(32).fill(1);
const origin = "log.example/hanoi";
const seal = generateSigningKey("p256");
const promiseKey = generateSigningKey("ed25519");
const verifying = importVerifyingKey(promiseKey.algorithm, promiseKey.publicKey);
const time = timestampFromIso("2025-05-05T01:00:00Z");
const pen = createAgencyPen({ agency: "a", keys: [seal], network, shard: "s1" });
const on = { dossier: "H26-250505-0001", branch: "0", head: new Uint8Array(32).fill(7) };

function accept(sent: Pick<SignedStatement, "envelope">, more: Partial<AcceptedStatement> = {}): AcceptedStatement {
  const header = {
    version: 1,
    shard: "s1",
    generation: 1,
    number: 2n,
    previous: new Uint8Array(32),
    registryHead: { size: 3n, root: new Uint8Array(32) },
    system: "sys",
    recordedTime: time,
    wallTime: time,
  };
  const event = encodeEvent(header, { $case: "statement", envelopeBytes: sent.envelope });
  const leafHashes = [new Uint8Array(32), leafHash(event)];
  const promise = promiseBatch(promiseKey, { network, origin, leafHashes, includeBy: time })[1]!;
  return { event, leafIndex: 9n, promise, repeatedAnswer: false, ...more };
}

describe("reading an accepted statement", () => {
  const sent = pen.acknowledge(on);
  const expected = { sent, network, origin, promiseKeys: [verifying] };

  it("gives the event, its hash and the promise when the answer holds", () => {
    const accepted = accept(sent);
    const read = readAccepted(accepted, expected);
    expect(read).toMatchObject({ leafIndex: 9n, includeBy: time, promiseVerified: true, repeated: false });
    expect(read.hash).toEqual(leafHash(accepted.event));
    expect(read.event.dossier).toBe(on.dossier);
  });

  it("says that the promise was not verified when its key is not known here", () => {
    expect(readAccepted(accept(sent), { sent }).promiseVerified).toBe(false);
  });

  it("rejects an event that contains another statement", () => {
    expect(() => readAccepted(accept(pen.acknowledge(on)), expected)).toThrow(/does not contain the statement/);
  });

  it("rejects an event whose signatures are not those sent, unless it is a repeated answer", () => {
    const again = { envelope: signStatementPayload(sent.payload, [seal]) };
    expect(() => readAccepted(accept(again), expected)).toThrow(/other signatures/);
    expect(readAccepted(accept(again, { repeatedAnswer: true }), expected).repeated).toBe(true);
  });

  it("rejects a promise for another network, another log, another event, or none", () => {
    const accepted = accept(sent);
    expect(() => readAccepted(accepted, { ...expected, network: new Uint8Array(32) })).toThrow(/another network/);
    expect(() => readAccepted(accepted, { ...expected, origin: "log.example/other" })).toThrow(/is about the log/);
    expect(() => readAccepted({ ...accepted, promise: undefined }, expected)).toThrow(/has no promise/);
    const promise = { ...accepted.promise!, batchIndex: 0 };
    expect(() => readAccepted({ ...accepted, promise }, expected)).toThrow(/does not cover the event/);
  });
});
