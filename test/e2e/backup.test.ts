// A backup taken from a bus under load, the bus destroyed, the backup put back: what goes on, what is refused, and what a cut leaves.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkLedger } from "@lienthong/bus";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { dossierCode, type HeldBranch, startTestBus, type TestBus } from "@lienthong/testkit";
import { leafHash, parseCheckpoint, parseNote, parsePolicy, verifyTlogProof } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMessageFile } from "../../packages/bus/src/backup-messages.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/lienthong", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "lienthong-backup-"));
const data = join(root, "data");
const backup = join(root, "backup");
const keyFile = join(root, "backup.key");
const ward = "hn-wold-00001";
let bus: TestBus | null = null;
let shard = "";

/** Accepted before the backup began, while it ran, and after it had ended. */
const before: HeldBranch[] = [];
const during: AcceptedStatement[] = [];
let afterwards: { envelope: Uint8Array; accepted: AcceptedStatement; dossier: string }[] = [];
let receiptBefore: Awaited<ReturnType<ReturnType<TestBus["connection"]>["ledger"]["receipt"]>>;
const headAtBackup = join(root, "head-at-backup.txt");
const headLater = join(root, "head-later.txt");
/** The registry's log, whose head did not move. */
const registryHead = join(root, "head-registry.txt");

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; with `killAt` it is killed (SIGKILL) as soon as it has said so many lines. */
function lienthong(args: readonly string[], options: { killAt?: number } = {}): Promise<Ran> {
  const child: ChildProcess = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
    if (options.killAt !== undefined && stderr.split("\n").length > options.killAt) child.kill("SIGKILL");
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

/** Where each message's subject and payload end in a file of messages: 10 bytes of magic, then place, two lengths, subject, payload. */
async function placesOf(path: string, name: string): Promise<{ subjectEndsAt: number; payloadEndsAt: number }[]> {
  const places = [];
  let at = 10;
  for await (const { subject, payload } of readMessageFile(path, name)) {
    const subjectEndsAt = at + 14 + Buffer.byteLength(subject);
    at = subjectEndsAt + payload.length;
    places.push({ subjectEndsAt, payloadEndsAt: at });
  }
  return places;
}

async function headOf(running: TestBus, log: string): Promise<string> {
  const url = running.bus.run.logs.find(({ name }) => name === log)?.url ?? "";
  return (await fetch(`${url}/checkpoint`)).text();
}

async function openDossier(running: TestBus) {
  const dossier = dossierCode();
  const office = running.office(ward);
  const signed = office.signOpen(dossier, "00001", "birth-group-nd63");
  return { dossier, envelope: signed.envelope, accepted: await office.submit(signed) };
}

const ledgerOf = (running: TestBus) => running.connection("operator", "ledger").ledger;

beforeAll(async () => {
  writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  bus = await startTestBus({ dataDirectory: data, ledger: { sealEveryMs: 200 } });
  shard = bus.bus.shard.name;
  for (let i = 0; i < 8; i++) before.push(await bus.office(ward).open(dossierCode(), "00001", "birth-group-nd63"));
  receiptBefore = await ledgerOf(bus).receipt({ log: shard, leafIndex: 3n });

  // Under load: statements go on being accepted while it is copied.
  const running = bus;
  const ending = new AbortController();
  const load = (async () => {
    while (!ending.signal.aborted) during.push((await openDossier(running)).accepted);
  })();
  const made = await lienthong(["backup", "-o", backup, "--keys", keyFile, "--data", data, "--json"]);
  ending.abort();
  await load;
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const { logs } = JSON.parse(made.stdout) as { logs: { name: string; entries: number; signedSize: number }[] };
  const entries = logs.find(({ name }) => name === shard)?.entries ?? 0;
  expect(entries).toBeGreaterThan(before.length);
  expect(during.length).toBeGreaterThan(0);

  // A head that the backup covers: the newest one signed before its end.
  const { list } = {
    list: await ledgerOf(running).listCheckpoints({
      log: shard,
      maxSize: BigInt(entries),
      newestFirst: true,
      pageSize: 1,
    }),
  };
  writeFileSync(headAtBackup, list.checkpoints[0]?.note ?? "");
  for (let i = 0; i < 3; i++) afterwards.push(await openDossier(running));
  await ledgerOf(running).receipt({ log: shard, leafIndex: afterwards.at(-1)?.accepted.leafIndex ?? 0n });
  writeFileSync(headLater, await headOf(running, shard));
  writeFileSync(registryHead, await headOf(running, "registry"));
  expect(parseCheckpoint(parseNote(readFileSync(headLater, "utf8")).text).size).toBeGreaterThan(entries);
}, 240_000);

afterAll(async () => {
  await bus?.stop({ keepFolder: true });
  rmSync(root, { recursive: true, force: true });
}, 60_000);

describe("a backup", () => {
  test("holds no seal of an agency, no registrar's key, and no key that is not encrypted", () => {
    const files = readdirSync(backup, { recursive: true }) as string[];
    expect(files.filter((path) => /pem|agencies|registrar/.test(path))).toEqual([]);
    for (const path of files) expect(readFileSync(join(backup, path)).includes("PRIVATE KEY"), path).toBe(false);
  });

  test("is whole when it is read again, and says which file is not when a byte of it changes", {
    timeout: 240_000,
  }, async () => {
    expect(await lienthong(["backup", "check", backup])).toMatchObject({ code: 0 });
    for (const path of [`events-${shard}.messages`, "registry.messages", `checkpoints-${shard}.sqlite`, "policy.txt"]) {
      const copy = join(root, "tampered");
      cpSync(backup, copy, { recursive: true });
      const bytes = readFileSync(join(copy, path));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(join(copy, path), bytes);
      const refused = await lienthong(["restore", copy, "--data", join(root, "never"), "--nothing-newer"]);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toContain(path);
      expect(existsSync(join(root, "never"))).toBe(false);
      rmSync(copy, { recursive: true });
    }
  });

  test.each(["payload", "subject"] as const)(
    "whose manifest was changed along with the %s of an event contradicts itself or what was signed",
    {
      timeout: 120_000,
    },
    async (part) => {
      const copy = join(root, `forged-${part}`);
      cpSync(backup, copy, { recursive: true });
      const path = `events-${shard}.messages`;
      const bytes = readFileSync(join(copy, path));
      const event = (await placesOf(join(copy, path), path))[50];
      const at = (part === "subject" ? event?.subjectEndsAt : event?.payloadEndsAt) ?? 0;
      // The last digit of the subject, so that it stays one; or the last byte of a sealed event, which only the signed root can tell.
      bytes[at - 1] = (bytes[at - 1] ?? 0) ^ 1;
      writeFileSync(join(copy, path), bytes);
      const manifest = JSON.parse(readFileSync(join(copy, "manifest.json"), "utf8"));
      const file = manifest.files.find((each: { path: string }) => each.path === path);
      file.sha256 = createHash("sha256").update(bytes).digest("hex");
      writeFileSync(join(copy, "manifest.json"), JSON.stringify(manifest));
      const refused = await lienthong(["backup", "check", copy]);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toContain(path);
      if (part === "subject") expect(refused.stderr).toContain("entry 50 does not follow");
    },
  );

  test("that is cut off at any step leaves no folder that looks whole, and the next one succeeds", {
    timeout: 240_000,
  }, async () => {
    const output = join(root, "cut");
    for (const killAt of [1, 2, 3, 4, 5]) {
      const cut = await lienthong(["backup", "-o", output, "--data", data], { killAt });
      if (cut.code === 0) break;
      if (!existsSync(output)) continue;
      // The kill came behind the last step: what has the name is whole.
      expect(await lienthong(["backup", "check", output]), cut.stderr).toMatchObject({ code: 0 });
      break;
    }
    rmSync(output, { recursive: true, force: true });
    const made = await lienthong(["backup", "-o", output, "--data", data]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(existsSync(`${output}.writing`)).toBe(false);
    // Never written over.
    expect(await lienthong(["backup", "-o", output, "--data", data])).toMatchObject({ code: 1 });
  });
});

describe("after the bus was destroyed", () => {
  const restored = join(root, "restored");
  const evidence = ["--checkpoint", headAtBackup, registryHead];

  beforeAll(async () => {
    await bus?.stop({ keepFolder: true });
    bus = null;
  }, 60_000);

  test("a backup older than a published head is refused, and nothing is written", { timeout: 120_000 }, async () => {
    const refused = await lienthong(["restore", backup, "--data", restored, "--checkpoint", headLater, registryHead]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr.replaceAll(/\s+/g, " ")).toContain("older than what was published");
    expect(existsSync(restored)).toBe(false);
  });

  test("where nobody can be asked, it is the operator's word or nothing", { timeout: 120_000 }, async () => {
    const refused = await lienthong(["restore", backup, "--data", restored]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain("--nothing-newer");
    expect(existsSync(restored)).toBe(false);
  });

  test("a restore that is cut off at any step leaves a folder on which nothing starts, and begins anew", {
    timeout: 400_000,
  }, async () => {
    let cuts = 0;
    for (let killAt = 4; ; killAt++) {
      const ran = await lienthong(["restore", backup, "--data", restored, ...evidence, "--keys", keyFile], { killAt });
      if (ran.code === 0) break;
      cuts += 1;
      if (!existsSync(restored)) continue;
      // Killed behind the last step: it is whole.
      if (!existsSync(join(restored, "restoring.json"))) break;
      await expect(startTestBus({ dataDirectory: restored })).rejects.toThrow("lienthong restore");
    }
    expect(cuts).toBeGreaterThan(4);
    // It ended well the last time; a folder that is in use is never restored to.
    const again = await lienthong(["restore", backup, "--data", restored, ...evidence]);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain("not empty");
  });

  test("everything goes on as a declared generation: trails, receipts, logs", { timeout: 240_000 }, async () => {
    // The offices' seals and the registrar's key were never the operator's to back up.
    cpSync(join(data, "keys", "agencies"), join(restored, "keys", "agencies"), { recursive: true });
    cpSync(join(data, "keys", "registrar.pem"), join(restored, "keys", "registrar.pem"));
    rmSync(data, { recursive: true });
    bus = await startTestBus({ dataDirectory: restored, ledger: { sealEveryMs: 200 } });
    expect(bus.bus.replicas[0]?.exchange.stopped()).toBeNull();
    const completed = await bus.office(ward).complete(before[0] as HeldBranch);
    const receipt = await ledgerOf(bus).receipt({ log: shard, dossier: completed.dossier, hash: completed.head });
    expect(bus.bus.ledger?.stopped()).toBeNull();

    // What was proven before still is, by the head of then, and the log has only grown since.
    const { policy } = (await ledgerOf(bus).listLogs())[0] ?? { policy: "" };
    expect((await verifyTlogProof(receiptBefore.receipt, receiptBefore.leafHash, parsePolicy(policy))).index).toBe(3);
    const oldSize = BigInt(parseCheckpoint(parseNote(readFileSync(headAtBackup, "utf8")).text).size);
    expect((await ledgerOf(bus).getConsistencyProof({ log: shard, oldSize })).path.length).toBeGreaterThan(0);
    expect(receipt.leafIndex).toBeGreaterThan(oldSize);
    for await (const { name, report } of checkLedger({ dataDirectory: restored }))
      expect({ name, findings: report.findings }).toEqual({ name, findings: [] });
  });

  test("what was accepted after the backup is sent again from what agencies kept", { timeout: 120_000 }, async () => {
    const running = bus as TestBus;
    for (const { envelope, accepted } of afterwards) {
      const again = await running.office(ward).connection().exchange.submit(envelope);
      // Another event for the same statement: the bus had lost the first, and its promise is evidence of that.
      expect(again.leafIndex).not.toBe(accepted.leafIndex);
      expect(Buffer.from(leafHash(again.event))).not.toEqual(Buffer.from(leafHash(accepted.event)));
    }
    afterwards = [];
  });
});
