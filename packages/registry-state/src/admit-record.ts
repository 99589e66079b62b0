import type { Admission } from "./admission.ts";
import { admitDelegation, admitGenesis, admitKey, admitPromiseKey, admitRegistrarKey } from "./admit-keys.ts";
import {
  admitAgency,
  admitAuditScope,
  admitReassignmentOrder,
  admitSuccession,
  admitSystem,
  admitUnit,
} from "./admit-participants.ts";
import { admitCalendar, admitProcedure, admitRoute, admitShard } from "./admit-procedures.ts";
import type { KeyImports } from "./key-imports.ts";
import type { AnyRecord } from "./record-subject.ts";
import type { EntryPlace, Tables } from "./tables.ts";

/** Holds a record against the rules of its kind and the state before it. Refuses, or says how to fold it; writes nothing. */
export function admitRecord(tables: Tables, record: AnyRecord, place: EntryPlace, imports: KeyImports): Admission {
  switch (record.$case) {
    case "genesis":
      return admitGenesis(tables, record.value, place, imports);
    case "agency":
      return admitAgency(tables, record.value, place);
    case "unit":
      return admitUnit(tables, record.value, place);
    case "system":
      return admitSystem(tables, record.value, place);
    case "key":
      return admitKey(tables, record.value, place, imports);
    case "delegation":
      return admitDelegation(tables, record.value, place);
    case "procedure":
      return admitProcedure(tables, record.value, place);
    case "route":
      return admitRoute(tables, record.value, place);
    case "calendar":
      return admitCalendar(tables, record.value, place);
    case "succession":
      return admitSuccession(tables, record.value, place);
    case "registrarKey":
      return admitRegistrarKey(tables, record.value, place, imports);
    case "promiseKey":
      return admitPromiseKey(tables, record.value, place, imports);
    case "shard":
      return admitShard(tables, record.value, place);
    case "auditScope":
      return admitAuditScope(tables, record.value, place);
    case "reassignmentOrder":
      return admitReassignmentOrder(tables, record.value, place);
  }
}
