import type {
  AgencyRecord,
  AuditScopeRecord,
  CalendarRecord,
  DelegationRecord,
  ProcedureRecord,
  ReassignmentOrderRecord,
  ShardRecord,
  SuccessionRecord,
  SystemRecord,
  UnitRecord,
} from "@lienthong/contracts/registry/v1/record";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { isDateWithin } from "./legal-date.ts";
import type { AnyRecord } from "./record-subject.ts";
import { areaChain, type Resolution, type RoleQuestion, RoleResolver } from "./resolve-role.ts";
import {
  type HeldKey,
  type HeldPromiseKey,
  type HeldRegistrarKey,
  type HeldRoute,
  type Recorded,
  Tables,
} from "./tables.ts";

/**
 * What the registry answers. Every lookup is one or two map accesses; hashes and key ids are lower-case hexadecimal.
 * A record is that of the subject's last entry; dates say on which legal days it is in force, and whoever asks compares.
 */
export class RegistryLookups {
  readonly #tables: Tables;
  readonly #resolver: RoleResolver;

  protected static newTables(): Tables {
    return new Tables();
  }

  protected constructor(tables: Tables) {
    this.#tables = tables;
    this.#resolver = new RoleResolver(tables);
  }

  /** Answers about roles are kept until agencies, units or successions change. */
  protected forgetResolutions(record: AnyRecord): void {
    if (record.$case === "agency" || record.$case === "unit") this.#resolver.forget();
  }

  agency(id: string): Recorded<AgencyRecord> | undefined {
    return this.#tables.agencies.get(id);
  }

  /** All agencies, in the order of their first entry. */
  agencies(): IterableIterator<Recorded<AgencyRecord>> {
    return this.#tables.agencies.values();
  }

  unit(id: string): Recorded<UnitRecord> | undefined {
    return this.#tables.units.get(id);
  }

