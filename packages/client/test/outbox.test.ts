import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey } from "@lienthong/statement";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type AcceptedEntry,
  createAgencyPen,
  type Outbox,
  type OutboxOptions,
  type OutboxTrouble,
  openOutbox,
  type RefusedEntry,
  type StatementRefusedError,
} from "../src/index.ts";
import { AcceptingExchange, type Fault, statementOf } from "./accepting-exchange.ts";
import { failureOf, testServers, until } from "./server-fixture.ts";

const start = testServers();

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lienthong-outbox-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Desk {
  readonly exchange: AcceptingExchange;
  readonly troubles: OutboxTrouble[];
  readonly folder: string;
  open(options?: Partial<OutboxOptions>): Outbox;
  stopServer(): void;
}

async function newDesk(folder: string = newFolder(), exchange = new AcceptingExchange()): Promise<Desk> {
  const { connection, stop } = await start({ streamStatements: exchange.streamStatements });
  const troubles: OutboxTrouble[] = [];
  return {
    exchange,
    troubles,
    folder,
    stopServer: stop,
    open(options = {}) {
      const outbox = openOutbox({
        directory: folder,
        connection,
        firstBackoffMs: 5,
        backoffMsMax: 40,
        onTrouble: (trouble) => troubles.push(trouble),
        ...options,
      });
      onTestFinished(async () => {
        await outbox.close({ drainWithinMs: 0 });
      });
      return outbox;
    },
  };
}

