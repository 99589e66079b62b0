// Against a running bus: what happens once, however often and by how many it is tried.
import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DevelopmentAuthority, openDevelopmentAuthority } from "@lienthong/chassis";
import { connect } from "@lienthong/client";
import { AgencyLevel, RevocationReason } from "@lienthong/contracts/registry/v1/record";
import { endorse, publicKeyOf, recordBytes } from "@lienthong/registry-state";
import { generateSigningKey } from "@lienthong/statement";
import { startTestBus, type TestBus } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type AgencyFolder,
  type ApprovalDecisions,
  type Approved,
  agencyFolder,
  approvalText,
  approveRequest,
  type EnrolmentRequest,
  endDelegation,
  installApproval,
  Registrar,
  readApprovalFile,
  requestEnrolment,
  revokeKey,
  type WatchNews,
  watchAgency,
} from "../src/index.ts";

let root: string;
let bus: TestBus;
let authority: DevelopmentAuthority;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-approve-"));
  bus = await startTestBus();
  authority = await openDevelopmentAuthority({ folder: bus.bus.folder.tls });
});
afterAll(async () => {
  await bus?.stop();
  await rm(root, { recursive: true, force: true });
});

const openRegistrar = () =>
  Registrar.open({ registry: bus.connection("operator", "registry").registry, key: bus.bus.registrarKey });

/** An office that is new in the registry and has neither key nor system. */
async function newOffice(): Promise<string> {
  count += 1;
  const id = `new-office-${count}`;
  const registrar = await openRegistrar();
  await registrar.record({
    subject: id,
    recordedAt: (state) => state.agency(id)?.number ?? null,
    record: () => ({
      $case: "agency",
      value: {
        id,
        name: { vi: `Cơ quan mới ${count}`, en: "" },
        level: AgencyLevel.AGENCY_LEVEL_DEPARTMENT,
        kind: "department",
        parent: "hn",
        identifierCode: "",
        areaCode: "",
        competences: [],
        source: "",
        certain: true,
        note: "",
      },
    }),
  });
  return id;
}

interface Asked {
  readonly agency: string;
  readonly folder: AgencyFolder;
  readonly request: EnrolmentRequest;
}

async function ask(more = {}): Promise<Asked> {
  const agency = await newOffice();
  const folder = agencyFolder(join(root, agency));
  const request = await requestEnrolment({
    folder,
    network: bus.bus.registry.state.network,
    agency,
    system: { id: `${agency}-system`, nameVi: "Hệ thống mới" },
    ...more,
  });
  return { agency, folder, request };
}

async function approve(request: EnrolmentRequest, decisions: ApprovalDecisions = {}): Promise<Approved> {
  const where = { ...bus.bus.run.grpc, shard: bus.bus.shard.name };
  return approveRequest({ request, registrar: await openRegistrar(), authority, bus: where, ...decisions });
}

async function approvalFile({ approval }: Approved): Promise<string> {
  const file = join(root, `${approval.agency}.approval.json`);
  await writeFile(file, approvalText(approval));
  return file;
}

test("two registrars who approve one request at the same time record it once, and neither fails", async () => {
  const { request, agency } = await ask();
  const size = (await openRegistrar()).state.size;
  const outcomes = await Promise.all([approve(request), approve(request), approve(request)]);
  const registrar = await openRegistrar();
  expect(registrar.state.size).toBe(size + 3);
  for (let step = 0; step < 3; step += 1) {
    const numbers = outcomes.map(({ steps }) => steps[step]?.number);
    expect(new Set(numbers).size).toBe(1);
    expect(outcomes.filter(({ steps }) => steps[step]?.isNew === true)).toHaveLength(1);
  }
  expect(new Set(outcomes.map(({ approval }) => approval.certificatePem)).size).toBe(1);
  expect(registrar.state.keysOfAgency(agency)).toHaveLength(1);
  expect(registrar.state.keysOfAgency(agency)[0]?.record.demonstration).toBe(false);
});

test("many requests at once are all recorded: a head that moved is followed", async () => {
  const asked: Asked[] = [];
  for (let number = 0; number < 4; number += 1) asked.push(await ask());
  const done = await Promise.all(asked.map(({ request }) => approve(request)));
  expect(done.flatMap(({ steps }) => steps).every(({ isNew }) => isNew)).toBe(true);
  const numbers = done.flatMap(({ steps }) => steps.map(({ number }) => number));
  expect(new Set(numbers).size).toBe(12);
});

