import { openDevelopmentAuthority } from "@lienthong/chassis";
import { ERROR_CATALOGUE, GRPC_CODE, isReasonName } from "@lienthong/chassis/status";
import { Event } from "@lienthong/contracts/exchange/v1/event";
import { StreamStatementsRequest, SubmitStatementRequest } from "@lienthong/contracts/exchange/v1/exchange_service";
import { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { ErrorInfo, LocalizedMessage } from "@lienthong/contracts/google/rpc/error_details";
import type { Status } from "@lienthong/contracts/google/rpc/status";
import { createReader, eventStreamName, type Reader } from "@lienthong/event-store";
import { payloadTypes, signStatementPayload, verifyPayloadSync } from "@lienthong/statement";
import { startTestBus, type TestBus } from "@lienthong/testkit";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type BadWorld,
  badStatements,
  department,
  futureDepartment,
  futureWard,
  goodOpen,
  makeBadWorld,
  revokedWard,
  ward,
} from "./bad-statements.ts";
import { type RawAnswer, RawCaller } from "./raw-caller.ts";
import { revokeSeal } from "./registrar.ts";
import { faultsOf, readStream, sameBytes } from "./stream-facts.ts";
import { nonMinimal, replaced, reversed } from "./wire.ts";

let bus: TestBus;
let world: BadWorld;
let caller: RawCaller;
let nats: NatsConnection;
let reader: Reader;

beforeAll(async () => {
  bus = await startTestBus({
    seed: (seed) => {
      const later = (id: string, like: string) => {
        const real = seed.agencies.find(({ record }) => record.id === like);
        if (real === undefined) throw new Error(`${like} is not in the seed.`);
        return { ...real, validFrom: "2025-07-01", validUntil: "", record: { ...real.record, id, code: "" } };
      };
      return {
        ...seed,
        agencies: [...seed.agencies, later(futureWard, ward), later(futureDepartment, department)],
      };
    },
  });
  world = await makeBadWorld(bus);
  await revokeSeal(bus, revokedWard);
  caller = new RawCaller(bus.bus.run.grpc.exchange, bus.tls(bus.systemOf(ward)));
  nats = await bus.bus.connectNats("ledger", "test: length");
  reader = createReader({ connection: nats, streamName: eventStreamName(bus.bus.shard.name) });
});

afterAll(async () => {
  caller?.close();
  await nats?.close();
  await bus?.stop();
});

