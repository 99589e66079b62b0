import { join } from "node:path";
import { checkLedger } from "@lienthong/bus";
import type { BusCallError, SignedStatement } from "@lienthong/client";
import { dossierCode, startTestBus, type TestBus } from "@lienthong/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mountingIsPossible, mountSmallDisk, type SmallDisk } from "./small-disk.ts";

const canMount = mountingIsPossible();
const ward = "hn-wold-00001";
let disk: SmallDisk;
let bus: TestBus | null;

beforeEach(async () => {
  if (!canMount) return;
  disk = mountSmallDisk(96);
  bus = await startTestBus({ dataDirectory: join(disk.path, "bus") });
});
afterEach(async () => {
  if (!canMount) return;
  disk.makeRoom();
  await bus?.stop();
  disk.remove();
});

function running(): TestBus {
  if (bus === null) throw new Error("The bus does not run.");
  return bus;
}

/** What becomes of a statement: the event's place, or the refusal. */
async function submitted(signed: SignedStatement): Promise<{ leafIndex: bigint } | { refusal: BusCallError }> {
  return running()
    .office(ward)
    .submit(signed)
    .then(
      ({ leafIndex }) => ({ leafIndex }),
      (refusal: BusCallError) => ({ refusal }),
    );
}

function signOpen(): SignedStatement {
  return running().office(ward).signOpen(dossierCode(), "00001", "birth-group-nd63");
}

test.runIf(canMount)(
  "on a full disk nothing is accepted that is not kept, the process lives, and after room is made and the store restarted the same bytes are accepted once",
  { timeout: 300_000 },
  async () => {
    const accepted = new Map<SignedStatement, bigint>();
    const refused: SignedStatement[] = [];
    const submit = async (): Promise<void> => {
      const signed = signOpen();
      const outcome = await submitted(signed);
      if ("leafIndex" in outcome) accepted.set(signed, outcome.leafIndex);
      else {
        // Certainly not stored, or not known: both are to be sent again as they are, and say so.
        expect(["OUTCOME_UNKNOWN", "STORE_UNAVAILABLE"]).toContain(outcome.refusal.reason);
        expect(outcome.refusal.retry).not.toBe("terminal");
        expect(outcome.refusal.message).toMatch(/send the same .* again/);
        refused.push(signed);
      }
    };
    await Promise.all([submit(), submit()]);
    disk.fill();
    // What fits into the last block of a file is still taken; then the store takes no more.
    for (let round = 0; round < 40 && refused.length === 0; round++) await Promise.all([submit(), submit(), submit()]);
    await Promise.all([submit(), submit()]);
    expect(refused.length).toBeGreaterThan(1);
    expect(running().bus.replicas[0]?.exchange.stopped()).toBeNull();

    disk.makeRoom();
    // A nats-server whose disk was full writes nothing more until it is started again (docs/durability.md).
    await running().stop({ keepFolder: true });
    bus = await startTestBus({ dataDirectory: join(disk.path, "bus") });
    for (const [signed, leafIndex] of accepted) expect(await submitted(signed)).toEqual({ leafIndex });
    const places = new Set(accepted.values());
    for (const signed of refused) {
      const outcome = await submitted(signed);
      expect(outcome).toHaveProperty("leafIndex");
      if ("leafIndex" in outcome) places.add(outcome.leafIndex);
    }
    expect(places.size).toBe(accepted.size + refused.length);
    const last = [...places].reduce((a, b) => (a > b ? a : b));
    const ledger = running().connection("operator", "ledger").ledger;
    await ledger.receipt({ log: running().bus.shard.name, leafIndex: last });
    for await (const { report } of checkLedger({ dataDirectory: running().bus.folder.root })) {
      expect(report.findings).toEqual([]);
    }
  },
);
