import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BusCallError } from "@lienthong/client";
import { ListTrailRequest } from "@lienthong/contracts/audit/v1/audit_service";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { accessStreamName } from "@lienthong/event-store";
import { RegistrarPen } from "@lienthong/registry-state";
import { dossierCode, startTestBus, type TestBus } from "@lienthong/testkit";
import { sha256 } from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPostgres, PostgresCluster } from "./databases.ts";

const auditor = "hn-thanhtra";
const ward = "hn-wold-00004";
const codes = Array.from({ length: 3 }, dossierCode);
let cluster: PostgresCluster | null = null;
let bus: TestBus;

beforeAll(async () => {
  cluster = hasPostgres ? await PostgresCluster.start() : null;
  bus = await startTestBus({ audit: { databaseUrl: await cluster?.newDatabase() } });
  for (const code of codes) {
    await bus.office(ward).open(code, "00004", "social-home-admission");
  }
}, 180_000);
afterAll(async () => {
  await bus?.stop();
  await cluster?.stop();
});

const audit = (agency: string) => bus.connection(bus.systemOf(agency), "audit").audit;

async function first<T>(pages: AsyncIterable<{ rows: readonly T[] }>): Promise<readonly T[]> {
  for await (const { rows } of pages) return rows;
  return [];
}

async function refusalOf(pages: AsyncIterable<unknown>): Promise<BusCallError> {
  try {
    for await (const _ of pages);
  } catch (error) {
    if (error instanceof BusCallError) return error;
    throw error;
  }
  throw new Error("The call was not refused.");
}

