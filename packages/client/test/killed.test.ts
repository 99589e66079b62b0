import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readEvent } from "@lienthong/statement";
import { dossierCode, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openOutbox } from "../src/index.ts";
import type { InboxOrders } from "./inbox-process.ts";
import type { OutboxOrders } from "./outbox-process.ts";

const areaCode = testAreas[0];
const ward = `hn-wold-${areaCode}`;
const procedure = "social-allowance-3tier";

let bus: TestBus;
beforeAll(async () => {
  bus = await startTestBus({ areas: [areaCode] });
});
afterAll(() => bus?.stop());

/** Starts a script as a process of its own; `begun` resolves at its first line. */
function startProcess(script: string, orders: OutboxOrders | InboxOrders) {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), JSON.stringify(orders)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  const begun = Promise.race([once(reader, "line"), ended]);
  reader.on("line", (line) => lines.push(line));
  return { child, lines, ended, begun };
}

const base = (agency: string, directory: string) => ({
  address: bus.bus.run.grpc.exchange,
  tls: bus.tls(bus.systemOf(agency)),
  directory,
  agency,
  shard: bus.bus.shard.name,
});

test("a process that is killed again and again loses no statement and has none recorded twice", async () => {
  const dossiers = Array.from({ length: 150 }, () => dossierCode());
  const directory = join(bus.bus.folder.root, "outbox-desk");
  const { state } = bus.bus.registry;
  const held = state.procedure(procedure)!;
  const [route] = state.routesOf(held.record.key);
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const orders: OutboxOrders = {
    ...base(ward, directory),
    sealPem: readFileSync(join(bus.bus.run.keys, `${ward}.pem`), "utf8"),
    network: base64(state.network),
    procedureEntry: base64(held.entryHash),
    routeEntry: base64(route!.entryHash),
    calendarEntry: base64(state.calendarInForce("2025-05-05")!.entryHash),
    areaCode,
    step: route!.compiled.startSteps[0]!.id,
    dossiers,
  };
  let kills = 0;
  for (;;) {
    const desk = startProcess("outbox-process.ts", orders);
    await desk.begun;
    const timer = kills < 8 ? setTimeout(() => desk.child.kill("SIGKILL"), 5 + Math.random() * 120) : null;
    const end = await desk.ended;
    if (timer !== null) clearTimeout(timer);
    if (end === "SIGKILL") {
      kills += 1;
      continue;
    }
    expect(end).toBe(0);
    expect(JSON.parse(desk.lines.at(-1)!)).toEqual({ pending: 0, refused: 0, accepted: 300 });
    break;
  }
  expect(kills).toBeGreaterThanOrEqual(3);

  const connection = bus.connection(bus.systemOf(ward));
  const outbox = openOutbox({ directory, connection });
  const kept = new Set(
    outbox.accepted({ limit: 1_000 }).map(({ accepted }) => Buffer.from(leafHash(accepted.event)).toString("hex")),
  );
  await outbox.close();
  expect(kept.size).toBe(300);
  for (const dossier of dossiers) {
    const trail = await connection.exchange.getTrail({ shard: bus.bus.shard.name, dossier, agency: ward });
    const said = trail.map(({ event }) => {
      expect(kept.has(Buffer.from(leafHash(event)).toString("hex"))).toBe(true);
      const { body } = readEvent(event);
      return body.$case === "statement" ? body.statement.what?.$case : "";
    });
    expect(said).toEqual(["open", "complete"]);
  }
});

test("a process that is killed again and again is handed everything, in order, and hardly anything twice", async () => {
  const office = bus.office(ward);
  const expected = new Map<string, number>();
  let receiver = "";
  for (let number = 0; number < 120; number++) {
    const opened = await office.completeIfRequired(await office.open(dossierCode(), areaCode, procedure));
    const [target] = office.targets(opened);
    receiver = target!.receiver.agency;
    const accepted = await office.submit(office.signForward(opened));
    expected.set(opened.dossier, Number(accepted.leafIndex));
  }
  const directory = join(bus.bus.folder.root, "inbox-desk");
  const journal = join(bus.bus.folder.root, "inbox-journal");
  const orders: InboxOrders = { ...base(receiver, directory), journal };
  const handled = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n") : []);
  const calls = bus.connection(bus.systemOf(receiver)).delivery;
  const { shard } = orders;
  const kills = 5;
  for (let kill = 0; kill < kills; kill++) {
    const desk = startProcess("inbox-process.ts", orders);
    await desk.begun;
    await new Promise((resume) => setTimeout(resume, Math.random() * 40));
    desk.child.kill("SIGKILL");
    await desk.ended;
  }
  const desk = startProcess("inbox-process.ts", orders);
  await desk.begun;
  while (new Set(handled()).size < expected.size) await new Promise((resume) => setTimeout(resume, 10));
  desk.child.kill("SIGTERM");
  expect(await desk.ended).toBe(0);
  expect(new Set(handled())).toEqual(new Set([...expected].map(([dossier, leaf]) => `${dossier} ${leaf}`)));
  // At a kill, at most what its four handlers were at may be done and not yet marked.
  expect(handled().length).toBeLessThanOrEqual(expected.size + kills * 20);
  // What it had done before a kill, and was not handed again before its end, is all that may be left.
  const done = new Set(handled());
  for (;;) {
    const { deliveries, unsettledCount } = await calls.fetch({ shard, agencies: [receiver], waitMs: 1_000 });
    if (unsettledCount === 0n) break;
    for (const { event, leafIndex } of deliveries) expect(done).toContain(`${readEvent(event).dossier} ${leafIndex}`);
    if (deliveries.length > 0) await calls.settle({ shard, deliveries });
  }
});
