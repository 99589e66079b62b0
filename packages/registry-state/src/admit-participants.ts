import {
  AgencyLevel,
  type AgencyRecord,
  type AuditScopeRecord,
  type ReassignmentOrderRecord,
  RecordStatus,
  type SuccessionRecord,
  type SystemRecord,
  type UnitRecord,
} from "@lienthong/contracts/registry/v1/record";
import { type Admission, noEndorsements, requireAgency, requireProcedures } from "./admission.ts";
import { invalid } from "./entry-refused.ts";
import { hexOf } from "./hex.ts";
import type { ValidRange } from "./legal-date.ts";
import { addTo, type EntryPlace, type Tables } from "./tables.ts";

/** True for agencies that administer an area: the links of an area chain. */
export function administersArea(record: AgencyRecord): boolean {
  return (
    record.kind === "people-committee" &&
    record.areaCode !== "" &&
    (record.level === AgencyLevel.AGENCY_LEVEL_WARD ||
      record.level === AgencyLevel.AGENCY_LEVEL_DISTRICT ||
      record.level === AgencyLevel.AGENCY_LEVEL_PROVINCE)
  );
}

export function admitAgency(tables: Tables, record: AgencyRecord, place: EntryPlace): Admission {
  const field = "record.agency";
  if (record.parent !== "") {
    if (record.parent === record.id)
      throw invalid(`${field}.parent`, "is the agency itself", "another agency, or empty");
    requireAgency(tables, `${field}.parent`, record.parent);
    for (let above = record.parent; above !== ""; above = tables.agencies.get(above)?.record.parent ?? "") {
      if (above === record.id) {
        throw invalid(
          `${field}.parent`,
          `is "${record.parent}", which lies below "${record.id}"`,
          "an agency that is not below it",
        );
      }
    }
  }
  if (administersArea(record)) refuseSharedArea(tables, record, place);
  const before = tables.agencies.get(record.id)?.record;
  return {
    demand: noEndorsements,
    fold() {
      if (before !== undefined && administersArea(before)) tables.areaAgencies.get(before.areaCode)?.delete(record.id);
      if (administersArea(record)) addTo(tables.areaAgencies, record.areaCode, record.id);
      tables.competences.replace(record.id, "", record.competences);
      tables.agencies.set(record.id, { ...place, id: record.id, record });
    },
  };
}

/** An area with two committees on one day would have two chains, and a dossier two competent agencies. */
function refuseSharedArea(tables: Tables, record: AgencyRecord, place: ValidRange): void {
  for (const id of tables.areaAgencies.get(record.areaCode) ?? []) {
    const other = tables.agencies.get(id)!;
    if (id === record.id || !overlap(place, other)) continue;
    throw invalid(
      "record.agency.area_code",
      `is ${record.areaCode}, which "${id}" administers in the same days (${other.validFrom || "always"} to ${other.validUntil || "open"})`,
      "days that do not overlap; end the other agency first",
    );
  }
}

function overlap(a: ValidRange, b: ValidRange): boolean {
  const startsBeforeEnd = (x: ValidRange, y: ValidRange) => y.validUntil === "" || x.validFrom <= y.validUntil;
  return startsBeforeEnd(a, b) && startsBeforeEnd(b, a);
}

export function admitUnit(tables: Tables, record: UnitRecord, place: EntryPlace): Admission {
  requireAgency(tables, "record.unit.agency", record.agency);
  const before = tables.units.get(record.id)?.record;
  return {
    demand: noEndorsements,
    fold() {
      if (before !== undefined) tables.unitsOfAgency.get(before.agency)?.delete(record.id);
      addTo(tables.unitsOfAgency, record.agency, record.id);
      tables.competences.replace(record.agency, record.id, record.competences);
      tables.units.set(record.id, { ...place, id: record.id, record });
    },
  };
}