describe("an outbox", () => {
  it("has a statement on its disk before it sends it, and keeps event and promise until the receipt is stored", async () => {
    const { exchange, open } = await newDesk();
    const outbox = open();
    const order: string[] = [];
    exchange.onAttempt = () => void order.push("sent");
    const signed = statementOf("H26-250505-0001");
    await outbox.submit(signed).then(() => order.push("kept"));
    const { accepted, leafIndex } = await outbox.answered(signed.statementId);
    expect(order).toEqual(["kept", "sent"]);
    const recorded = exchange.recorded.get(signed.statementId)!;
    expect(Buffer.from(accepted.event)).toEqual(Buffer.from(recorded.event));
    expect(accepted.promise).toMatchObject({ batchSize: 1 });
    expect(outbox.counts).toEqual({ pending: 0, refused: 0, accepted: 1 });
    expect(outbox.receiptStored(leafIndex)).toBe(true);
    expect(outbox.receiptStored(leafIndex)).toBe(false);
    expect(outbox.accepted()).toEqual([]);
  });

  const faults: [string, Fault][] = [
    ["OVERLOADED", "OVERLOADED"],
    ["DRAINING", "DRAINING"],
    ["REGISTRY_UNCONFIRMED", "REGISTRY_UNCONFIRMED"],
    ["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"],
    ["STORE_UNAVAILABLE", "STORE_UNAVAILABLE"],
    ["a fault of the bus", "INTERNAL"],
    ["a stopped shard", "SHARD_STOPPED"],
    ["a stream that ends with DRAINING", { stream: "DRAINING" }],
    ["a stream that ends because the system is not known", { stream: "SYSTEM_UNKNOWN" }],
    ["no answer", "silence"],
    ["an answer that got lost", "recorded, not answered"],
  ];
  it.each(faults)(
    "sends the same bytes again after %s, and says so",
    async (_, fault) => {
      const { exchange, open, troubles } = await newDesk();
      const outbox = open({ answerWithinMs: 150 });
      exchange.faultOf = (_statement, attempt) => (attempt < 2 ? fault : null);
      const signed = statementOf("H26-250505-0001");
      await outbox.submit(signed);
      await outbox.answered(signed.statementId);
      expect(exchange.attempts.length).toBeGreaterThanOrEqual(3);
      for (const { envelope } of exchange.attempts) expect(envelope).toEqual(Buffer.from(signed.envelope));
      expect(exchange.recorded.size).toBe(1);
      expect(troubles.length).toBeGreaterThanOrEqual(2);
      expect(outbox.counts).toEqual({ pending: 0, refused: 0, accepted: 1 });
    },
    60_000,
  );

  it("goes on when the server is gone and another one comes up", async () => {
    const folder = newFolder();
    const first = await newDesk(folder);
    const outbox = first.open();
    first.stopServer();
    const signed = Array.from({ length: 20 }, (_, index) => statementOf(`H26-250505-${1000 + index}`));
    for (const one of signed) await outbox.submit(one);
    await until(() => first.troubles.length > 0);
    expect(await outbox.close({ drainWithinMs: 20 })).toEqual({ pending: 20 });
    const second = await newDesk(folder);
    const again = second.open();
    expect(again.pending().map(({ statementId }) => statementId)).toEqual(signed.map(({ statementId }) => statementId));
    await again.idle();
    expect(second.exchange.recorded.size).toBe(20);
  });

  it("sends the statements of one dossier one after the other in order, and those of others meanwhile", async () => {
    const { exchange, open } = await newDesk();
    const outbox = open();
    const slow = Array.from({ length: 5 }, () => statementOf("H26-250505-0001"));
    exchange.faultOf = (id, attempt) => (id === slow[1]!.statementId && attempt < 3 ? "OVERLOADED" : null);
    const others = Array.from({ length: 2_000 }, (_, index) => statementOf(`H26-250505-${2000 + index}`));
    await Promise.all([...slow, ...others].map((signed) => outbox.submit(signed)));
    await outbox.idle();
    const ofSlow = exchange.attempts.filter(({ dossier }) => dossier === "H26-250505-0001");
    const ids = slow.map(({ statementId }) => statementId);
    expect(ofSlow.map(({ statementId }) => ids.indexOf(statementId))).toEqual([0, 1, 1, 1, 1, 2, 3, 4]);
    expect(exchange.recorded.size).toBe(2_005);
    expect(outbox.counts).toEqual({ pending: 0, refused: 0, accepted: 2_005 });
  });

  it("keeps what was refused and tells of it, until it is forgotten or sent again", async () => {
    const { exchange, open, folder } = await newDesk();
    const refusals: RefusedEntry[] = [];
    const outbox = open({ onRefused: (entry) => void refusals.push(entry) });
    const signed = statementOf("H26-250505-0001");
    const next = statementOf("H26-250505-0001");
    exchange.faultOf = (id, attempt) => (id === signed.statementId && attempt < 1 ? "PRIOR_STALE" : null);
    await Promise.all([outbox.submit(signed), outbox.submit(next)]);
    const error = (await failureOf(outbox.answered(signed.statementId))) as StatementRefusedError;
    expect(error).toMatchObject({ name: "StatementRefusedError", entry: { refusal: { reason: "PRIOR_STALE" } } });
    await outbox.answered(next.statementId);
    await outbox.idle();
    expect(refusals).toMatchObject([
      { statementId: signed.statementId, refusal: { reason: "PRIOR_STALE", field: "statement.prior[0].head" } },
    ]);
    expect(Object.keys(refusals[0]!.refusal.localizedMessages).sort()).toEqual(["en", "vi"]);
    await outbox.close();

    const again = (await newDesk(folder, exchange)).open();
    expect(again.refused()).toMatchObject([{ statementId: signed.statementId }]);
    expect(again.refused()[0]!.envelope).toEqual(signed.envelope);
    expect(again.sendAgain(signed.statementId)).toBe(true);
    await again.answered(signed.statementId);
    expect(again.refused()).toEqual([]);
    expect(again.forgetRefused(signed.statementId)).toBe(false);
    expect(again.sendAgain(signed.statementId)).toBe(false);
  });

  it("sends a refused statement again as often as it is told, also when it was the last one kept", async () => {
    const { exchange, open } = await newDesk();
    const outbox = open();
    exchange.faultOf = (_, attempt) => (attempt < 3 ? "DELEGATION_MISSING" : null);
    const signed = statementOf("H26-250505-0001");
    await outbox.submit(signed);
    for (let time = 0; time < 3; time++) {
      await failureOf(outbox.answered(signed.statementId));
      expect(outbox.sendAgain(signed.statementId)).toBe(true);
    }
    await outbox.answered(signed.statementId);
    expect(outbox.counts).toEqual({ pending: 0, refused: 0, accepted: 1 });
  });

  it("builds nothing on an answer that does not hold, and keeps it as evidence", async () => {
    const { exchange, open } = await newDesk();
    const outbox = open();
    exchange.falsify = (accepted) => ({ ...accepted, promise: undefined });
    const signed = statementOf("H26-250505-0001");
    await outbox.submit(signed);
    const { entry } = (await failureOf(outbox.answered(signed.statementId))) as StatementRefusedError;
    expect(entry.refusal).toMatchObject({ reason: null, message: expect.stringMatching(/no promise/) });
    const recorded = exchange.recorded.get(signed.statementId)!;
    expect(entry.refusal.contested?.event).toBe(Buffer.from(recorded.event).toString("base64"));

    exchange.falsify = (accepted) => ({ ...accepted, leafIndex: 7n });
    const [one, two] = [statementOf("H26-250505-0002"), statementOf("H26-250505-0003")];
    await outbox.submit(one);
    await outbox.answered(one.statementId);
    await outbox.submit(two);
    expect(await failureOf(outbox.answered(two.statementId))).toMatchObject({
      message: expect.stringMatching(/to two statements/),
    });
  });

  it("takes the same statement twice as once, another one under its id not at all, and none of another network", async () => {
    const { exchange, open, folder } = await newDesk();
    const outbox = open();
    const signed = statementOf("H26-250505-0001");
    await Promise.all([outbox.submit(signed), outbox.submit(signed)]);
    await outbox.answered(signed.statementId);
    await outbox.submit(signed);
    const other = { ...statementOf("H26-250505-0001"), statementId: signed.statementId };
    await expect(outbox.submit(other)).rejects.toThrow(/another statement/);
    const elsewhere = createAgencyPen({
      agency: "a",
      keys: [generateSigningKey("ed25519")],
      network: new Uint8Array(32).fill(9),
      shard: "hanoi-test",
    });
    const foreign = elsewhere.acknowledge({ dossier: "H26-250505-0001", branch: "0", head: new Uint8Array(32) });
    await expect(outbox.submit(foreign)).rejects.toThrow(/another network/);
    await outbox.idle();
    expect(exchange.attempts).toHaveLength(1);
    expect(outbox.ofDossier("H26-250505-0001")).toEqual([{ statementId: signed.statementId, state: "accepted" }]);
    await outbox.close();
    const again = (await newDesk(folder)).open();
    await again.submit(signed);
    expect(again.pending()).toEqual([]);
    await expect(again.answered("no-such-id")).rejects.toThrow(/No statement/);
  });

  it("tells of an acceptance again until the callback has done its part, also after a restart", async () => {
    const { exchange, open, folder } = await newDesk();
    const calls: number[] = [];
    const outbox = open({
      async onAccepted({ number }) {
        calls.push(number);
        if (calls.length < 3) throw new Error("the desk's database does not answer");
      },
    });
    const signed = statementOf("H26-250505-0001");
    await outbox.submit(signed);
    await outbox.idle();
    expect(calls).toEqual([1, 1, 1]);
    await outbox.close();

    const never = (await newDesk(folder, exchange)).open({ onAccepted: () => new Promise<void>(() => {}) });
    const second = statementOf("H26-250505-0002");
    await never.submit(second);
    await never.answered(second.statementId);
    await never.close({ drainWithinMs: 10 });

    const told: AcceptedEntry[] = [];
    const last = (await newDesk(folder, exchange)).open({ onAccepted: (entry) => void told.push(entry) });
    await last.idle();
    expect(told.map(({ statementId }) => statementId)).toEqual([second.statementId]);
    expect(last.accepted({ since: 1 }).map(({ number }) => number)).toEqual([2]);
    expect(last.accepted({ limit: 1 }).map(({ number }) => number)).toEqual([1]);
  });

  it("takes no more than it may hold, and again when there is room", async () => {
    const { exchange, open } = await newDesk();
    const outbox = open({ waitingMax: 2, unreceiptedMax: 3 });
    exchange.faultOf = () => "silence";
    const signed = Array.from({ length: 4 }, (_, index) => statementOf(`H26-250505-${1000 + index}`));
    await Promise.all([outbox.submit(signed[0]!), outbox.submit(signed[1]!)]);
    await expect(outbox.submit(signed[2]!)).rejects.toThrow(/2 statements wait to be sent/);
    exchange.faultOf = () => null;
    const last = (await newDesk()).open({ unreceiptedMax: 1 });
    await last.submit(signed[0]!);
    const { leafIndex } = await last.answered(signed[0]!.statementId);
    await expect(last.submit(signed[1]!)).rejects.toThrow(/wait for their receipts/);
    last.receiptStored(leafIndex);
    await last.submit(signed[1]!);
    const tooLarge = { ...signed[2]!, envelope: new Uint8Array(61_441) };
    await expect(last.submit(tooLarge)).rejects.toThrow(/61,440/);
  });

  it("is used by one process at a time, and refuses statements once it is closed", async () => {
    const { open, folder } = await newDesk();
    const outbox = open();
    await outbox.submit(statementOf("H26-250505-0001"));
    expect(() => open()).toThrow(/open in another process/);
    expect(await outbox.close()).toEqual({ pending: 0 });
    await expect(outbox.submit(statementOf("H26-250505-0002"))).rejects.toThrow(/closed/);
    expect((await newDesk(folder)).open().counts.accepted).toBe(1);
  });
});
