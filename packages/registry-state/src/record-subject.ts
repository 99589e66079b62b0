import { RegistryKind as Kind, type RegistryKind, type RegistryRecord } from "@lienthong/contracts/registry/v1/record";
import { keyIdOf } from "@lienthong/statement";
import { hexOf } from "./hex.ts";

/** One of the records, with its name. */
export type AnyRecord = NonNullable<RegistryRecord["record"]>;

/** What a record is about: the kind and id that its entry must state. `field` is the record's path in proto names. */
export interface RecordSubject {
  readonly kind: RegistryKind;
  readonly id: string;
  readonly field: string;
}

/** Kind and id of a record, by the rules in record.proto's RegistryKind. */
export function subjectOf(record: AnyRecord): RecordSubject {
  switch (record.$case) {
    case "genesis":
      return { kind: Kind.REGISTRY_KIND_GENESIS, id: "genesis", field: "record.genesis" };
    case "agency":
      return { kind: Kind.REGISTRY_KIND_AGENCY, id: record.value.id, field: "record.agency" };
    case "unit":
      return { kind: Kind.REGISTRY_KIND_UNIT, id: record.value.id, field: "record.unit" };
    case "system":
      return { kind: Kind.REGISTRY_KIND_SYSTEM, id: record.value.id, field: "record.system" };
    case "key":
      return { kind: Kind.REGISTRY_KIND_KEY, id: keyIdHexOf(record.value.publicKey?.publicKey), field: "record.key" };
    case "delegation":
      return {
        kind: Kind.REGISTRY_KIND_DELEGATION,
        id: `${record.value.agency}/${record.value.system}`,
        field: "record.delegation",
      };
    case "procedure":
      return { kind: Kind.REGISTRY_KIND_PROCEDURE, id: record.value.key, field: "record.procedure" };
    case "route":
      return {
        kind: Kind.REGISTRY_KIND_ROUTE,
        id: `${record.value.id}/${record.value.version}`,
        field: "record.route",
      };
    case "calendar":
      return {
        kind: Kind.REGISTRY_KIND_CALENDAR,
        id: `${record.value.id}/${record.value.version}`,
        field: "record.calendar",
      };
    case "succession":
      return { kind: Kind.REGISTRY_KIND_SUCCESSION, id: record.value.agency, field: "record.succession" };
    case "registrarKey":
      return {
        kind: Kind.REGISTRY_KIND_REGISTRAR_KEY,
        id: keyIdHexOf(record.value.publicKey?.publicKey),
        field: "record.registrar_key",
      };
    case "promiseKey":
      return {
        kind: Kind.REGISTRY_KIND_PROMISE_KEY,
        id: keyIdHexOf(record.value.publicKey?.publicKey),
        field: "record.promise_key",
      };
    case "shard":
      return { kind: Kind.REGISTRY_KIND_SHARD, id: record.value.name, field: "record.shard" };
    case "auditScope":
      return { kind: Kind.REGISTRY_KIND_AUDIT_SCOPE, id: record.value.id, field: "record.audit_scope" };
    case "reassignmentOrder":
      return {
        kind: Kind.REGISTRY_KIND_REASSIGNMENT_ORDER,
        id: record.value.id,
        field: "record.reassignment_order",
      };
  }
}

function keyIdHexOf(publicKey: Uint8Array | undefined): string {
  return hexOf(keyIdOf(publicKey ?? new Uint8Array(0)));
}
