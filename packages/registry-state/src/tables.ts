import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import type {
  AgencyRecord,
  AuditScopeRecord,
  CalendarRecord,
  DelegationRecord,
  KeyRecord,
  ProcedureRecord,
  PromiseKeyRecord,
  PublicKey,
  ReassignmentOrderRecord,
  RevocationReason,
  ShardRecord,
  SuccessionRecord,
  SystemRecord,
  UnitRecord,
} from "@lienthong/contracts/registry/v1/record";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import type { VerifyingKey } from "@lienthong/statement";
import { CompetenceIndex } from "./competence-index.ts";
import type { ValidRange } from "./legal-date.ts";

/** Where in the log a record stands. */
export interface EntryPlace extends ValidRange {
  readonly entryHash: Uint8Array;
  readonly number: bigint;
  /** Real UTC. */
  readonly recordedTime: Timestamp;
}

/** A record and the entry that brought it. The record of a subject is always that of its last entry. */
export interface Recorded<T> extends EntryPlace {
  readonly id: string;
  readonly record: T;
}

/** A revocation, for good. */
export interface KeyRevocation {
  /** First entry that revoked it. */
  readonly entryHash: Uint8Array;
  readonly number: bigint;
  /** When the first revocation was recorded, real UTC. */
  readonly recordedTime: Timestamp;
  /** As the last entry about the key says. */
  readonly reason: RevocationReason;
  /** Earliest moment any revocation of this key names; else when it was recorded. Real UTC. */
  readonly doubtedSince: Timestamp;
}

/** A key of an agency: `record`, hash, number and dates are those of the last entry in which it was active. */
export interface HeldKey extends Recorded<KeyRecord> {
  readonly keyIdHex: string;
  readonly verifyingKey: VerifyingKey;
  readonly revoked: KeyRevocation | null;
}

/** A promise key; the same as for agencies' keys. */
export interface HeldPromiseKey extends Recorded<PromiseKeyRecord> {
  readonly keyIdHex: string;
  readonly verifyingKey: VerifyingKey;
  readonly revoked: KeyRevocation | null;
}

/** A registrar key, from the genesis or added later. */
export interface HeldRegistrarKey {
  readonly keyIdHex: string;
  readonly publicKey: PublicKey;
  readonly verifyingKey: VerifyingKey;
  readonly revoked: KeyRevocation | null;
}

/** A route with its lookups. */
export interface HeldRoute extends Recorded<RouteRecord> {
  readonly compiled: CompiledRoute;
}

/** Everything that is folded out of the log. Only the `admit…` functions write here, and only after every check passed. */
export class Tables {
  readonly agencies = new Map<string, Recorded<AgencyRecord>>();
  readonly units = new Map<string, Recorded<UnitRecord>>();
  /** Ids of the units of an agency, in the order of their first entry. */
  readonly unitsOfAgency = new Map<string, Set<string>>();
  readonly systems = new Map<string, Recorded<SystemRecord>>();
  /** Hex digest of a certificate's key → system id. */
  readonly systemOfDigest = new Map<string, string>();
  readonly keys = new Map<string, HeldKey>();
  readonly keysOfAgency = new Map<string, string[]>();
  /** "<agency>/<system>". */
  readonly delegations = new Map<string, Recorded<DelegationRecord>>();
  readonly systemsOfAgency = new Map<string, Set<string>>();
  readonly procedures = new Map<string, Recorded<ProcedureRecord>>();
  /** Official code → keys of the procedures that bear it, in the order of recording. */
  readonly proceduresOfCode = new Map<string, string[]>();
  readonly procedureByEntry = new Map<string, Recorded<ProcedureRecord>>();
  /** Route id → its versions, by version. */
  readonly routes = new Map<string, Map<number, HeldRoute>>();
  readonly routeByEntry = new Map<string, HeldRoute>();
  /** "<calendar>/<version>". */
  readonly calendars = new Map<string, Recorded<CalendarRecord>>();
  readonly calendarByEntry = new Map<string, Recorded<CalendarRecord>>();
  readonly successions = new Map<string, Recorded<SuccessionRecord>>();
  readonly registrarKeys = new Map<string, HeldRegistrarKey>();
  readonly promiseKeys = new Map<string, HeldPromiseKey>();
  readonly shards = new Map<string, Recorded<ShardRecord>>();
  readonly auditScopes = new Map<string, Recorded<AuditScopeRecord>>();
  readonly auditScopesOfAgency = new Map<string, Set<string>>();
  readonly reassignmentOrders = new Map<string, Recorded<ReassignmentOrderRecord>>();
  readonly reassignmentOrderByEntry = new Map<string, Recorded<ReassignmentOrderRecord>>();
  readonly competences = new CompetenceIndex();
  /** Area code → agencies that administer it at any time: people's committees of wards, districts, provinces. */
  readonly areaAgencies = new Map<string, Set<string>>();
}

/** Adds to a set or list in a map, making it on first use. */
export function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
