import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { AudienceRole } from "@lienthong/domain";

/** An event in the index of an agency. */
export interface IndexEntry {
  /** Sequence in the stream: leaf index + 1. */
  readonly sequence: number;
  readonly role: DeliveryRole;
  /** Dossier, as 32 bits. Two dossiers that share them are merely kept in one order. */
  readonly lane: number;
}

/** 6 bytes of sequence, 1 of role, 4 of lane. */
const entryBytes = 11;

/** Entries of one agency as bytes, in order. */
export function packEntries(entries: readonly IndexEntry[]): Uint8Array {
  const packed = Buffer.allocUnsafe(entries.length * entryBytes);
  let at = 0;
  for (const { sequence, role, lane } of entries) {
    packed.writeUIntBE(sequence, at, 6);
    packed[at + 6] = role;
    packed.writeUInt32BE(lane, at + 7);
    at += entryBytes;
  }
  return packed;
}

/** The inverse of `packEntries`. */
export function unpackEntries(bytes: Uint8Array): IndexEntry[] {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: IndexEntry[] = [];
  for (let at = 0; at + entryBytes <= packed.length; at += entryBytes) {
    entries.push({
      sequence: packed.readUIntBE(at, 6),
      role: packed[at + 6] as DeliveryRole,
      lane: packed.readUInt32BE(at + 7),
    });
  }
  return entries;
}

/** Index of the first entry after a sequence; the entries ascend. */
export function indexAfter(entries: readonly IndexEntry[], sequence: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as IndexEntry).sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The contract's number for a role. */
export function roleNumber(role: AudienceRole): DeliveryRole {
  switch (role) {
    case "receiver":
      return DeliveryRole.DELIVERY_ROLE_RECEIVER;
    case "sender":
      return DeliveryRole.DELIVERY_ROLE_SENDER;
    case "copy":
      return DeliveryRole.DELIVERY_ROLE_COPY;
  }
}

/** FNV-1a over the code of a dossier. */
export function laneOf(dossier: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < dossier.length; at++) hash = Math.imul(hash ^ dossier.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