export function admitSystem(tables: Tables, record: SystemRecord, place: EntryPlace): Admission {
  const field = "record.system";
  if (record.responsibleAgency !== "") {
    requireAgency(tables, `${field}.responsible_agency`, record.responsibleAgency);
  }
  const digests = record.certificateKeyDigests.map(hexOf);
  for (const [index, digest] of digests.entries()) {
    const holder = tables.systemOfDigest.get(digest);
    if (digests.indexOf(digest) !== index || (holder !== undefined && holder !== record.id)) {
      throw invalid(
        `${field}.certificate_key_digests[${index}]`,
        `is ${digest}, which ${holder === undefined || holder === record.id ? "stands there twice" : `the system "${holder}" uses`}`,
        "a certificate key that no other system uses, once",
      );
    }
  }
  const before = tables.systems.get(record.id)?.record;
  return {
    demand: noEndorsements,
    fold() {
      for (const digest of before?.certificateKeyDigests ?? []) tables.systemOfDigest.delete(hexOf(digest));
      for (const digest of digests) tables.systemOfDigest.set(digest, record.id);
      tables.systems.set(record.id, { ...place, id: record.id, record });
    },
  };
}

export function admitSuccession(tables: Tables, record: SuccessionRecord, place: EntryPlace): Admission {
  const field = "record.succession";
  requireAgency(tables, `${field}.agency`, record.agency);
  if (place.validFrom === "") {
    throw invalid("entry.valid_from", "is empty", "the day from which the succession has effect");
  }
  for (const [index, { agency, procedures }] of record.successors.entries()) {
    const at = `${field}.successors[${index}]`;
    requireAgency(tables, `${at}.agency`, agency);
    if (agency === record.agency) throw invalid(`${at}.agency`, "is the agency that ends", "another agency");
    requireProcedures(tables, `${at}.procedures`, procedures);
  }
  return {
    demand: noEndorsements,
    fold: () => void tables.successions.set(record.agency, { ...place, id: record.agency, record }),
  };
}

export function admitAuditScope(tables: Tables, record: AuditScopeRecord, place: EntryPlace): Admission {
  const field = "record.audit_scope";
  requireAgency(tables, `${field}.auditor`, record.auditor);
  for (const [index, agency] of record.agencies.entries()) requireAgency(tables, `${field}.agencies[${index}]`, agency);
  for (const [index, shard] of record.shards.entries()) {
    if (!tables.shards.has(shard)) {
      throw invalid(
        `${field}.shards[${index}]`,
        `names the shard "${shard}", which the registry does not have`,
        "a shard recorded before",
      );
    }
  }
  requireProcedures(tables, `${field}.procedures`, record.procedures);
  const before = tables.auditScopes.get(record.id)?.record;
  return {
    demand: noEndorsements,
    fold() {
      if (before !== undefined) tables.auditScopesOfAgency.get(before.auditor)?.delete(record.id);
      if (record.status === RecordStatus.RECORD_STATUS_ACTIVE) {
        addTo(tables.auditScopesOfAgency, record.auditor, record.id);
      }
      tables.auditScopes.set(record.id, { ...place, id: record.id, record });
    },
  };
}

export function admitReassignmentOrder(tables: Tables, record: ReassignmentOrderRecord, place: EntryPlace): Admission {
  const field = "record.reassignment_order";
  requireAgency(tables, `${field}.from_agency`, record.fromAgency);
  requireAgency(tables, `${field}.to_agency`, record.toAgency);
  if (record.fromAgency === record.toAgency) {
    throw invalid(`${field}.to_agency`, "is the agency that gives custody up", "another agency");
  }
  requireProcedures(tables, `${field}.procedures`, record.procedures);
  return {
    demand: noEndorsements,
    fold() {
      const recorded = { ...place, id: record.id, record };
      tables.reassignmentOrders.set(record.id, recorded);
      tables.reassignmentOrderByEntry.set(hexOf(place.entryHash), recorded);
    },
  };
}
