import { busError } from "@lienthong/chassis";
import type { AuditScopeRecord } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";
import { allOf, anyOf, type Sql, sql, textArray } from "./sql.ts";

/** Who asks, and how much of others it may read. */
export interface Entitlement {
  /** Agency on whose behalf the system asks. */
  readonly agency: string;
  /** Standing scopes that are in force today. None: it reads its own. */
  readonly scopes: readonly AuditScopeRecord[];
  /** A scope without limits: everything. */
  readonly unlimited: boolean;
  /** The scope that is recorded with the look-up: the widest; empty without any. */
  readonly scope: string;
}

/** What the registry grants an agency on a legal day (YYYY-MM-DD). */
export function entitlementOf(registry: RegistryState, agency: string, date: string): Entitlement {
  const scopes = registry
    .auditScopesOf(agency, date)
    .map(({ record }) => record)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const widest = scopes.find(isUnlimited);
  return { agency, scopes, unlimited: widest !== undefined, scope: (widest ?? scopes[0])?.id ?? "" };
}

function isUnlimited({ shards, agencies, procedures }: AuditScopeRecord): boolean {
  return shards.length === 0 && agencies.length === 0 && procedures.length === 0;
}

/** The condition under which a row may be shown: the asker's own business (`own`), or a scope over its dossier, here called `d`. */
export function mayRead(who: Entitlement, own: Sql): Sql {
  return who.unlimited ? sql`true` : anyOf([own, inScope(who)]);
}

/** The condition under which a dossier, here called `d`, is within a scope. */
export function inScope(who: Entitlement): Sql {
  if (who.unlimited) return sql`true`;
  return anyOf(
    who.scopes.map(({ shards, agencies, procedures }) =>
      allOf([
        ...(shards.length === 0 ? [] : [sql`d.shard = any(${textArray(shards)})`]),
        ...(procedures.length === 0 ? [] : [sql`d.procedure = any(${textArray(procedures)})`]),
        ...(agencies.length === 0 ? [] : [sql`d.agencies && ${textArray(agencies)}`]),
      ]),
    ),
  );
}

/** An agency without a scope asks about itself. Throws NOT_ENTITLED where all that it names are others. */
export function refuseOthers(who: Entitlement, named: readonly (readonly [field: string, agency: string])[]): void {
  if (who.scopes.length > 0) return;
  const given = named.filter(([, agency]) => agency !== "");
  const first = given[0];
  if (first === undefined || given.some(([, agency]) => agency === who.agency)) return;
  throw busError("NOT_ENTITLED", { field: first[0], agency: who.agency });
}