describe("AuditService", () => {
  test("a question sees what was durable when it came", async () => {
    for (const code of codes) {
      const [opened] = await first(audit(auditor).trail({ agency: auditor, dossier: code }));
      expect(opened).toMatchObject({ dossier: code, number: 1n, said: "open", agency: ward });
    }
  });

  test("an agency without a scope is refused others, an unknown system everything", async () => {
    expect(await refusalOf(audit("hn-so-yt").trail({ agency: "hn-so-yt", dossier: codes[0]! }))).toMatchObject({
      reason: "NOT_ENTITLED",
    });
    expect(await refusalOf(audit("hn-so-yt").holdings({ agency: "hn-so-yt", holder: ward }))).toMatchObject({
      reason: "NOT_ENTITLED",
      field: "holder",
    });
    // The police's system does not speak for the ward.
    const police = bus.connection("ca-cu-tru", "audit").audit;
    expect(await refusalOf(police.trail({ agency: ward, dossier: codes[0]! }))).toMatchObject({
      reason: "DELEGATION_MISSING",
      field: "agency",
    });
    expect(await refusalOf(police.rebuild({ compareOnly: true }))).toMatchObject({ reason: "NOT_ENTITLED" });
  });

  test("a scope that ends, ends what it granted", async () => {
    const scope = { id: "s-1", auditor: "hn-so-tp", shards: [], agencies: [ward], procedures: [], ground: "test" };
    const ask = () => audit("hn-so-tp").trail({ agency: "hn-so-tp", dossier: codes[0]! });
    expect(await refusalOf(ask())).toMatchObject({ reason: "NOT_ENTITLED" });
    await record(RecordStatus.RECORD_STATUS_ACTIVE);
    expect(await first(ask())).toHaveLength(1);
    expect((await trailOfExchange()).length).toBeGreaterThan(0);
    // By its date, which the index, the exchange and the ledger read alike.
    await record(RecordStatus.RECORD_STATUS_ACTIVE, "2025-01-01", "2025-12-31");
    expect(await refusalOf(ask())).toMatchObject({ reason: "NOT_ENTITLED" });
    await expect(trailOfExchange()).rejects.toMatchObject({ reason: "NOT_ENTITLED" });
    await record(RecordStatus.RECORD_STATUS_ACTIVE);
    expect(await first(ask())).toHaveLength(1);
    await record(RecordStatus.RECORD_STATUS_REVOKED);
    expect(await refusalOf(ask())).toMatchObject({ reason: "NOT_ENTITLED" });

    function trailOfExchange() {
      const { exchange } = bus.connection(bus.systemOf("hn-so-tp"));
      return exchange.getTrail({ shard: bus.bus.shard.name, dossier: codes[0]!, agency: "hn-so-tp" });
    }

    async function record(status: RecordStatus, validFrom = "", validUntil = ""): Promise<void> {
      const { registry, registrarKey } = bus.bus;
      await registry.catchUp(5_000);
      const entry = new RegistrarPen(registry.state, registrarKey).entry(
        { $case: "auditScope", value: { ...scope, status } },
        {
          recordedTime: registry.state.lastRecordedTime ?? { seconds: 0n, nanos: 0 },
          validFrom,
          validUntil,
          endorsements: [],
        },
      );
      await bus.connection("operator", "registry").registry.appendEntry(entry);
      await registry.waitForSize(registry.state.size);
    }
  });

  test("bad words are refused with their field: agencies, codes, enums, page sizes, ids", async () => {
    const ask = audit(auditor);
    const agency = auditor;
    const tries: [AsyncIterable<unknown>, string, string][] = [
      [ask.trail({ agency, dossier: "' or 1=1 --" }), "FIELD_INVALID", "dossier"],
      [ask.trail({ agency, dossier: dossierCode() }), "DOSSIER_UNKNOWN", "dossier"],
      [ask.trail({ agency, dossier: codes[0]!, shard: "nowhere" }), "SHARD_UNKNOWN", "shard"],
      [ask.trail({ agency, dossier: codes[0]!, pageSize: 1_001 }), "FIELD_INVALID", "page_size"],
      [ask.holdings({ agency, holder: "hn-nowhere" }), "AGENCY_UNKNOWN", "holder"],
      [ask.holdings({ agency, procedure: "none" }), "SUBJECT_UNKNOWN", "procedure"],
      [ask.times({ agency }), "ENUM_UNKNOWN", "measure"],
      [ask.times({ agency, measure: 9 as never }), "ENUM_UNKNOWN", "measure"],
      [ask.find({ agency, id: "'; drop table event; --" }), "FIELD_INVALID", "id"],
      [ask.waiting({ agency, wallSecondsMin: 2n ** 60n }), "FIELD_INVALID", "wall_seconds_min"],
    ];
    for (const [asked, reason, field] of tries) expect(await refusalOf(asked)).toMatchObject({ reason, field });
  });

  test("a page token is good for its question on behalf of its agency, and for no other", async () => {
    const client = bus.connection(bus.systemOf(auditor), "audit").audit;
    const question = { agency: auditor, pageSize: 1 };
    const rows: unknown[] = [];
    for await (const page of client.holdings(question)) rows.push(...page.rows);
    expect(rows.length).toBe(codes.length);
    const token = await nextToken({ agency: auditor });
    expect(await refusedToken({ agency: auditor }, token)).toBe(false);
    expect(await refusedToken({ agency: auditor, holder: ward }, token)).toBe(true);
    expect(await refusedToken({ agency: ward }, token)).toBe(true);
    expect(await refusedToken({ agency: auditor }, `${token.slice(0, -2)}AA`)).toBe(true);

    async function nextToken(asked: { agency: string }): Promise<string> {
      return (await raw(asked, "")).nextPageToken;
    }
    async function refusedToken(asked: { agency: string; holder?: string }, pageToken: string): Promise<boolean> {
      return raw(asked, pageToken).then(
        () => false,
        (error: { details?: string }) => /page_token/.test(JSON.stringify(error) + (error.details ?? "")),
      );
    }
  });

  async function raw(
    asked: { agency: string; holder?: string },
    pageToken: string,
  ): Promise<{ nextPageToken: string }> {
    const { AuditServiceClient, ListHoldingsRequest } = await import("@lienthong/contracts/audit/v1/audit_service");
    const { credentials } = await import("@grpc/grpc-js");
    const { caPem, certPem, keyPem } = bus.tls(bus.systemOf(auditor));
    const ssl = credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(certPem));
    const client = new AuditServiceClient(bus.bus.run.grpc.audit, ssl, {
      "grpc.ssl_target_name_override": "localhost",
    });
    const request = ListHoldingsRequest.fromPartial({ ...asked, pageSize: 1, pageToken });
    try {
      return await new Promise((resolve, reject) =>
        client.listHoldings(request, (error, page) => (error === null ? resolve(page) : reject(error))),
      );
    } finally {
      client.close();
    }
  }

  test("a record names who asked, under which scope, and the digest of the question", async () => {
    const request = { agency: auditor, dossier: codes[1]!, pageSize: 17 };
    await first(audit(auditor).trail(request));
    const [last] = await first(audit(auditor).accesses({ agency: auditor }));
    expect(last).toMatchObject({
      version: 1,
      agency: auditor,
      system: bus.systemOf(auditor),
      auditScope: "thanh-tra-thanh-pho",
      method: "lienthong.audit.v1.AuditService/ListTrail",
      eventCount: 1,
    });
    const asked = ListTrailRequest.encode(ListTrailRequest.fromPartial(request)).finish();
    expect(Buffer.from(last?.requestDigest ?? [])).toEqual(Buffer.from(sha256(asked)));
  });

  test("the embedded database and the key of tokens lie in the data folder, for the owner alone", async () => {
    const names = await readdir(join(bus.bus.folder.root, "audit"));
    expect(names).toEqual(expect.arrayContaining(["page-token.key", "owner.lock"]));
  });

  // From here on something is broken, so these come last.
  if (hasPostgres) {
    test("while the database is away questions are refused so that callers try again, and then go on", async () => {
      const crash = cluster?.restart();
      let refused: BusCallError | null = null;
      for (let attempt = 0; attempt < 200 && refused === null; attempt++) {
        refused = await first(audit(auditor).trail({ agency: auditor, dossier: codes[0]! })).then(
          () => null,
          (error: BusCallError) => error,
        );
      }
      await crash;
      if (refused !== null) expect(refused.reason).toBe("INDEX_UNAVAILABLE");
      expect(await first(audit(auditor).trail({ agency: auditor, dossier: codes[0]! }))).toHaveLength(1);
    });
  }

  test("a look-up that cannot be recorded is not answered, neither here nor by the exchange", async () => {
    const admin = await bus.bus.connectNats("admin", "test");
    const manager = await jetstreamManager(admin, { checkAPI: false });
    await manager.streams.delete(accessStreamName);
    await admin.close();
    expect(await refusalOf(audit(auditor).trail({ agency: auditor, dossier: codes[0]! }))).toMatchObject({
      reason: "ACCESS_NOT_RECORDED",
    });
    const exchange = bus.connection(bus.systemOf(auditor)).exchange;
    const question = { shard: bus.bus.shard.name, dossier: codes[0]!, agency: auditor };
    await expect(exchange.getTrail(question)).rejects.toMatchObject({ reason: "ACCESS_NOT_RECORDED" });
    await expect(exchange.getDossier(question)).rejects.toMatchObject({ reason: "ACCESS_NOT_RECORDED" });
    // Who reads its own dossier leaves no record, and needs none.
    const own = bus.connection(bus.systemOf(ward)).exchange;
    expect((await own.getTrail({ ...question, agency: ward })).length).toBe(1);
  });
});
