// Each service in a process of its own, on a shard with the real clock: store, registry, two exchange replicas.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect, createAgencyPen } from "@lienthong/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTcpProxy, type TcpProxy } from "../../packages/testkit/src/tcp-proxy.ts";
import { command, type EnrolledAgency, ServedBus } from "./served-bus.ts";

const run = promisify(execFile);
const bus = new ServedBus();
const lienthong = (folder: string, ...args: string[]) => bus.lienthong(folder, ...args);
let atWard: string;
let police: EnrolledAgency;
let exchangeAddress: string;
let wayToNats: TcpProxy | undefined;

beforeAll(async () => {
  await bus.serve("store", { LIENTHONG_REPLICAS: "2" });
  await bus.serve("registry");
  exchangeAddress = await bus.serve("exchange");
  // Outside `up` nobody has a key but who made it.
  atWard = (await bus.enrol("hn-w-00004", "ba-dinh")).folder;
  police = await bus.enrol("hn-ca-w-00004", "ba-dinh-police");
}, 240_000);

afterAll(async () => {
  await bus.stop();
  await wayToNats?.stop();
});

describe("services in processes of their own", () => {
  const today = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(2, 10).replaceAll("-", "");
  const dossier = `H26-${today}-0001`;

  test("an exchange without a store says what to start first", async () => {
    const empty = mkdtempSync(join(tmpdir(), "lienthong-serve-empty-"));
    const refused = await run(command, ["serve", "exchange", "--data", empty]).catch(
      (error: { stderr: string }) => error,
    );
    expect(refused.stderr).toContain("serve store");
    rmSync(empty, { recursive: true, force: true });
  });

  test("a service that is started before its nats-server answers says so, waits, and serves", async () => {
    const { nats } = JSON.parse(readFileSync(join(bus.data, "run.json"), "utf8")) as { nats: string };
    wayToNats = await startTcpProxy(new URL(nats).host);
    wayToNats.refuse();
    const serving = bus.serve("documents", { LIENTHONG_NATS_URL: `nats://${wayToNats.address}` });
    await vi.waitFor(() => expect(bus.stderr).toMatch(/nats-server at \S+ does not answer yet/), { timeout: 30_000 });
    wayToNats.heal();
    expect(await serving).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test("a dossier of today is opened by a present ward and offered to its police and insurance", async () => {
    const opening = ["--procedure", "2.002621", "--area", "00004", "--as", "hn-w-00004"];
    await lienthong(atWard, "dossier", "open", dossier, ...opening);
    await lienthong(atWard, "dossier", "complete", dossier, "--as", "hn-w-00004");
    const forwarded = await lienthong(atWard, "dossier", "forward", dossier, "--as", "hn-w-00004", "--lang", "vi");
    expect(forwarded).toContain("Công an phường Ba Đình");
  });

  test("a second replica reads what the first wrote, and writes on", async () => {
    const address = await bus.serve("exchange", { LIENTHONG_REPLICA: "exchange-2" });
    expect(address).not.toBe(exchangeAddress);
    const connection = connect({ address, tls: police.tls() });
    const { network, shard } = await connection.exchange.getShard();
    const seen = await connection.exchange.getDossier({ shard, dossier, agency: police.agency });
    const offered = seen.branches.find((branch) => branch.pending?.receiver?.agency === police.agency);
    const pen = createAgencyPen({ agency: police.agency, keys: [police.key()], network, shard });
    const signed = pen.acknowledge({
      dossier,
      branch: offered?.branch ?? "",
      head: offered?.head ?? new Uint8Array(0),
    });
    await connection.exchange.submit(signed.envelope);
    connection.close();
    // The first replica answers with what the second one wrote.
    const shown = JSON.parse(await lienthong(atWard, "dossier", "show", dossier, "--as", "hn-w-00004", "--json"));
    expect(JSON.stringify(shown)).toContain(`"holder":"${police.agency}"`);
  });
});