  /** Units of an agency, in the order of their first entry. */
  unitsOf(agency: string): Recorded<UnitRecord>[] {
    return [...(this.#tables.unitsOfAgency.get(agency) ?? [])].map((id) => this.#tables.units.get(id)!);
  }

  system(id: string): Recorded<SystemRecord> | undefined {
    return this.#tables.systems.get(id);
  }

  /** The system that a client certificate's key belongs to, revoked ones included: look at `record.status`. */
  systemByCertificateKeyDigest(digestHex: string): Recorded<SystemRecord> | undefined {
    const id = this.#tables.systemOfDigest.get(digestHex);
    return id === undefined ? undefined : this.#tables.systems.get(id);
  }

  /** A key of an agency, revoked ones included. */
  key(keyIdHex: string): HeldKey | undefined {
    return this.#tables.keys.get(keyIdHex);
  }

  /** Keys of an agency, revoked ones included, in the order of their first entry. */
  keysOfAgency(agency: string): HeldKey[] {
    return (this.#tables.keysOfAgency.get(agency) ?? []).map((id) => this.#tables.keys.get(id)!);
  }

  /**
   * Whether a system may carry an agency's statements: the delegation stands and the system is active. With a date
   * (YYYY-MM-DD) also whether the delegation is in force on it.
   */
  isDelegated(agency: string, system: string, date?: string): boolean {
    const delegation = this.#tables.delegations.get(`${agency}/${system}`);
    return (
      delegation !== undefined &&
      delegation.record.status === RecordStatus.RECORD_STATUS_ACTIVE &&
      this.#tables.systems.get(system)?.record.status === RecordStatus.RECORD_STATUS_ACTIVE &&
      (date === undefined || isDateWithin(delegation, date))
    );
  }

  /** The last entry about a delegation, ended ones included: look at `record.status`. */
  delegation(agency: string, system: string): Recorded<DelegationRecord> | undefined {
    return this.#tables.delegations.get(`${agency}/${system}`);
  }

  /** Delegations of an agency, ended ones included, in the order of their first entry. */
  delegationsOf(agency: string): Recorded<DelegationRecord>[] {
    return [...this.#tables.delegations.values()].filter(({ record }) => record.agency === agency);
  }

  /** Systems with a standing delegation of an agency. */
  systemsOf(agency: string): string[] {
    return [...(this.#tables.systemsOfAgency.get(agency) ?? [])];
  }

  /**
   * A procedure by key or, failing that, by official code. Where several bear one code, the one recorded last.
   */
  procedure(keyOrCode: string): Recorded<ProcedureRecord> | undefined {
    const byKey = this.#tables.procedures.get(keyOrCode);
    if (byKey !== undefined) return byKey;
    const key = this.#tables.proceduresOfCode.get(keyOrCode)?.at(-1);
    return key === undefined ? undefined : this.#tables.procedures.get(key);
  }

  /** All procedures, in the order of their first entry. */
  procedures(): IterableIterator<Recorded<ProcedureRecord>> {
    return this.#tables.procedures.values();
  }

  /** By the hash of its entry, any entry there ever was: dossiers pin it. */
  procedureByEntry(entryHashHex: string): Recorded<ProcedureRecord> | undefined {
    return this.#tables.procedureByEntry.get(entryHashHex);
  }

  /** By the hash of its entry, any entry there ever was. */
  routeByEntry(entryHashHex: string): HeldRoute | undefined {
    return this.#tables.routeByEntry.get(entryHashHex);
  }

  /** Newest version of each route of a procedure (key), by route id. */
  routesOf(procedure: string): HeldRoute[] {
    const newest: HeldRoute[] = [];
    for (const versions of this.#tables.routes.values()) {
      const last = versions.get(Math.max(...versions.keys()))!;
      if (last.record.procedure === procedure) newest.push(last);
    }
    return newest.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** By the hash of its entry, any entry there ever was. */
  calendarByEntry(entryHashHex: string): Recorded<CalendarRecord> | undefined {
    return this.#tables.calendarByEntry.get(entryHashHex);
  }

  /** The calendar in force on a legal day; of several, the one recorded last. */
  calendarInForce(date: string): Recorded<CalendarRecord> | undefined {
    let found: Recorded<CalendarRecord> | undefined;
    for (const calendar of this.#tables.calendars.values()) {
      if (isDateWithin(calendar, date) && (found === undefined || calendar.number > found.number)) found = calendar;
    }
    return found;
  }

  shard(name: string): Recorded<ShardRecord> | undefined {
    return this.#tables.shards.get(name);
  }

  shards(): IterableIterator<Recorded<ShardRecord>> {
    return this.#tables.shards.values();
  }

  /** A key that signs promises, revoked ones included. */
  promiseKey(keyIdHex: string): HeldPromiseKey | undefined {
    return this.#tables.promiseKeys.get(keyIdHex);
  }

  /** A key of the registrar, revoked ones included. */
  registrarKey(keyIdHex: string): HeldRegistrarKey | undefined {
    return this.#tables.registrarKeys.get(keyIdHex);
  }

  /** Scopes of an auditing agency that stand and are in force on a legal day (YYYY-MM-DD): for who looks, the real one. */
  auditScopesOf(agency: string, day: string): Recorded<AuditScopeRecord>[] {
    return [...(this.#tables.auditScopesOfAgency.get(agency) ?? [])]
      .map((id) => this.#tables.auditScopes.get(id)!)
      .filter((scope) => scope.record.status === RecordStatus.RECORD_STATUS_ACTIVE && isDateWithin(scope, day));
  }

  /** Who follows an agency; undefined while nobody does. */
  succession(agency: string): Recorded<SuccessionRecord> | undefined {
    return this.#tables.successions.get(agency);
  }

  reassignmentOrder(id: string): Recorded<ReassignmentOrderRecord> | undefined {
    return this.#tables.reassignmentOrders.get(id);
  }

  /** By the hash of its entry: what a reassignment cites. */
  reassignmentOrderByEntry(entryHashHex: string): Recorded<ReassignmentOrderRecord> | undefined {
    return this.#tables.reassignmentOrderByEntry.get(entryHashHex);
  }

  /**
   * Whether an agency, or a unit, exists and is in force on a legal day YYYY-MM-DD. A unit is in force only with its agency.
   * An id that is an agency's is taken for the agency.
   */
  isInForce(agencyOrUnit: string, date: string): boolean {
    const agency = this.#tables.agencies.get(agencyOrUnit);
    if (agency !== undefined) return isDateWithin(agency, date);
    const unit = this.#tables.units.get(agencyOrUnit);
    if (unit === undefined || !isDateWithin(unit, date)) return false;
    const operator = this.#tables.agencies.get(unit.record.agency);
    return operator !== undefined && isDateWithin(operator, date);
  }

  /**
   * Area codes from an area outwards on a legal day, e.g. ["00004", "001", "01"]; empty if no administrative unit has the code
   * on that day.
   */
  areaChain(areaCode: string, date: string): readonly string[] {
    return areaChain(this.#tables, areaCode, date);
  }

  /** Who plays a role, and why; or what is missing. Only the nearest area that has anybody competent counts. */
  resolveRole(question: RoleQuestion): Resolution {
    return this.#resolver.resolve(question);
  }

  /**
   * Whether an agency (unit may be empty) plays a role: whether `resolveRole` answers it, or a unit of it. An agency is competent through
   * any of its units; a unit that is in force is competent through its agency. An office of an area farther out is not
   * competent while a nearer one is. Kept per (role, area, procedure, date).
   */
  isCompetent(question: RoleQuestion & { readonly agency: string; readonly unit: string }): boolean {
    return this.#resolver.isCompetent(question);
  }
}
