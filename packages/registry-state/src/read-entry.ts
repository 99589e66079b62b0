import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { RegistryRecord } from "@lienthong/contracts/registry/v1/record";
import { type StrictMessage, strictMessage } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { asEntryRefused, invalid, RegistryEntryRefusedError } from "./entry-refused.ts";
import { type AnyRecord, type RecordSubject, subjectOf } from "./record-subject.ts";

/** Most bytes of a signed entry: it is a leaf of a log (at most 65,535 bytes) and a message with headers. */
export const signedEntryBytesMax = 61_440;

/** An entry read out of its bytes and held against formats and bounds; neither signatures nor the state are looked at yet. */
export interface ReadEntry {
  /** A copy of the bytes as they came; every byte field below is a window into it. */
  readonly bytes: Uint8Array;
  /** RFC 6962 leaf hash of `bytes`. */
  readonly hash: Uint8Array;
  readonly signed: SignedRegistryEntry;
  readonly entry: RegistryEntry;
  readonly recordNetwork: Uint8Array;
  readonly record: AnyRecord;
  readonly subject: RecordSubject;
}

interface Checks {
  readonly signed: StrictMessage;
  readonly entry: StrictMessage;
  readonly record: StrictMessage;
}

let checks: Checks | undefined;

/** Reads a serialised SignedRegistryEntry strictly. Throws RegistryEntryRefusedError naming the field. */
export function readEntry(signedEntryBytes: Uint8Array): ReadEntry {
  checks ??= {
    signed: strictMessage(messageDescriptor("lienthong.registry.v1.SignedRegistryEntry")),
    entry: strictMessage(messageDescriptor("lienthong.registry.v1.RegistryEntry")),
    record: strictMessage(messageDescriptor("lienthong.registry.v1.RegistryRecord")),
  };
  if (signedEntryBytes.length > signedEntryBytesMax) {
    throw new RegistryEntryRefusedError(
      "ENTRY_TOO_LARGE",
      "signed_entry",
      `has ${signedEntryBytes.length} bytes`,
      `1 to ${signedEntryBytesMax} bytes`,
    );
  }
  // Copied, because the caller's bytes are often a window into a network buffer, which would otherwise be kept alive whole.
  const bytes = new Uint8Array(signedEntryBytes);
  try {
    checks.signed.check(bytes, "signed_entry");
    const signed = SignedRegistryEntry.decode(bytes);
    checks.entry.check(signed.payload, "entry");
    const entry = RegistryEntry.decode(signed.payload);
    checks.record.check(entry.record, "record");
    const { network, record } = RegistryRecord.decode(entry.record);
    // The strict check has seen exactly one of the records.
    if (record === undefined) throw invalid("record", "is empty", "exactly one record");
    return {
      bytes,
      hash: leafHash(bytes),
      signed,
      entry,
      recordNetwork: network,
      record,
      subject: subjectOf(record),
    };
  } catch (error) {
    throw asEntryRefused(error);
  }
}
