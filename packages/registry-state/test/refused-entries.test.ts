import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import {
  AgencyLevel,
  KeyPurpose,
  RegistryKind,
  RevocationReason,
  ShardClock,
  SuccessionShare,
} from "@lienthong/contracts/registry/v1/record";
import { generateSigningKey, payloadTypes, type SigningKey, signPayload } from "@lienthong/statement";
import { describe, expect, test } from "vitest";
import {
  type AnyRecord,
  endorse,
  publicKeyOf,
  RegistryEntryRefusedError,
  RegistryState,
  recordBytes,
} from "../src/index.ts";
import {
  active,
  agencyRecord,
  at,
  byAgency,
  byPreviousKey,
  calendarRecord,
  fixedKey,
  keyRecord,
  LogWriter,
  possession,
  procedureRecord,
  registrarKey,
  revocationRecord,
  revoked,
  routeRecord,
  shardRecord,
  systemRecord,
  unitRecord,
  writeSmallLog,
} from "./registry-fixture.ts";

const ward = "hn-w-00004";
const oldSeal = fixedKey("ward seal"); // revoked in the small log
const seal = fixedKey("ward seal 2");
const other = fixedKey("other");
const hash = (fill: number) => new Uint8Array(32).fill(fill);

/** Changes an entry that would be accepted, and signs it again. */
function edited(
  bytes: Uint8Array,
  change: (entry: RegistryEntry) => Partial<RegistryEntry>,
  keys: SigningKey[] = [registrarKey],
) {
  const entry = RegistryEntry.decode(SignedRegistryEntry.decode(bytes).payload);
  const payload = RegistryEntry.encode({ ...entry, ...change(entry) }).finish();
  const signatures = keys.map((key) => ({
    keyId: key.keyId,
    signature: signPayload(key, payloadTypes.registryEntry, payload),
  }));
  return SignedRegistryEntry.encode({ payload, signatures }).finish();
}

interface Example {
  readonly rule: string;
  readonly bytes: (writer: LogWriter) => Uint8Array;
  readonly reason?: string;
  readonly field: string;
}

const valid = (writer: LogWriter) => writer.write(agencyRecord("hn-new"));
const withEntry = (change: (entry: RegistryEntry) => Partial<RegistryEntry>) => (writer: LogWriter) =>
  edited(valid(writer), change);
const withRecord =
  (record: AnyRecord, ...by: Parameters<LogWriter["endorsed"]> extends [AnyRecord, ...infer Rest] ? Rest : never) =>
  (writer: LogWriter) =>
    writer.write(record, writer.endorsed(record, ...by));

const places: Example[] = [
  {
    rule: "another network",
    bytes: withEntry(() => ({ network: hash(1) })),
    reason: "NETWORK_MISMATCH",
    field: "entry.network",
  },
  {
    rule: "a record for another network",
    bytes: withEntry(() => ({ record: recordBytes(hash(1), agencyRecord("hn-new")) })),
    reason: "NETWORK_MISMATCH",
    field: "record.network",
  },
  {
    rule: "a number that is not the size",
    bytes: withEntry(({ number }) => ({ number: number + 1n })),
    reason: "REGISTRY_HEAD_MOVED",
    field: "entry.number",
  },
  {
    rule: "another previous entry",
    bytes: withEntry(() => ({ previous: hash(1) })),
    reason: "REGISTRY_HEAD_MOVED",
    field: "entry.previous",
  },
  {
    rule: "an unknown version",
    bytes: withEntry(() => ({ version: 2 })),
    reason: "VERSION_UNKNOWN",
    field: "entry.version",
  },
  {
    rule: "a kind that is not the record's",
    bytes: withEntry(() => ({ kind: RegistryKind.REGISTRY_KIND_UNIT })),
    field: "entry.kind",
  },
  { rule: "an id that is not the record's", bytes: withEntry(() => ({ id: "hn-else" })), field: "entry.id" },
  {
    rule: "a subject that has no previous entry",
    bytes: withEntry(() => ({ subjectPrevious: hash(1) })),
    field: "entry.subject_previous",
  },
  {
    rule: "a subject whose previous entry is left out",
    bytes: (writer) => edited(writer.write(agencyRecord("hn")), () => ({ subjectPrevious: new Uint8Array(0) })),
    field: "entry.subject_previous",
  },
  {
    rule: "a recorded time that goes back",
    bytes: (writer) => writer.write(agencyRecord("hn-new"), { recordedTime: at(-1) }),
    field: "entry.recorded_time",
  },
  {
    rule: "a day that no calendar has",
    bytes: (writer) => writer.write(agencyRecord("hn-new"), { validFrom: "2025-02-30" }),
    field: "entry.valid_from",
  },
  {
    rule: "days that end before they begin",
    bytes: (writer) => writer.write(agencyRecord("hn-new"), { validFrom: "2025-07-01", validUntil: "2025-06-30" }),
    field: "entry.valid_until",
  },
  { rule: "another state root", bytes: withEntry(() => ({ stateRoot: hash(1) })), field: "entry.state_root" },
  {
    rule: "a second genesis",
    bytes: (writer) =>
      writer.write({ $case: "genesis", value: { name: "n", registrarKeys: [publicKeyOf(other)], nonce: hash(1) } }),
    field: "record.genesis",
  },
  {
    rule: "a signature by a key that is no registrar's",
    bytes: (writer) => edited(valid(writer), () => ({}), [other]),
    reason: "KEY_UNKNOWN",
    field: "signed_entry.signatures[0].key_id",
  },
  {
    rule: "a key that signs twice",
    bytes: (writer) => edited(valid(writer), () => ({}), [registrarKey, registrarKey]),
    field: "signed_entry.signatures[1].key_id",
  },
  {
    rule: "a registrar key revoked before",
    bytes: (writer) => {
      const added: AnyRecord = { $case: "registrarKey", value: { publicKey: publicKeyOf(other), status: active } };
      writer.add(added, writer.endorsed(added, [possession, other]));
      writer.add({ $case: "registrarKey", value: { publicKey: publicKeyOf(other), status: revoked } });
      return edited(writer.write(agencyRecord("hn-new")), () => ({}), [other]);
    },
    reason: "KEY_REVOKED",
    field: "signed_entry.signatures",
  },
];

