import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { RevocationReason, SuccessionShare } from "@lienthong/contracts/registry/v1/record";
import { payloadTypes, preAuthenticationEncoding } from "@lienthong/statement";
import { type AnyRecord, hexOf, publicKeyOf, RegistryState } from "../../src/index.ts";
import {
  active,
  agencyRecord,
  at,
  byAgency,
  byPreviousKey,
  calendarRecord,
  competence,
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
} from "../registry-fixture.ts";

/** One entry; bytes and hashes in hexadecimal, numbers as text in decimal. */
export interface KindVector {
  /** Name of the record, as in record.proto, and what it does here. */
  readonly record: string;
  readonly does: string;
  readonly number: string;
  /** Number of the kind and id of the subject: what is hashed in `state_root`. */
  readonly kind: string;
  readonly id: string;
  /** The serialised RegistryRecord: what endorsements sign. */
  readonly recordBytes: string;
  /** Pre-authentication encoding of the record, signed by each endorsement. */
  readonly recordPreAuthenticationEncoding: string;
  readonly endorsements: readonly { readonly role: string; readonly keyId: string; readonly signature: string }[];
  /** The serialised RegistryEntry, and its pre-authentication encoding, which the registrar signs. */
  readonly entryBytes: string;
  readonly entryPreAuthenticationEncoding: string;
  /** The serialised SignedRegistryEntry and its RFC 6962 leaf hash. */
  readonly signedEntry: string;
  readonly entryHash: string;
  readonly subjectPrevious: string;
  /** Leaf of `state_root` that the entry leaves behind: kind, length of id, id, entry hash; before hashing. */
  readonly stateLeafData: string;
  readonly stateRootBefore: string;
  readonly stateRootAfter: string;
  readonly head: { readonly size: string; readonly root: string };
}

/** The vectors: every kind of record, and every way in which keys and delegations live and end. */
export interface AllKindsVectors {
  readonly description: string;
  readonly network: string;
  readonly keys: Readonly<
    Record<string, { readonly seed: string; readonly publicKey: string; readonly keyId: string }>
  >;
  readonly entries: readonly KindVector[];
}

const keyNames = ["registrar", "registrar 2", "ward seal", "ward seal 2", "ward seal 3", "exchange-1"] as const;

/** The log, and what each entry does. */
export function writeAllKinds(): { readonly writer: LogWriter; readonly does: readonly string[] } {
  const writer = new LogWriter();
  const does = ["begins the network"];
  const add = (what: string, ...by: Parameters<LogWriter["add"]>): void => {
    writer.add(...by);
    does.push(what);
  };
  const endorsed = (
    what: string,
    record: AnyRecord,
    ...by: Parameters<LogWriter["endorsed"]> extends [AnyRecord, ...infer Rest] ? Rest : never
  ) => add(what, record, writer.endorsed(record, ...by));
  const [ward, second, third] = [fixedKey("ward seal"), fixedKey("ward seal 2"), fixedKey("ward seal 3")];
  const registrar2 = fixedKey("registrar 2");
  const exchange = fixedKey("exchange-1");

  add("an agency at the top", agencyRecord("hn", { level: 4, areaCode: "01" }));
  add(
    "an agency with dates and a competence",
    agencyRecord("hn-wold-00004", { parent: "hn", areaCode: "00004", competences: [competence("WARD_PC", ["00004"])] }),
    { validUntil: "2025-06-30" },
  );
  add("the agency that follows it", agencyRecord("hn-w-00004", { parent: "hn", areaCode: "00004" }), {
    validFrom: "2025-07-01",
  });
  add("a unit", unitRecord("ba-dinh-desk", "hn-w-00004", { competences: [competence("WARD_ONE_STOP", ["00004"])] }));
  add("a system", systemRecord("ba-dinh", [new Uint8Array(32).fill(9)], { responsibleAgency: "hn-w-00004" }));
  endorsed("a first seal", keyRecord("hn-w-00004", ward, { demonstration: false }), [possession, ward]);
  endorsed(
    "a delegation",
    { $case: "delegation", value: { agency: "hn-w-00004", system: "ba-dinh", status: active } },
    [byAgency, ward],
  );
  add("a procedure", procedureRecord("birth-group", { code: "3.000722" }));
  add("a route", routeRecord("birth-group", "birth-group"));
  add("a calendar", calendarRecord("2026-11-22", ["2026-11-24"]), { validFrom: "2026-01-01" });
  const share = SuccessionShare.SUCCESSION_SHARE_WHOLE;
  add(
    "a succession",
    {
      $case: "succession",
      value: {
        agency: "hn-wold-00004",
        successors: [{ agency: "hn-w-00004", share, areaCodes: ["00004"], procedures: [] }],
        source: "NQ 1656/NQ-UBTVQH15",
      },
    },
    { validFrom: "2025-07-01" },
  );
  endorsed(
    "a second registrar key",
    { $case: "registrarKey", value: { publicKey: publicKeyOf(registrar2), status: active } },
    [possession, registrar2],
  );
  endorsed(
    "a replica's promise key",
    { $case: "promiseKey", value: { replica: "exchange-1", publicKey: publicKeyOf(exchange), status: active } },
    [possession, exchange],
  );
  add("a shard", shardRecord("hanoi-2026q4"));
  add("an audit scope", {
    $case: "auditScope",
    value: {
      id: "hn-inspection",
      auditor: "hn",
      shards: ["hanoi-2026q4"],
      agencies: ["hn-w-00004"],
      procedures: ["birth-group"],
      ground: "Luật Thanh tra 2025",
      status: active,
    },
  });
  add("an order of reassignment", {
    $case: "reassignmentOrder",
    value: {
      id: "nd140-00004",
      fromAgency: "hn-wold-00004",
      toAgency: "hn-w-00004",
      areaCodes: ["00004"],
      procedures: [],
      ground: "NĐ 140/2025/NĐ-CP Điều 32 khoản 2",
    },
  });
  endorsed(
    "a rotation, signed by the old seal",
    keyRecord("hn-w-00004", second, { demonstration: false, replaces: ward.keyId }),
    [possession, second],
    [byPreviousKey, ward],
  );
  add(
    "the replaced seal is revoked",
    revocationRecord("hn-w-00004", ward, {
      demonstration: false,
      revocationReason: RevocationReason.REVOCATION_REASON_SUPERSEDED,
    }),
  );
  add(
    "a lost seal is revoked, with a doubt in the past",
    revocationRecord("hn-w-00004", second, {
      demonstration: false,
      replaces: ward.keyId,
      revocationReason: RevocationReason.REVOCATION_REASON_LOST,
      doubtedSince: at(3),
    }),
  );
  endorsed("a seal in its place, signed by no earlier one", keyRecord("hn-w-00004", third, { demonstration: false }), [
    possession,
    third,
  ]);
  add("a delegation ends on the registrar's word", {
    $case: "delegation",
    value: { agency: "hn-w-00004", system: "ba-dinh", status: revoked },
  });
  add("a promise key is revoked", {
    $case: "promiseKey",
    value: { replica: "exchange-1", publicKey: publicKeyOf(exchange), status: revoked },
  });
  add("the second registrar key is revoked", {
    $case: "registrarKey",
    value: { publicKey: publicKeyOf(registrar2), status: revoked },
  });
  return { writer, does };
}

