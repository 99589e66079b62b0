import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  certificateKeyDigest,
  createGrpcCredentials,
  createGrpcServer,
  createLogger,
  grpcChannelOptions,
  openDevelopmentAuthority,
} from "@lienthong/chassis";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import {
  GetHeadRequest,
  ListAgenciesRequest,
  ListEntriesRequest,
  ListProceduresRequest,
  RegistryServiceClient,
  type RegistryServiceService,
} from "@lienthong/contracts/registry/v1/registry_service";
import { RegistrarPen, RegistryState } from "@lienthong/registry-state";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import {
  agencyRecord,
  at,
  fixedKey,
  registrarKey,
  shardRecord,
  systemRecord,
} from "../../../packages/registry-state/test/registry-fixture.ts";
import { createRegistryService, type RegistryService, type SeededRegistry, seedRegistry } from "../src/index.ts";
import { openStream, startTestBus } from "./bus-fixture.ts";

const clock = { now: (): Timestamp => at(100), nowMs: () => Number(at(100).seconds) * 1_000 };
const ends: (() => unknown)[] = [];
let registry: RegistryService;
let seeded: SeededRegistry;
let client: RegistryServiceClient;
let stranger: RegistryServiceClient;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "lienthong-registry-tls-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const bus = await startTestBus((work) => ends.push(work));
  const { append, reader, connection } = await openStream(bus);
  const authority = await openDevelopmentAuthority({ folder });
  const known = await authority.system("hn-system");
  const system = systemRecord("hn-system", [certificateKeyDigest(known.certPem)]);
  const shard = shardRecord("hanoi-2026q4");
  if (system.$case !== "system" || shard.$case !== "shard") throw new Error("the fixture gave other records");
  seeded = await seedRegistry({
    append,
    reader,
    seed: await loadSeed(),
    systems: [system.value],
    agencyKeys: [{ agency: "hn-w-00004", key: fixedKey("ba dinh"), demonstration: true }],
    delegations: [{ agency: "hn-w-00004", system: "hn-system" }],
    promiseKeys: [],
    shards: [shard.value],
    registrarKey,
    networkName: "lienthong-hanoi",
    recordedTime: at(0),
  });
  const logger = createLogger({ service: "registry", level: "silent" });
  registry = await createRegistryService({ connection, clock, logger, network: seeded.network });
  ends.push(() => registry.stop());
  const tls = await authority.server();
  const server = await createGrpcServer({ services: [registry.service], tls, address: "127.0.0.1:0", logger });
  ends.push(() => server.forceStop());
  const connect = async (systemId: string) => {
    const credentials = createGrpcCredentials(await authority.system(systemId));
    const made = new RegistryServiceClient(
      server.address,
      credentials,
      grpcChannelOptions({ sharedConnection: false }),
    );
    ends.push(() => made.close());
    return made;
  };
  client = await connect("hn-system");
  stranger = await connect("nobody");
}, 120_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

type Methods = typeof RegistryServiceService;
type RequestOf<Name extends keyof Methods> = ReturnType<Methods[Name]["requestDeserialize"]>;
type ResponseOf<Name extends keyof Methods> = ReturnType<Methods[Name]["responseDeserialize"]>;