const participants: Example[] = [
  {
    rule: "an unknown parent",
    bytes: withRecord(agencyRecord("hn-new", { parent: "nobody" })),
    field: "record.agency.parent",
  },
  {
    rule: "an agency above itself",
    bytes: withRecord(agencyRecord("hn-new", { parent: "hn-new" })),
    field: "record.agency.parent",
  },
  {
    rule: "parents in a circle",
    bytes: withRecord(agencyRecord("hn", { parent: ward, level: AgencyLevel.AGENCY_LEVEL_PROVINCE, areaCode: "01" })),
    field: "record.agency.parent",
  },
  {
    rule: "a second committee for an area",
    bytes: withRecord(agencyRecord("hn-new", { areaCode: "00004" })),
    field: "record.agency.area_code",
  },
  { rule: "a unit of nobody", bytes: withRecord(unitRecord("desk", "nobody")), field: "record.unit.agency" },
  {
    rule: "a system run by nobody",
    bytes: withRecord(systemRecord("s", [], { responsibleAgency: "nobody" })),
    field: "record.system.responsible_agency",
  },
  {
    rule: "a certificate key of another system",
    bytes: withRecord(systemRecord("s", [hash(9)])),
    field: "record.system.certificate_key_digests[0]",
  },
  {
    rule: "a certificate key given twice",
    bytes: withRecord(systemRecord("s", [hash(8), hash(8)])),
    field: "record.system.certificate_key_digests[1]",
  },
  {
    rule: "a succession by an agency that does not exist",
    bytes: (writer) => writer.write(succession(ward, "nobody"), { validFrom: "2025-07-01" }),
    field: "record.succession.successors[0].agency",
  },
  {
    rule: "a succession by the agency itself",
    bytes: (writer) => writer.write(succession(ward, ward), { validFrom: "2025-07-01" }),
    field: "record.succession.successors[0].agency",
  },
  { rule: "a succession without a day", bytes: withRecord(succession(ward, "hn")), field: "entry.valid_from" },
  {
    rule: "an audit scope over an unknown shard",
    bytes: withRecord({
      $case: "auditScope",
      value: { id: "a", auditor: "hn", shards: ["nowhere"], agencies: [], procedures: [], ground: "", status: active },
    }),
    field: "record.audit_scope.shards[0]",
  },
  {
    rule: "a reassignment to the agency itself",
    bytes: withRecord({
      $case: "reassignmentOrder",
      value: { id: "r", fromAgency: ward, toAgency: ward, areaCodes: [], procedures: [], ground: "NĐ 140/2025/NĐ-CP" },
    }),
    field: "record.reassignment_order.to_agency",
  },
];

