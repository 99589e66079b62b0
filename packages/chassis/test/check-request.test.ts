import { SettleDeliveryRequest } from "@lienthong/contracts/exchange/v1/delivery_service";
import { StreamStatementsRequest } from "@lienthong/contracts/exchange/v1/exchange_service";
import { describe, expect, it } from "vitest";
import type { BusError } from "../src/bus-error.ts";
import { requestCheck, requestFieldsMax } from "../src/check-request.ts";
import { decodeRequest } from "../src/raw-service-definition.ts";

const exchange = "/lienthong.exchange.v1.ExchangeService";
const delivery = "/lienthong.exchange.v1.DeliveryService";
const registry = "/lienthong.registry.v1.RegistryService";

function refusalOf(path: string, bytes: readonly number[] | Uint8Array): Pick<BusError, "reason" | "field"> | null {
  try {
    decodeRequest(Buffer.from(bytes), requestCheck(path), (whole) => whole);
    return null;
  } catch (error) {
    const { reason, field } = error as BusError;
    return { reason, field };
  }
}

const malformed = { reason: "MESSAGE_MALFORMED", field: null };

describe("a request", () => {
  it("of the largest size that the contracts allow passes", () => {
    const deliveries = Array.from({ length: 10_000 }, (_, at) => ({ agency: "a", leafIndex: BigInt(at), shard: "s" }));
    const settle = SettleDeliveryRequest.encode({ shard: "s", subscription: "main", deliveries }).finish();
    expect(refusalOf(`${delivery}/SettleDelivery`, settle)).toBeNull();
    const statements = Array.from({ length: 1_000 }, (_, at) => ({
      correlation: BigInt(at),
      envelope: new Uint8Array(9),
    }));
    const stream = StreamStatementsRequest.encode({ statements }).finish();
    expect(refusalOf(`${exchange}/StreamStatements`, stream)).toBeNull();
  });

  it("of two million empty statements is refused before anybody makes two million objects", () => {
    const twoMillion = Buffer.alloc(4_194_304, Buffer.of(0x0a, 0));
    expect(refusalOf(`${exchange}/StreamStatements`, twoMillion)).toEqual(malformed);
    expect(refusalOf(`${exchange}/StreamStatements`, twoMillion.subarray(0, 2 * requestFieldsMax))).toBeNull();
  });

  it("with too many fields in a message inside it is refused", () => {
    const inner = Buffer.alloc(2 * (requestFieldsMax + 1), Buffer.of(0x0a, 0));
    const settle = Buffer.concat([Buffer.of(0x12, 0x82, 0x80, 0x08), inner]);
    expect(refusalOf(`${delivery}/Receive`, settle)).toEqual(malformed);
  });

  it.each([
    ["text that is not UTF-8", [0x1a, 2, 0xc3, 0x28], { reason: "TEXT_INVALID", field: "name_contains" }],
    ["a number where text belongs", [0x18, 1], malformed],
    ["text where a number belongs", [0x22, 1, 0x41], malformed],
    ["a group", [0x7b, 0x7c], malformed],
    ["a zero tag", [0x20, 1, 0], malformed],
    ["a field that nobody knows", [0x78, 1], null],
  ])("with %s", (_what, bytes, refusal) => {
    expect(refusalOf(`${registry}/ListAgencies`, bytes)).toEqual(refusal);
  });

  it("names the field inside a message", () => {
    expect(refusalOf(`${delivery}/Receive`, [0x0a, 3, 0x1a, 1, 0xff])).toEqual({
      reason: "TEXT_INVALID",
      field: "start.subscription",
    });
  });

  it("whose message inside is longer than itself is refused", () => {
    expect(refusalOf(`${delivery}/Receive`, [0x0a, 3, 0x1a, 9, 0x41])).toEqual(malformed);
  });
});