/** Computes the vectors from nothing. */
export function computeAllKindsVectors(): AllKindsVectors {
  const { writer, does } = writeAllKinds();
  const state = new RegistryState();
  const entries = writer.log.map((bytes, index): KindVector => {
    const { payload } = SignedRegistryEntry.decode(bytes);
    const entry = RegistryEntry.decode(payload);
    const { hash, record } = state.apply(bytes);
    return {
      record: record.$case.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      does: does[index] ?? "",
      number: String(entry.number),
      kind: String(entry.kind),
      id: entry.id,
      recordBytes: hexOf(entry.record),
      recordPreAuthenticationEncoding: hexOf(preAuthenticationEncoding(payloadTypes.registryRecord, entry.record)),
      endorsements: entry.endorsements.map(({ role, signature }) => ({
        role: String(role),
        keyId: hexOf(signature!.keyId),
        signature: hexOf(signature!.signature),
      })),
      entryBytes: hexOf(payload),
      entryPreAuthenticationEncoding: hexOf(preAuthenticationEncoding(payloadTypes.registryEntry, payload)),
      signedEntry: hexOf(bytes),
      entryHash: hexOf(hash),
      subjectPrevious: hexOf(entry.subjectPrevious),
      stateLeafData: hexOf(stateLeafData(entry.kind, entry.id, hash)),
      stateRootBefore: hexOf(entry.stateRoot),
      stateRootAfter: hexOf(state.stateRoot),
      head: { size: String(state.head.size), root: hexOf(state.head.root) },
    };
  });
  const keys = Object.fromEntries(
    keyNames.map((name) => {
      const key = name === "registrar" ? registrarKey : fixedKey(name);
      const seed = key.key.export({ format: "der", type: "pkcs8" }).subarray(-32);
      return [name, { seed: hexOf(seed), publicKey: hexOf(key.publicKey), keyId: hexOf(key.keyId) }];
    }),
  );
  return {
    description:
      "Every kind of registry record, and keys and delegations from their first entry to their last. Ed25519 throughout, so every byte is fixed. state_root is the RFC 6962 root over the leaf data of the last entry of each subject, sorted by kind, then id.",
    network: hexOf(state.network),
    keys,
    entries,
  };
}

/** Kind as 4 bytes big-endian, length of the id as 2 bytes, id, hash (entry.proto). */
function stateLeafData(kind: number, id: string, hash: Uint8Array): Uint8Array {
  const head = Buffer.alloc(6);
  head.writeUInt32BE(kind, 0);
  head.writeUInt16BE(Buffer.byteLength(id), 4);
  return Buffer.concat([head, Buffer.from(id), hash]);
}