const keys: Example[] = [
  {
    rule: "a key of nobody",
    bytes: withRecord(keyRecord("nobody", other), [possession, other]),
    field: "record.key.agency",
  },
  { rule: "a key without proof of possession", bytes: withRecord(keyRecord(ward, other)), field: "entry.endorsements" },
  {
    rule: "possession proved by another key",
    bytes: withRecord(keyRecord(ward, other), [possession, seal]),
    field: "entry.endorsements[0].signature.key_id",
  },
  {
    rule: "possession proved over another record",
    bytes: (writer) => {
      const signature = endorse(possession, other, writer.pen.recordBytes(keyRecord("hn", other)));
      return writer.write(keyRecord(ward, other), { endorsements: [signature] });
    },
    reason: "SIGNATURE_INVALID",
    field: "entry.endorsements[0].signature.signature",
  },
  {
    rule: "an endorsement in a role that means nothing",
    bytes: withRecord(agencyRecord("hn-new"), [byAgency, seal]),
    field: "entry.endorsements[0].role",
  },
  {
    rule: "the same endorsement twice",
    bytes: withRecord(keyRecord(ward, other), [possession, other], [possession, other]),
    field: "entry.endorsements[1].signature.key_id",
  },
  {
    rule: "a rotation that the old key did not sign",
    bytes: withRecord(keyRecord(ward, other, { replaces: seal.keyId }), [possession, other]),
    field: "entry.endorsements",
  },
  {
    rule: "a rotation of a revoked key",
    bytes: withRecord(
      keyRecord(ward, other, { replaces: oldSeal.keyId }),
      [possession, other],
      [byPreviousKey, oldSeal],
    ),
    field: "record.key.replaces",
  },
  {
    rule: "a rotation of another agency's key",
    bytes: withRecord(keyRecord("hn", other, { replaces: seal.keyId }), [possession, other], [byPreviousKey, seal]),
    field: "record.key.replaces",
  },
  {
    rule: "a revoked key made active again",
    bytes: withRecord(keyRecord(ward, oldSeal), [possession, oldSeal]),
    field: "record.key.status",
  },
  {
    rule: "a key taken over by another agency",
    bytes: withRecord(keyRecord("hn", seal), [possession, seal]),
    field: "record.key.agency",
  },
  {
    rule: "the revocation of an unknown key",
    bytes: withRecord(revocationRecord(ward, other)),
    field: "record.key.status",
  },
  {
    rule: "a revocation without a reason",
    bytes: withRecord(
      revocationRecord(ward, seal, { revocationReason: RevocationReason.REVOCATION_REASON_UNSPECIFIED }),
    ),
    field: "record.key.revocation_reason",
  },
  {
    rule: "a doubt from the future",
    bytes: withRecord(revocationRecord(ward, seal, { doubtedSince: at(99) })),
    field: "record.key.doubted_since",
  },
  {
    rule: "an active key with a reason of revocation",
    bytes: withRecord(keyRecord(ward, other, { revocationReason: RevocationReason.REVOCATION_REASON_LOST }), [
      possession,
      other,
    ]),
    field: "record.key.revocation_reason",
  },
  {
    rule: "an officer's key without a pseudonym",
    bytes: withRecord(keyRecord(ward, other, { purpose: KeyPurpose.KEY_PURPOSE_OFFICER }), [possession, other]),
    field: "record.key.officer_ref",
  },
  {
    rule: "a key that is not what its algorithm says",
    bytes: withRecord(
      keyRecord(ward, other, {
        publicKey: { algorithm: SignatureAlgorithm.SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256, publicKey: other.publicKey },
      }),
      [possession, other],
    ),
    field: "record.key.public_key",
  },
  {
    rule: "the registrar's key as an agency's",
    bytes: withRecord(keyRecord(ward, registrarKey), [possession, registrarKey]),
    field: "record.key.public_key",
  },
  {
    rule: "a delegation that the agency did not sign",
    bytes: withRecord(delegation("hn-system")),
    field: "entry.endorsements",
  },
  {
    rule: "a delegation signed by a revoked key",
    bytes: withRecord(delegation("hn-system"), [byAgency, oldSeal]),
    reason: "KEY_REVOKED",
    field: "entry.endorsements[0].signature.key_id",
  },
  {
    rule: "a delegation signed by somebody else",
    bytes: withRecord(delegation("hn-system"), [byAgency, other]),
    field: "entry.endorsements[0].signature.key_id",
  },
  {
    rule: "a delegation to an unknown system",
    bytes: withRecord(delegation("nothing"), [byAgency, seal]),
    field: "record.delegation.system",
  },
  {
    rule: "the revocation of the last registrar key",
    bytes: withRecord({ $case: "registrarKey", value: { publicKey: publicKeyOf(registrarKey), status: revoked } }),
    field: "record.registrar_key.status",
  },
  {
    rule: "a registrar key without proof of possession",
    bytes: withRecord({ $case: "registrarKey", value: { publicKey: publicKeyOf(other), status: active } }),
    field: "entry.endorsements",
  },
  {
    rule: "a promise key that is not Ed25519",
    bytes: (writer) => {
      const key = generateSigningKey("p256");
      const value = { replica: "exchange-1", publicKey: publicKeyOf(key), status: active };
      return withRecord({ $case: "promiseKey", value }, [possession, key])(writer);
    },
    field: "record.promise_key.public_key.algorithm",
  },
];

