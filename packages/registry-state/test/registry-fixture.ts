import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { type Endorsement, EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import {
  AgencyLevel,
  type AgencyRecord,
  type Competence,
  KeyPurpose,
  type KeyRecord,
  type ProcedureRecord,
  RecordStatus,
  RevocationReason,
  ShardClock,
  type ShardRecord,
  type SystemRecord,
  type UnitRecord,
} from "@lienthong/contracts/registry/v1/record";
import { EdgeKind, type RouteRecord, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import { importSigningKey, type SigningKey } from "@lienthong/statement";
import { sha256 } from "@lienthong/tlog";
import {
  type AnyRecord,
  type AppliedEntry,
  type EntryDetails,
  endorse,
  publicKeyOf,
  RegistrarPen,
  RegistryState,
} from "../src/index.ts";

/** An Ed25519 key made from a name: the same in every run. */
export function fixedKey(name: string): SigningKey {
  const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
  const der = Buffer.concat([pkcs8Head, sha256(new TextEncoder().encode(`lienthong test key ${name}`))]);
  return importSigningKey(`-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`);
}

export const registrarKey = fixedKey("registrar");

/** Seconds after 22 November 2026, 08:00 UTC. */
export function at(seconds: number): Timestamp {
  return { seconds: 1_795_334_400n + BigInt(seconds), nanos: 0 };
}

export const active = RecordStatus.RECORD_STATUS_ACTIVE;
export const revoked = RecordStatus.RECORD_STATUS_REVOKED;

/** Writes a registry log entry by entry, as a registrar does. */
export class LogWriter {
  readonly state = new RegistryState();
  readonly pen: RegistrarPen;
  readonly log: Uint8Array[] = [];
  seconds = 0;

  constructor(key: SigningKey | readonly SigningKey[] = registrarKey) {
    this.pen = new RegistrarPen(this.state, key);
    this.keep(this.pen.genesis({ name: "lienthong-test", nonce: new Uint8Array(32).fill(7), recordedTime: at(0) }));
  }

  keep(bytes: Uint8Array): AppliedEntry {
    const applied = this.state.apply(bytes);
    this.log.push(bytes);
    return applied;
  }

  /** The bytes of the next entry, not applied. */
  write(record: AnyRecord, details: Partial<EntryDetails> = {}): Uint8Array {
    return this.pen.entry(record, { recordedTime: at(this.seconds + 1), ...details });
  }

  add(record: AnyRecord, details: Partial<EntryDetails> = {}): AppliedEntry {
    const applied = this.keep(this.write(record, details));
    this.seconds += 1;
    return applied;
  }

  endorsed(record: AnyRecord, ...by: [EndorsementRole, SigningKey][]): { endorsements: Endorsement[] } {
    const bytes = this.pen.recordBytes(record);
    return { endorsements: by.map(([role, key]) => endorse(role, key, bytes)) };
  }

  addKey(agency: string, key: SigningKey, more: Partial<KeyRecord> = {}): AppliedEntry {
    const record = keyRecord(agency, key, more);
    return this.add(record, this.endorsed(record, [possession, key]));
  }

  addDelegation(agency: string, system: string, key: SigningKey, status = active): AppliedEntry {
    const record: AnyRecord = { $case: "delegation", value: { agency, system, status } };
    return this.add(record, this.endorsed(record, [byAgency, key]));
  }
}

export const possession = EndorsementRole.ENDORSEMENT_ROLE_POSSESSION;
export const byPreviousKey = EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY;
export const byAgency = EndorsementRole.ENDORSEMENT_ROLE_AGENCY;

export function agencyRecord(id: string, more: Partial<AgencyRecord> = {}): AnyRecord {
  const value: AgencyRecord = {
    id,
    name: { vi: `Cơ quan ${id}`, en: `Agency ${id}` },
    level: AgencyLevel.AGENCY_LEVEL_WARD,
    kind: "people-committee",
    parent: "",
    identifierCode: "",
    areaCode: "",
    competences: [],
    source: "",
    certain: true,
    note: "",
    ...more,
  };
  return { $case: "agency", value };
}

export function unitRecord(id: string, agency: string, more: Partial<UnitRecord> = {}): AnyRecord {
  const value: UnitRecord = {
    id,
    agency,
    name: { vi: `Bộ phận ${id}`, en: `Unit ${id}` },
    kind: "division",
    competences: [],
    source: "",
    certain: true,
    note: "",
    ...more,
  };
  return { $case: "unit", value };
}

export function competence(role: string, areaCodes: string[], procedures: string[] = []): Competence {
  return { role, areaCodes, procedures };
}

export function systemRecord(id: string, digests: Uint8Array[] = [], more: Partial<SystemRecord> = {}): AnyRecord {
  const name = { vi: `Hệ thống ${id}`, en: `System ${id}` };
  const value: SystemRecord = { id, name, responsibleAgency: "", certificateKeyDigests: digests, status: active };
  return { $case: "system", value: { ...value, ...more } };
}

export function keyRecord(agency: string, key: SigningKey, more: Partial<KeyRecord> = {}): AnyRecord {
  const value: KeyRecord = {
    agency,
    publicKey: publicKeyOf(key),
    purpose: KeyPurpose.KEY_PURPOSE_SEAL,
    officerRef: "",
    replaces: new Uint8Array(0),
    status: active,
    revocationReason: RevocationReason.REVOCATION_REASON_UNSPECIFIED,
    doubtedSince: undefined,
    demonstration: true,
    ...more,
  };
  return { $case: "key", value };
}

export function revocationRecord(agency: string, key: SigningKey, more: Partial<KeyRecord> = {}): AnyRecord {
  const revocationReason = RevocationReason.REVOCATION_REASON_COMPROMISED;
  return keyRecord(agency, key, { status: revoked, revocationReason, ...more });
}

export function procedureRecord(key: string, more: Partial<ProcedureRecord> = {}): AnyRecord {
  const value: ProcedureRecord = {
    key,
    code: "",
    name: { vi: `Thủ tục ${key}`, en: "" },
    level: AgencyLevel.AGENCY_LEVEL_WARD,
    field: "",
    linked: true,
    total: undefined,
    status: "",
    supersedes: [],
    source: "",
    certain: true,
    note: "",
    steps: [],
    ...more,
  };
  return { $case: "procedure", value };
}

/** Two steps and the edge between them. */
export function routeRecord(id: string, procedure: string, more: Partial<RouteRecord> = {}): AnyRecord {
  const step = (stepId: string, role: string, start: boolean, end: boolean) => ({
    id: stepId,
    name: { vi: `Bước ${stepId}`, en: "" },
    role,
    kind: StepKind.STEP_KIND_WORK,
    clock: StepClock.STEP_CLOCK_RUNNING,
    limit: undefined,
    limitIfVerified: undefined,
    publicPosting: undefined,
    start,
    end,
    completionRequired: false,
    joinsFork: "",
    deemedConsent: false,
    internalSteps: [],
  });
  const value: RouteRecord = {
    id,
    version: 1,
    procedure,
    name: { vi: `Quy trình ${id}`, en: "" },
    steps: [step("receive", "WARD_ONE_STOP", true, false), step("solve", "WARD_PC", false, true)],
    edges: [
      {
        id: "receive-solve",
        from: "receive",
        to: "solve",
        kind: EdgeKind.EDGE_KIND_FORWARD,
        fork: "",
        optional: false,
        lead: false,
        resultCopiedToRoles: [],
      },
    ],
    total: undefined,
    appointments: [],
    handoffRules: undefined,
    composed: false,
    certain: true,
    source: "",
    note: "",
    ...more,
  };
  return { $case: "route", value };
}

export function calendarRecord(version: string, daysOff: string[] = []): AnyRecord {
  return {
    $case: "calendar",
    value: {
      id: "vn-state",
      version,
      timeZone: "Asia/Ho_Chi_Minh",
      utcOffsetMinutes: 420,
      restWeekdays: [6, 7],
      daysOff: daysOff.map((date) => ({ date, name: { vi: "Ngày nghỉ", en: "" }, certain: true })),
      daysWorked: [],
      officeHours: [
        { startMinute: 480, endMinute: 720, certain: true },
        { startMinute: 780, endMinute: 1_020, certain: true },
      ],
      source: "",
    },
  };
}

export function shardRecord(name: string, more: Partial<ShardRecord> = {}): AnyRecord {
  const value: ShardRecord = {
    name,
    origin: `example.org/lienthong/${name}`,
    logPublicKey: new Uint8Array(32).fill(3),
    promiseDelay: { seconds: 86_400n, nanos: 0 },
    clock: ShardClock.SHARD_CLOCK_REAL,
    areaCodes: ["01"],
    closed: false,
  };
  return { $case: "shard", value: { ...value, ...more } };
}

/** Thirteen entries of most kinds: what the vectors and the byte-breaking test are made of. */
export function writeSmallLog(): LogWriter {
  const writer = new LogWriter();
  const ward = fixedKey("ward seal");
  writer.add(agencyRecord("hn", { level: AgencyLevel.AGENCY_LEVEL_PROVINCE, areaCode: "01" }));
  writer.add(
    agencyRecord("hn-w-00004", {
      name: { vi: "Ủy ban nhân dân phường Ba Đình", en: "People's Committee of Ba Dinh Ward" },
      parent: "hn",
      areaCode: "00004",
      competences: [competence("WARD_PC", ["00004"])],
    }),
    { validFrom: "2025-07-01" },
  );
  writer.add(unitRecord("ba-dinh-desk", "hn-w-00004", { competences: [competence("WARD_ONE_STOP", ["00004"])] }));
  writer.add(systemRecord("hn-system", [new Uint8Array(32).fill(9)], { responsibleAgency: "hn" }));
  writer.addKey("hn-w-00004", ward);
  writer.addDelegation("hn-w-00004", "hn-system", ward);
  writer.add(procedureRecord("birth-group", { code: "3.000722" }));
  writer.add(routeRecord("birth-group", "birth-group"));
  writer.add(calendarRecord("2026-11-22", ["2026-11-24"]), { validFrom: "2026-01-01" });
  const rotated = keyRecord("hn-w-00004", fixedKey("ward seal 2"), { replaces: ward.keyId });
  writer.add(rotated, writer.endorsed(rotated, [possession, fixedKey("ward seal 2")], [byPreviousKey, ward]));
  writer.add(revocationRecord("hn-w-00004", ward, { doubtedSince: at(2) }));
  writer.add(shardRecord("hanoi-2026q4"));
  return writer;
}