function expectOneRefusal(status: Status, reason: string, field: string | null): void {
  const named = (name: string) => status.details.filter(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
  const infos = named("google.rpc.ErrorInfo").map(({ value }) => ErrorInfo.decode(value));
  const texts = named("google.rpc.LocalizedMessage").map(({ value }) => LocalizedMessage.decode(value));
  expect(
    { reasons: infos.map((info) => info.reason), field: infos[0]?.metadata.field ?? null },
    status.message,
  ).toEqual({
    reasons: [reason],
    field,
  });
  expect(infos[0]?.domain).toBe("lienthong");
  if (!isReasonName(reason)) throw new Error(`${reason} is no reason of the catalogue.`);
  expect(status.code).toBe(GRPC_CODE[ERROR_CATALOGUE[reason].code]);
  const vietnamese = texts.filter(({ locale }) => locale === "vi");
  expect(vietnamese).toHaveLength(1);
  expect(vietnamese[0]?.message).toMatch(/[àáâãèéêìíòóôõùúýăđĩũơưạ-ỹ]/);
  expect(vietnamese[0]?.message).not.toMatch(/[{}]|\[\D/);
}

function statusIn(answer: RawAnswer): Status {
  if ("accepted" in answer) throw new Error("A refusal was expected, but the statement was accepted.");
  return answer.status;
}

const storedCount = async () => (await reader.state()).lastSequence;

/** What is wrong with the request or the connection rather than with the statement, and who tells. */
const badRequests: readonly {
  readonly what: string;
  readonly reason: string;
  readonly field: string | null;
  readonly unary: () => Promise<Status>;
  readonly stream: () => Promise<Status>;
}[] = [
  ...[
    { what: "a truncated request", change: (request: Uint8Array) => request.slice(0, -5) },
    { what: "a request that is nothing", change: () => Buffer.of(0xff, 0xff, 0xff) },
  ].map(({ what, change }) => ({
    what,
    reason: "MESSAGE_MALFORMED",
    field: null,
    unary: async () =>
      statusIn(
        await caller.submitRequest(
          change(SubmitStatementRequest.encode({ envelope: goodOpen(bus).envelope }).finish()),
        ),
      ),
    stream: () => {
      const statements = [{ correlation: 1n, envelope: goodOpen(bus).envelope }];
      return caller.streamRequest(change(StreamStatementsRequest.encode({ statements }).finish()));
    },
  })),
  {
    what: "a system that the registry does not know",
    reason: "SYSTEM_UNKNOWN",
    field: null,
    unary: () => asStranger(async (stranger) => statusIn(await stranger.submit(goodOpen(bus).envelope))),
    stream: () =>
      asStranger((stranger) => {
        const statements = [{ correlation: 1n, envelope: goodOpen(bus).envelope }];
        return stranger.streamRequest(StreamStatementsRequest.encode({ statements }).finish());
      }),
  },
];

/** Calls with a certificate that the bus's own authority issued to somebody the registrar never heard of. */
async function asStranger<T>(work: (stranger: RawCaller) => Promise<T>): Promise<T> {
  const authority = await openDevelopmentAuthority({ folder: bus.bus.folder.tls });
  const stranger = new RawCaller(bus.bus.run.grpc.exchange, await authority.system("khong-ai-biet"));
  try {
    return await work(stranger);
  } finally {
    stranger.close();
  }
}

const table = [
  ...badStatements.map(({ make, ...row }) => ({
    ...row,
    unary: async () => statusIn(await caller.submit(make(world))),
    stream: async () => statusIn(await caller.stream(make(world))),
  })),
  ...badRequests,
];

test.each(table)(
  "$what is refused with $reason at $field, nothing is stored, and the connection goes on",
  async ({ reason, field, unary, stream }) => {
    const before = await storedCount();
    expectOneRefusal(await unary(), reason, field);
    expectOneRefusal(await stream(), reason, field);
    expect(await storedCount()).toBe(before);
    expect(await caller.submit(goodOpen(bus).envelope)).toHaveProperty("accepted");
    expect(await caller.stream(goodOpen(bus).envelope)).toHaveProperty("accepted");
    expect(await storedCount()).toBe(before + 2);
  },
);

test.each([
  { what: "fields in the opposite order", odd: reversed },
  { what: "tags, lengths and numbers longer than needed", odd: nonMinimal },
])("a statement with $what is accepted, kept byte for byte, and verifies", async ({ odd }) => {
  const key = bus.keyOf(ward);
  for (const submit of [caller.submit.bind(caller), caller.stream.bind(caller)]) {
    const { payload, dossier } = goodOpen(bus);
    const oddPayload = odd(payload);
    expect(sameBytes(oddPayload, payload)).toBe(false);
    const envelope = odd(signStatementPayload(oddPayload, [key]));
    const answer = await submit(envelope);
    if (!("accepted" in answer)) throw new Error(answer.status.message);
    const { event, leafIndex } = answer.accepted;
    expect(Buffer.from(event).includes(Buffer.from(envelope))).toBe(true);
    const stored = await reader.atSequence(Number(leafIndex) + 1);
    expect(sameBytes(stored?.payload ?? new Uint8Array(), event)).toBe(true);
    const { body } = Event.decode(event);
    if (body?.$case !== "statement") throw new Error("The event holds no statement.");
    expect(sameBytes(body.value.payload, oddPayload)).toBe(true);
    const signature = body.value.signatures[0]?.signature ?? new Uint8Array();
    const verifyingKey = bus.bus.registry.state.key(Buffer.from(key.keyId).toString("hex"))?.verifyingKey;
    if (verifyingKey === undefined) throw new Error("The registry lost a key.");
    expect(verifyPayloadSync(verifyingKey, payloadTypes.statement, body.value.payload, signature)).toBe(true);
    const [entry] = await bus.connection(bus.systemOf(ward)).exchange.getTrail({
      shard: bus.bus.shard.name,
      dossier,
      agency: ward,
    });
    expect(sameBytes(entry?.event ?? new Uint8Array(), event)).toBe(true);
    // The same payload is the same statement, however the envelope around it is written.
    const again = await submit(replaced(StatementEnvelope.encode(body.value).finish(), 1, oddPayload));
    expect(again).toMatchObject({ accepted: { repeatedAnswer: true, leafIndex } });
  }
});

test("after all of it the stream is gapless, and every chain in it is whole", async () => {
  expect(faultsOf(await readStream(bus.bus), bus.bus.shard.name)).toEqual([]);
});