const procedures: Example[] = [
  {
    rule: "a procedure that supersedes an unknown one",
    bytes: withRecord(procedureRecord("p", { supersedes: ["nothing"] })),
    field: "record.procedure.supersedes[0]",
  },
  {
    rule: "a route of an unknown procedure",
    bytes: withRecord(routeRecord("r", "nothing")),
    field: "record.route.procedure[0]",
  },
  {
    rule: "a route that cannot be travelled",
    bytes: withRecord(routeRecord("r", "birth-group", { edges: [] })),
    field: "record.route",
  },
  {
    rule: "a calendar with a day twice",
    bytes: withRecord(calendarRecord("2", ["2026-01-01", "2026-01-01"])),
    field: "record.calendar.days_off[1].date",
  },
  {
    rule: "a calendar with a day that does not exist",
    bytes: withRecord(calendarRecord("2", ["2026-02-29"])),
    field: "record.calendar.days_off[0].date",
  },
  {
    rule: "a shard with another's origin",
    bytes: withRecord(shardRecord("s", { origin: "example.org/lienthong/hanoi-2026q4" })),
    field: "record.shard.origin",
  },
  {
    rule: "a shard by the name of the registry's own stream",
    bytes: withRecord(shardRecord("registry", {})),
    field: "record.shard.name",
  },
  {
    rule: "a shard without a promise delay",
    bytes: withRecord(shardRecord("s", { promiseDelay: { seconds: 0n, nanos: 5 } })),
    field: "record.shard.promise_delay",
  },
  {
    rule: "a shard whose clock changes",
    bytes: withRecord(shardRecord("hanoi-2026q4", { clock: ShardClock.SHARD_CLOCK_SIMULATED })),
    field: "record.shard.clock",
  },
];

function succession(agency: string, successor: string): AnyRecord {
  const share = SuccessionShare.SUCCESSION_SHARE_WHOLE;
  return {
    $case: "succession",
    value: { agency, successors: [{ agency: successor, share, areaCodes: [], procedures: [] }], source: "" },
  };
}

function delegation(system: string): AnyRecord {
  return { $case: "delegation", value: { agency: ward, system, status: active } };
}

describe.each([
  ["links, dates and the registrar's signatures", places],
  ["participants", participants],
  ["keys and endorsements", keys],
  ["procedures, routes, calendars and shards", procedures],
])("%s", (_, examples) => {
  test.each(examples)("$rule is refused, and the state stays as it was", ({ bytes, reason, field }) => {
    const writer = writeSmallLog();
    const entry = bytes(writer);
    const before = { head: writer.state.head, stateRoot: writer.state.stateRoot };
    let refusal: unknown;
    try {
      writer.state.apply(entry);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(RegistryEntryRefusedError);
    const { message, ...found } = refusal as RegistryEntryRefusedError;
    expect(found).toMatchObject({ reason: reason ?? "REGISTRY_ENTRY_INVALID" });
    expect(found.field.startsWith(field), `${found.field} for ${field}: ${message}`).toBe(true);
    expect(message).toContain("; allowed: ");
    expect({ head: writer.state.head, stateRoot: writer.state.stateRoot }).toEqual(before);
    writer.add(agencyRecord("hn-after"));
  });
});

test("entry 0 must be signed by a key that it names", () => {
  const genesis = new LogWriter().log[0]!;
  const empty = new RegistryState();
  expect(() => empty.apply(edited(genesis, () => ({}), [other]))).toThrow(
    expect.objectContaining({ reason: "KEY_UNKNOWN" }),
  );
  empty.apply(genesis);
  expect(empty.size).toBe(1);
});