function call<Name extends keyof Methods>(
  name: Name,
  request: RequestOf<Name>,
  on: RegistryServiceClient = client,
): Promise<ResponseOf<Name>> {
  const method = on[name].bind(on) as unknown as (
    request: RequestOf<Name>,
    callback: (error: Error | null, response: ResponseOf<Name>) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    method(request, (error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

test("GetHead tells head and network, and only to systems of the registry", async () => {
  const answer = await call("getHead", GetHeadRequest.fromPartial({}));
  expect(answer.head).toMatchObject({ size: seeded.head.size });
  expect(Buffer.from(answer.network)).toEqual(Buffer.from(seeded.network));
  await expect(call("getHead", GetHeadRequest.fromPartial({}), stranger)).rejects.toThrow(/certificate/);
});

test("ListEntries hands out the whole log byte for byte, in pages", async () => {
  const state = new RegistryState();
  for (let fromNumber = 0n; fromNumber < seeded.head.size; ) {
    const page = await call("listEntries", ListEntriesRequest.fromPartial({ fromNumber, pageSize: 1_000 }));
    await state.applyMany(page.signedEntries);
    fromNumber = page.nextNumber;
  }
  expect(Buffer.from(state.headAt(seeded.head.size).root)).toEqual(Buffer.from(seeded.head.root));
  const beyond = await call("listEntries", ListEntriesRequest.fromPartial({ fromNumber: 999_999n }));
  expect(beyond).toMatchObject({ signedEntries: [], nextNumber: BigInt(registry.follower.state.size) });
}, 60_000);

test("AppendEntry takes what the registrar signed from anybody, and answers the same again", async () => {
  const pen = new RegistrarPen(registry.follower.state, registrarKey);
  const signedEntry = pen.entry(agencyRecord("hn-new-office", { kind: "office", parent: "hn" }), {
    recordedTime: at(50),
  });
  const answer = await call("appendEntry", { signedEntry }, stranger);
  expect(answer).toMatchObject({ number: seeded.head.size, head: { size: seeded.head.size + 1n } });
  expect(await call("appendEntry", { signedEntry }, stranger)).toEqual(answer);
  const agency = await call("getAgency", { agency: "hn-new-office" });
  expect(agency.agency?.parent).toBe("hn");
});

test("GetAgency shows keys, systems and successors", async () => {
  const ward = await call("getAgency", { agency: "hn-w-00004" });
  expect(ward.valid).toMatchObject({ validFrom: "2025-07-01", validUntil: "" });
  expect(ward.keys.map(({ agency }) => agency)).toEqual(["hn-w-00004"]);
  expect(ward.systems).toEqual(["hn-system"]);
  const district = await call("getAgency", { agency: "hn-d-001" });
  expect(district.succession?.successors.map(({ agency }) => agency)).toContain("hn-w-00004");
  await expect(call("getAgency", { agency: "nobody" })).rejects.toThrow(/no such agency/);
});

test("ListAgencies finds names without diacritics, by level and day, page by page", async () => {
  const ask = (partial: Partial<ListAgenciesRequest>) => call("listAgencies", ListAgenciesRequest.fromPartial(partial));
  const level = AgencyLevel.AGENCY_LEVEL_WARD;
  const found = await ask({ nameContains: "phuong ba  DINH", level, onDate: "2026-11-22" });
  expect(found.agencies.map(({ agency }) => agency?.id)).toContain("hn-w-00004");
  expect(found.agencies.every(({ agency }) => agency?.level === level)).toBe(true);

  const all: string[] = [];
  let pageToken = "";
  do {
    const page = await ask({ onDate: "2025-05-05", pageSize: 300, pageToken });
    all.push(...page.agencies.map(({ agency }) => agency!.id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(all).toEqual([...new Set(all)].sort());
  expect(all).toContain("hn-d-001");
  expect(all).not.toContain("hn-w-00004");

  const { nextPageToken } = await ask({ onDate: "2025-05-05", pageSize: 1 });
  await expect(ask({ onDate: "2025-05-06", pageSize: 1, pageToken: nextPageToken })).rejects.toThrow(/page_token/);
  await expect(ask({ pageSize: 1_001 })).rejects.toThrow(/page_size/);
  await expect(ask({ onDate: "2025-02-30" })).rejects.toThrow(/on_date/);
});

test("procedures are found by key and by code, with routes and calendar to pin", async () => {
  const { procedures } = await call(
    "listProcedures",
    ListProceduresRequest.fromPartial({ withRouteOnly: true, pageSize: 1_000 }),
  );
  expect(procedures.length).toBeGreaterThan(0);
  for (const { procedure, routes } of procedures) {
    const byKey = await call("getProcedure", { procedure: procedure!.key });
    expect(byKey.routes.map(({ route }) => `${route?.id}/${route?.version}`)).toEqual(routes);
    expect(byKey.calendarEntry).toHaveLength(32);
    expect(byKey.entry).toHaveLength(32);
    if (procedure!.code !== "") {
      expect((await call("getProcedure", { procedure: procedure!.code })).procedure?.code).toBe(procedure!.code);
    }
  }
  await expect(call("getProcedure", { procedure: "nothing" })).rejects.toThrow(/no such entry or subject/);
});

test("ResolveRole answers over the agencies of Hanoi before and after 1 July 2025", async () => {
  const ask = (role: string, onDate: string) => call("resolveRole", { role, areaCode: "00004", procedure: "", onDate });
  const before = await ask("WARD_PC", "2025-05-05");
  expect(before.candidates.map(({ agency }) => agency)).toEqual(["hn-wold-00004"]);
  const after = await ask("WARD_PC", "2025-07-01");
  expect(after.candidates).toMatchObject([
    {
      agency: "hn-w-00004",
      unit: "",
      why: { vi: "Ủy ban nhân dân phường Ba Đình có thẩm quyền thực hiện vai trò WARD_PC trên địa bàn 00004." },
    },
  ]);
  const labour = await ask("DISTRICT_LABOUR_DIVISION", "2025-05-05");
  expect(labour.candidates[0]?.why?.en).toMatch(/in area 001, which contains 00004\.$/);
  const gone = await ask("DISTRICT_LABOUR_DIVISION", "2025-07-01");
  expect(gone.candidates).toEqual([]);
  expect(gone.missing?.vi).toMatch(/^Vào ngày 01\/07\/2025, vai trò .* \(đến hết ngày 30\/06\/2025; cơ quan kế thừa: /);
  await expect(ask("ward", "2025-07-01")).rejects.toThrow(/role/);
});
