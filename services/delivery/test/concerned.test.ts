import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import {
  AskRecall,
  BringSupplement,
  Complete,
  Extend,
  Pause,
  RequestSupplement,
  Resume,
  type Statement,
  Stop,
  Withdraw,
} from "@lienthong/contracts/exchange/v1/statement";
import { shardToken } from "@lienthong/event-store";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { FirstSettledNotice } from "../src/index.ts";
import { dossierCode, type Ground, prepareGround, type Replica, startReplica, TestShard } from "./harness.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround();
}, 60_000);
afterAll(() => ground.stop());

const everybody = ["ward-a", "dep-b", "dep-c", "dep-d", "dep-e"];
const { DELIVERY_ROLE_RECEIVER, DELIVERY_ROLE_SENDER, DELIVERY_ROLE_COPY } = DeliveryRole;
type What = NonNullable<Statement["what"]>;

/** Who was told of what: "4 dep-b copy" for the event at leaf 4. */
async function told(replica: Replica, name: string): Promise<string[]> {
  const words = {
    [DELIVERY_ROLE_RECEIVER]: "receiver",
    [DELIVERY_ROLE_SENDER]: "sender",
    [DELIVERY_ROLE_COPY]: "copy",
  } as Record<DeliveryRole, string>;
  const seen: string[] = [];
  for (;;) {
    const { deliveries } = await replica.fetch({ agencies: everybody, subscription: name, pageSize: 1_000 });
    if (deliveries.length === 0) return seen.toSorted();
    seen.push(...deliveries.map(({ agency, leafIndex, role }) => `${leafIndex} ${agency} ${words[role]}`));
    await replica.settle([], {
      subscription: name,
      deliveries: deliveries.map(({ agency, leafIndex }) => ({ agency, leafIndex, shard: "" })),
    });
  }
}

/** Open handoffs and open dossiers in the store of a replica that was stopped. */
function rowsLeft(shard: TestShard, folder: string): { handoffs: number; parties: number } {
  const database = new DatabaseSync(join(folder, `delivery-${shardToken(shard.name)}.sqlite`));
  const rows = database
    .prepare("SELECT (SELECT count(*) FROM handoffs) AS handoffs, (SELECT count(*) FROM parties) AS parties")
    .get();
  database.close();
  return { ...(rows as { handoffs: number; parties: number }) };
}