test("an approval that anybody touched is refused, and nothing is laid down", async () => {
  const { request, folder } = await ask();
  const file = await approvalFile(await approve(request));
  const whole = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown> & {
    recorded: { number: number; signedEntry: string }[];
    signature: object;
  };
  const { request: other } = await ask();
  const foreign = JSON.parse(await readFile(await approvalFile(await approve(other)), "utf8")) as typeof whole;
  const [first] = whole.recorded;
  const changes: [Partial<typeof whole>, RegExp][] = [
    [{ registry: "evil.example:443" }, /signature over the whole approval/],
    [{ chain: foreign.certificate }, /signature over the whole approval/],
    [{ certificate: foreign.certificate }, /signature over the whole approval/],
    [{ agency: foreign.agency }, /signature over the whole approval/],
    [{ recorded: whole.recorded.slice(1) }, /signature over the whole approval/],
    [{ recorded: [{ ...first!, number: first!.number + 1 }] }, /signature over the whole approval/],
    [{ genesis: first!.signedEntry }, /is for the network/],
    [{ network: "00".repeat(32) }, /is for the network/],
    [{ signature: { keyId: "00".repeat(32), signature: "AAAA" } }, /a key of the registrar in force/],
    [{ registrarKeys: [first!.signedEntry] }, /registrarKeys\[0\] is another record/],
    [{ head: "none" as unknown }, /head/],
    [{ format: "something" }, /is no enrolment approval/],
  ];
  for (const [change, expected] of changes) {
    await writeFile(file, JSON.stringify({ ...whole, ...change }));
    await expect(installApproval(folder.root, file), JSON.stringify(change).slice(0, 60)).rejects.toThrow(expected);
  }
  // Whole and genuine, but the answer to another request.
  await writeFile(file, JSON.stringify(foreign));
  await expect(installApproval(folder.root, file)).rejects.toThrow(
    /answers the request .* and the one made in this folder is/,
  );
  await expect(readFile(folder.runFile)).rejects.toThrow("ENOENT");
  await expect(readFile(folder.sealFile(String(whole.agency)))).rejects.toThrow("ENOENT");
  await writeFile(file, JSON.stringify(whole));
  expect((await installApproval(folder.root, file)).system).toBe(`${whole.agency}-system`);
});

test("installing goes on after a crash at any step, and what is laid down opens the bus", async () => {
  const { agency, request, folder } = await ask();
  const file = await approvalFile(await approve(request));
  const system = `${agency}-system`;
  const fresh = join(root, "fresh");
  await cp(folder.root, fresh, { recursive: true });
  // What a crash leaves after the seal, and after the TLS key, came into use.
  await rename(folder.nextSealFile(agency), folder.sealFile(agency));
  const first = await installApproval(folder.root, file);
  const again = await installApproval(folder.root, file);
  expect({ ...again, approval: null }).toEqual({ ...first, approval: null });
  const half = agencyFolder(fresh);
  await rename(half.nextTlsKeyFile(system), half.tlsKeyFile(system));
  expect((await installApproval(fresh, file)).keyId).toBe(first.keyId);

  const run = JSON.parse(await readFile(folder.runFile, "utf8")) as {
    tls: { ca: string; certificates: Record<string, { certificate: string; key: string }> };
    grpc: { registry: string };
  };
  const paths = run.tls.certificates[system]!;
  const [caPem, certPem, keyPem] = (await Promise.all(
    [run.tls.ca, paths.certificate, paths.key].map((path) => readFile(path, "utf8")),
  )) as [string, string, string];
  const connection = connect({ address: run.grpc.registry, tls: { caPem, certPem, keyPem } });
  expect((await connection.registry.getAgency(agency)).systems).toEqual([system]);
  connection.close();
});

