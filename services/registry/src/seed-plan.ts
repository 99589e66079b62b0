import type { Endorsement } from "@lienthong/contracts/registry/v1/entry";
import { EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import {
  type AgencyRecord,
  type AuditScopeRecord,
  type CalendarRecord,
  KeyPurpose,
  type ProcedureRecord,
  RecordStatus,
  RevocationReason,
  type ShardRecord,
  type SuccessionRecord,
  type SystemRecord,
  type UnitRecord,
} from "@lienthong/contracts/registry/v1/record";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { type AnyRecord, endorse, hexOf, publicKeyOf, recordBytes } from "@lienthong/registry-state";
import type { SigningKey } from "@lienthong/statement";
import { parentsFirst } from "./seed-order.ts";

interface LegalDays {
  readonly validFrom: string;
  readonly validUntil: string;
}

/** The facts a registry begins with; what `loadSeed` of deploy/seed returns fits. */
export interface RegistrySeed {
  readonly agencies: readonly (LegalDays & { readonly record: AgencyRecord })[];
  readonly units: readonly (LegalDays & { readonly record: UnitRecord })[];
  readonly procedures: readonly (LegalDays & { readonly record: ProcedureRecord })[];
  readonly routes: readonly { readonly record: RouteRecord }[];
  readonly successions: readonly { readonly record: SuccessionRecord; readonly validFrom: string }[];
  readonly calendar: CalendarRecord;
}

/** A seal that is recorded for an agency; the private key is here, so possession can be proved. */
export interface SeedAgencyKey {
  readonly agency: string;
  readonly key: SigningKey;
  /** True where the private key lies on the operator's disk, as in a demonstration. */
  readonly demonstration: boolean;
}

/** Everything that is recorded beside the genesis. */
export interface SeedContent {
  readonly seed: RegistrySeed;
  readonly systems: readonly SystemRecord[];
  readonly agencyKeys: readonly SeedAgencyKey[];
  /** Signed with the first key of the agency in `agencyKeys`. */
  readonly delegations: readonly { readonly agency: string; readonly system: string }[];
  readonly promiseKeys: readonly { readonly replica: string; readonly key: SigningKey }[];
  readonly shards: readonly ShardRecord[];
  readonly auditScopes?: readonly AuditScopeRecord[];
}

/** One entry to come. */
export interface PlannedEntry {
  readonly record: AnyRecord;
  readonly validFrom: string;
  readonly validUntil: string;
  /** Over the record for this network. */
  readonly endorsements: (network: Uint8Array) => Endorsement[];
}

/** All entries in their order: kinds as they are sorted in `state_root`, which is also an order in which references exist. */
export function planSeed(content: SeedContent): PlannedEntry[] {
  const { seed } = content;
  const agencies = parentsFirst(
    seed.agencies,
    ({ record }) => record.id,
    ({ record }) => (record.parent === "" ? [] : [record.parent]),
  );
  const procedures = parentsFirst(
    seed.procedures,
    ({ record }) => record.key,
    ({ record }) => record.supersedes,
  );
  const sealOf = new Map<string, SigningKey>();
  for (const { agency, key } of content.agencyKeys) if (!sealOf.has(agency)) sealOf.set(agency, key);
  return [
    ...agencies.map((each) => plain({ $case: "agency", value: each.record }, each)),
    ...sorted(seed.units, ({ record }) => record.id).map((each) => plain({ $case: "unit", value: each.record }, each)),
    ...sorted(content.systems, ({ id }) => id).map((value) => plain({ $case: "system", value })),
    ...sorted(content.agencyKeys, ({ key }) => hexOf(key.keyId)).map(keyEntry),
    ...sorted(content.delegations, ({ agency, system }) => `${agency}/${system}`).map((each) =>
      delegationEntry(each, sealOf),
    ),
    ...procedures.map((each) => plain({ $case: "procedure", value: each.record }, each)),
    // Versions by number: as text, version 10 would come before version 2.
    ...sorted(seed.routes, ({ record }) => `${record.id}/${String(record.version).padStart(10, "0")}`).map(
      ({ record }) => plain({ $case: "route", value: record }),
    ),
    plain({ $case: "calendar", value: seed.calendar }),
    ...sorted(seed.successions, ({ record }) => record.agency).map(({ record, validFrom }) =>
      plain({ $case: "succession", value: record }, { validFrom, validUntil: "" }),
    ),
    ...sorted(content.promiseKeys, ({ key }) => hexOf(key.keyId)).map(({ replica, key }) => {
      const status = RecordStatus.RECORD_STATUS_ACTIVE;
      return possessed({ $case: "promiseKey", value: { replica, publicKey: publicKeyOf(key), status } }, key);
    }),
    ...sorted(content.shards, ({ name }) => name).map((value) => plain({ $case: "shard", value })),
    ...sorted(content.auditScopes ?? [], ({ id }) => id).map((value) => plain({ $case: "auditScope", value })),
  ];
}

const always: LegalDays = { validFrom: "", validUntil: "" };

function plain(record: AnyRecord, { validFrom, validUntil }: LegalDays = always): PlannedEntry {
  return { record, validFrom, validUntil, endorsements: () => [] };
}

function possessed(record: AnyRecord, key: SigningKey): PlannedEntry {
  const endorsements = (network: Uint8Array) => [
    endorse(EndorsementRole.ENDORSEMENT_ROLE_POSSESSION, key, recordBytes(network, record)),
  ];
  return { ...plain(record), endorsements };
}

function keyEntry({ agency, key, demonstration }: SeedAgencyKey): PlannedEntry {
  return possessed(
    {
      $case: "key",
      value: {
        agency,
        publicKey: publicKeyOf(key),
        purpose: KeyPurpose.KEY_PURPOSE_SEAL,
        officerRef: "",
        replaces: new Uint8Array(0),
        status: RecordStatus.RECORD_STATUS_ACTIVE,
        revocationReason: RevocationReason.REVOCATION_REASON_UNSPECIFIED,
        doubtedSince: undefined,
        demonstration,
      },
    },
    key,
  );
}

function delegationEntry(
  { agency, system }: { readonly agency: string; readonly system: string },
  sealOf: ReadonlyMap<string, SigningKey>,
): PlannedEntry {
  const key = sealOf.get(agency);
  if (key === undefined) {
    throw new Error(`The agency "${agency}" has no key in the seed, so nobody can sign its delegation to "${system}".`);
  }
  const record: AnyRecord = {
    $case: "delegation",
    value: { agency, system, status: RecordStatus.RECORD_STATUS_ACTIVE },
  };
  const endorsements = (network: Uint8Array) => [
    endorse(EndorsementRole.ENDORSEMENT_ROLE_AGENCY, key, recordBytes(network, record)),
  ];
  return { ...plain(record), endorsements };
}

function sorted<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}