test("everything that concerns an agency reaches it, over restarts and a store that is built anew; handoffs that end are forgotten", async () => {
  const shard = await TestShard.create(ground);
  const dossier = dossierCode(1);
  const notices: FirstSettledNotice[] = [];
  const onFirstSettled = (notice: FirstSettledNotice) => void notices.push(notice);
  let replica = await startReplica(shard, { onFirstSettled });
  const { folder } = replica;
  let leaf = -1;
  const say = async (author: string, branches: readonly string[], what: What): Promise<Uint8Array> => {
    const [appended] = await shard.append([shard.statementEvent(author, dossier, what, branches)]);
    leaf = appended!.leafIndex;
    return appended!.hash;
  };
  const branch = (id: string, agency: string) => ({
    branch: id,
    step: "review",
    edge: "hand-over",
    receiver: { agency, unit: "" },
    documents: [],
    dueTime: undefined,
    copies: [],
  });
  const forward = (author: string, to: string) =>
    say(author, ["0"], { $case: "forward", value: { branches: [branch("0", to)] } });
  const answer = (author: string, what: "acknowledge" | "agreeRecall", on: Uint8Array, id = "0") =>
    say(author, [id], { $case: what, value: { handoff: { forward: on, branch: id } } });
  const askRecall = () => say("ward-a", ["0"], { $case: "askRecall", value: AskRecall.fromPartial({}) });

  await shard.append([shard.openEvent("ward-a", dossier)]);
  const recalled = await forward("ward-a", "dep-b");
  await askRecall();
  const refusal = { handoff: { forward: recalled, branch: "0" }, reason: 1 as const };
  await say("dep-b", ["0"], { $case: "refuseRecall", value: refusal });
  await askRecall();
  await answer("dep-b", "agreeRecall", recalled);
  await replica.reached(leaf);
  await replica.stop();
  expect(rowsLeft(shard, folder)).toEqual({ handoffs: 0, parties: 1 });

  replica = await startReplica(shard, { directory: folder, onFirstSettled });
  const taken = await forward("ward-a", "dep-b");
  await answer("dep-b", "acknowledge", taken);
  await say("dep-b", ["0"], { $case: "requestSupplement", value: RequestSupplement.fromPartial({}) });
  await say("ward-a", ["0"], { $case: "bringSupplement", value: BringSupplement.fromPartial({}) });
  await say("dep-b", ["0"], { $case: "pause", value: Pause.fromPartial({}) });
  await say("dep-b", ["0"], { $case: "resume", value: Resume.fromPartial({}) });
  await say("dep-b", ["0"], { $case: "extend", value: Extend.fromPartial({}) });
  const asked = await say("dep-b", ["0"], {
    $case: "consult",
    value: { branches: [branch("0.1", "dep-c"), branch("0.2", "dep-d"), branch("0.3", "dep-c")], leadBranch: "" },
  });
  await answer("dep-c", "acknowledge", asked, "0.1");
  await say("dep-c", ["0.1"], { $case: "complete", value: Complete.fromPartial({}) });
  await say("dep-b", ["0.3"], { $case: "stop", value: Stop.fromPartial({}) });
  await forward("dep-b", "dep-e");
  await replica.reached(leaf);
  await replica.stop();
  expect(rowsLeft(shard, folder)).toEqual({ handoffs: 2, parties: 1 });

  replica = await startReplica(shard, { directory: folder, onFirstSettled });
  await say("ward-a", ["0", "0.2"], { $case: "withdraw", value: Withdraw.fromPartial({}) });
  await replica.reached(leaf);
  const list = await told(replica, "main");
  expect(list).toEqual(
    [
      "1 dep-b receiver",
      "2 dep-b copy",
      "3 ward-a sender",
      "4 dep-b copy",
      "5 ward-a sender",
      "6 dep-b receiver",
      "7 ward-a sender",
      "8 ward-a copy",
      "9 dep-b copy",
      "10 ward-a copy",
      "11 ward-a copy",
      "12 ward-a copy",
      "13 dep-c receiver",
      "13 dep-d receiver",
      "14 dep-b sender",
      "15 dep-b copy",
      "16 ward-a copy",
      "16 dep-c copy",
      "17 dep-e receiver",
      "18 dep-b sender",
      "18 dep-d copy",
      "18 dep-e copy",
    ].toSorted(),
  );
  // All of these handoffs ended before anybody settled them: that they were delivered is no news.
  expect(notices).toEqual([]);
  await replica.stop();
  expect(rowsLeft(shard, folder)).toEqual({ handoffs: 0, parties: 0 });

  const anew = await startReplica(shard);
  onTestFinished(() => anew.stop());
  await anew.reached(leaf);
  expect(await told(anew, "archive")).toEqual(list);
});

test("who has to do with a dossier is known also when more are open than are kept in memory", async () => {
  const shard = await TestShard.create(ground);
  const replica = await startReplica(shard, { unwrittenEventsMax: 500 });
  onTestFinished(() => replica.stop());
  const count = 18_000;
  for (let from = 0; from < count; from += 3_000) {
    const codes = Array.from({ length: 3_000 }, (_, index) => dossierCode(from + index));
    await shard.append(codes.map((code) => shard.openEvent("ward-a", code)));
  }
  const [forward] = await shard.forward([{ to: "dep-b", dossier: dossierCode(0) }]);
  await shard.append([shard.acknowledgeEvent("dep-b", dossierCode(0), forward!.hash)]);
  const { deliveries } = await replica.fetch({ agencies: ["ward-a"], waitMs: 20_000 });
  expect(deliveries.map(({ leafIndex, role }) => [Number(leafIndex), role])).toEqual([
    [count + 1, DELIVERY_ROLE_SENDER],
  ]);
}, 60_000);