test("approvals are signed by a registrar key that was added later, too, and checked from entry 0", async () => {
  const added = generateSigningKey("p256");
  const registrar = await openRegistrar();
  const record = { $case: "registrarKey" as const, value: { publicKey: publicKeyOf(added), status: 1 as const } };
  const bytes = recordBytes(registrar.state.network, record);
  const hex = Buffer.from(added.keyId).toString("hex");
  await registrar.record({
    subject: hex,
    recordedAt: (state) => (state.registrarKey(hex) === undefined ? null : 1n),
    record: () => bytes,
    endorsements: [endorse(1, added, bytes)],
  });
  const { request, agency } = await ask();
  const second = await Registrar.open({ registry: bus.connection("operator", "registry").registry, key: added });
  const where = { ...bus.bus.run.grpc, shard: bus.bus.shard.name };
  const approved = await approveRequest({ request, registrar: second, authority, bus: where });
  expect(approved.approval.registrarKeys).toHaveLength(1);
  const file = await approvalFile(approved);
  const network = bus.bus.registry.state.network;
  expect((await readApprovalFile(file, network)).agency).toBe(agency);
  const text = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...text, registrarKeys: [] }));
  await expect(readApprovalFile(file, network)).rejects.toThrow(/a key of the registrar in force/);
});

test("a revocation is recorded once, again with an earlier doubt, and a delegation ends on the registrar's word", async () => {
  const { request, agency } = await ask();
  const { steps } = await approve(request);
  const [key] = steps;
  const registrar = await openRegistrar();
  const at = (text: string) => ({ seconds: BigInt(Date.parse(text) / 1_000), nanos: 0 });
  const reason = RevocationReason.REVOCATION_REASON_COMPROMISED;
  const first = await revokeKey(registrar, key!.subject.slice(0, 10), { reason });
  expect(first).toMatchObject({ agency, isNew: true });
  expect(await revokeKey(registrar, key!.subject, { reason })).toMatchObject({ number: first.number, isNew: false });
  const earlier = { reason, doubtedSince: at("2026-11-01T00:00:00Z") };
  expect(await revokeKey(registrar, key!.subject, earlier)).toMatchObject({ isNew: true });
  expect(registrar.state.key(key!.subject)?.revoked).toMatchObject({
    number: first.number,
    doubtedSince: at("2026-11-01T00:00:00Z"),
  });
  expect(await revokeKey(registrar, key!.subject, { reason, doubtedSince: at("2026-11-02T00:00:00Z") })).toMatchObject({
    isNew: false,
  });
  await expect(revokeKey(registrar, "1234", { reason })).rejects.toThrow(/first 8 characters or more/);
  await expect(approve(request)).rejects.toThrow(/was revoked by entry \d+; a revoked key never comes back/);
  const ended = await endDelegation(registrar, agency, `${agency}-system`);
  expect(ended.isNew).toBe(true);
  expect((await endDelegation(registrar, agency, `${agency}-system`)).isNew).toBe(false);
});

test("a watch tells all that was, then each change as it is recorded", async () => {
  const { request, agency } = await ask();
  const { steps } = await approve(request);
  const ending = new AbortController();
  const connection = bus.newConnection("operator", "registry");
  const told: WatchNews[] = [];
  const complete = Promise.withResolvers<void>();
  const revoked = Promise.withResolvers<void>();
  const watching = (async () => {
    const { registry } = connection;
    for await (const news of watchAgency({ registry, agency, signal: ending.signal })) {
      told.push(news);
      if (news.kind === "complete") complete.resolve();
      if (news.kind === "change" && news.change.what === "KEY_REVOKED") revoked.resolve();
    }
  })();
  await complete.promise;
  const recordedAtMs = performance.now();
  const { number } = await revokeKey(await openRegistrar(), steps[0]!.subject, {
    reason: RevocationReason.REVOCATION_REASON_COMPROMISED,
  });
  await revoked.promise;
  expect(performance.now() - recordedAtMs).toBeLessThan(5_000);
  ending.abort();
  await watching;
  connection.close();
  expect(told.map((news) => (news.kind === "change" ? news.change.what : news.kind))).toEqual([
    "KEY_FIRST",
    "DELEGATION_GIVEN",
    "complete",
    "KEY_REVOKED",
  ]);
  const last = told.at(-1);
  expect(last?.kind === "change" && last.change).toMatchObject({ number, isToBeKnown: true, signedByAgency: false });
});

test("a registry of another network than the one trusted is refused", async () => {
  const { registry } = bus.connection("operator", "registry");
  const network = new Uint8Array(32);
  await expect(Registrar.open({ registry, key: bus.bus.registrarKey, network })).rejects.toThrow(
    /is for the network 0000/,
  );
  const watch = watchAgency({ registry, agency: "hn", network, signal: new AbortController().signal });
  await expect(watch.next()).rejects.toThrow(/is for the network 0000/);
  const other = { registry, key: bus.keyOf("hn") };
  await expect(Registrar.open(other)).rejects.toThrow(/is no key of the registrar in force/);
});
