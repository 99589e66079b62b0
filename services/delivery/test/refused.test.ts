import { busError } from "@lienthong/chassis";
import type { ReceiveRequest, ReceiveStart } from "@lienthong/contracts/exchange/v1/delivery_service";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dossierCode, type Ground, prepareGround, type Replica, startReplica, TestShard, until } from "./harness.ts";

let ground: Ground;
let shard: TestShard;
let replica: Replica;
beforeAll(async () => {
  ground = await prepareGround();
  shard = await TestShard.create(ground);
  replica = await startReplica(shard, {
    authorise: (identity, agency) =>
      agency === "foreign"
        ? busError("DELEGATION_MISSING", { agency, system: identity.systemId, field: "agency" })
        : agency === "nobody"
          ? busError("AGENCY_UNKNOWN", { agency })
          : null,
  });
  await shard.forward([
    { to: "dep-b", dossier: dossierCode(1) },
    { to: "dep-c", dossier: dossierCode(2) },
  ]);
  await replica.reached(1);
}, 60_000);
afterAll(async () => {
  await replica.stop();
  await ground.stop();
});

type What = NonNullable<ReceiveRequest["what"]>;

function startOf(change: Partial<ReceiveStart>): What {
  const value = { shard: shard.name, agencies: ["dep-b"], subscription: "", credit: 0, ...change };
  return { $case: "start", value };
}

const settle = (agency: string, leafIndex: bigint): What => ({
  $case: "settle",
  value: {
    deliveries: [
      { agency: "dep-b", leafIndex: 0n, shard: "" },
      { agency, leafIndex, shard: "" },
    ],
  },
});

const many = Array.from({ length: 1_001 }, (_, index) => `a${index}`);
const refusals: [string, () => What[], string, string][] = [
  ["settle before start", () => [settle("dep-b", 0n)], "FIELD_MISSING", "start"],
  ["no shard", () => [startOf({ shard: "" })], "FIELD_MISSING", "start.shard"],
  ["another shard", () => [startOf({ shard: "elsewhere" })], "SHARD_UNKNOWN", "start.shard"],
  ["no agency", () => [startOf({ agencies: [] })], "FIELD_MISSING", "start.agencies"],
  ["too many agencies", () => [startOf({ agencies: many })], "FIELD_INVALID", "start.agencies"],
  ["no agency id", () => [startOf({ agencies: ["dep-b", "Dep.B"] })], "FIELD_INVALID", "start.agencies[1]"],
  ["an agency twice", () => [startOf({ agencies: ["dep-b", "dep-b"] })], "FIELD_INVALID", "start.agencies[1]"],
  [
    "an agency not delegated",
    () => [startOf({ agencies: ["dep-b", "foreign"] })],
    "DELEGATION_MISSING",
    "start.agencies[1]",
  ],
  ["an agency unknown", () => [startOf({ agencies: ["nobody"] })], "DELEGATION_MISSING", "start.agencies[0]"],
  ["a bad name", () => [startOf({ subscription: "Main" })], "FIELD_INVALID", "start.subscription"],
  ["a person's number", () => [startOf({ subscription: "cccd-079099000001" })], "FIELD_INVALID", "start.subscription"],
  ["a long name", () => [startOf({ subscription: "a".repeat(32) })], "FIELD_INVALID", "start.subscription"],
  ["too much credit", () => [startOf({ credit: 10_001 })], "FIELD_INVALID", "start.credit"],
  ["an index that is none", () => [startOf({ fromLeafIndex: 2n ** 60n })], "FIELD_INVALID", "start.from_leaf_index"],
  ["a second start", () => [startOf({}), startOf({})], "FIELD_INVALID", "start"],
  ["a message that says nothing", () => [startOf({}), undefined as unknown as What], "FIELD_MISSING", "what"],
  [
    "an empty settle",
    () => [startOf({}), { $case: "settle", value: { deliveries: [] } }],
    "FIELD_MISSING",
    "settle.deliveries",
  ],
  ["an agency not in start", () => [startOf({}), settle("dep-c", 1n)], "FIELD_INVALID", "settle.deliveries[1].agency"],
  ["an event for somebody else", () => [startOf({}), settle("dep-b", 1n)], "FIELD_INVALID", "settle.deliveries[1]"],
  ["an index beyond the stream", () => [startOf({}), settle("dep-b", 2n)], "FIELD_INVALID", "settle.deliveries[1]"],
  [
    "no additional credit",
    () => [startOf({}), { $case: "credit", value: { additional: 0 } }],
    "FIELD_INVALID",
    "credit.additional",
  ],
  [
    "credit beyond what may be under way",
    () => [startOf({ credit: 9_000 }), { $case: "credit", value: { additional: 1_001 } }],
    "FIELD_INVALID",
    "credit.additional",
  ],
];

test.each(refusals)("%s is refused, naming the field", async (_, messages, reason, field) => {
  const receiver = replica.receive({ silent: true });
  for (const what of messages()) receiver.write(what);
  const refusal = await receiver.refusal();
  expect({ reason: refusal.reason, field: refusal.field }).toEqual({ reason, field });
});

test("more names than an agency may use are refused, those in use stay", async () => {
  const names = Array.from({ length: 32 }, (_, index) => `name-${index}`);
  for (const subscription of names) {
    const receiver = replica.receive({ agencies: ["dep-names"], subscription });
    await until(() => receiver.emptyCount === 1);
    receiver.cancel();
  }
  const refusal = await replica.receive({ agencies: ["dep-names"], subscription: "one-more" }).refusal();
  expect(refusal.field).toBe("start.subscription");
  const known = replica.receive({ agencies: ["dep-names"], subscription: "name-0" });
  await until(() => known.emptyCount === 1);
});

test("what was settled before a refusal stays settled", async () => {
  const receiver = replica.receive({ subscription: "kept" });
  await receiver.count(1);
  receiver.write(settle("dep-b", 99n));
  await receiver.refusal();
  expect(replica.deliveries.waitingCount("dep-b", "kept")).toBe(0);
});
