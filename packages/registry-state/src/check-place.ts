import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { hashesEqual } from "@lienthong/tlog";
import { invalid, RegistryEntryRefusedError } from "./entry-refused.ts";
import { hexOf } from "./hex.ts";
import { isCalendarDate } from "./legal-date.ts";
import type { ReadEntry } from "./read-entry.ts";
import { compareTimes } from "./time-order.ts";

/** The end of the log that an entry has to follow from. */
export interface LogEnd {
  readonly size: number;
  /** Null before the genesis. */
  readonly network: Uint8Array | null;
  /** Hash of the last entry; empty before the genesis. */
  readonly lastHash: Uint8Array;
  readonly lastRecordedTime: Timestamp | null;
  /** Root over the state before the entry. */
  readonly stateRoot: Uint8Array;
  /** Hash of the last entry of the same subject, if it had one. */
  readonly subjectPrevious: Uint8Array | undefined;
}

const nothing = new Uint8Array(0);

/** Holds an entry's links, dates and times against the end of the log. */
export function checkPlace(read: ReadEntry, end: LogEnd): void {
  const { entry, record, subject } = read;
  const network = end.network ?? nothing;
  if (!hashesEqual(entry.network, network) || !hashesEqual(read.recordNetwork, network)) {
    throw new RegistryEntryRefusedError(
      "NETWORK_MISMATCH",
      hashesEqual(entry.network, network) ? "record.network" : "entry.network",
      "is not this network's",
      end.network === null ? "nothing in entry 0, which makes the network" : hexOf(network),
    );
  }
  if (entry.number !== BigInt(end.size)) {
    throw headMoved("entry.number", `is ${entry.number}`, `${end.size}, the size of the registry`);
  }
  if (!hashesEqual(entry.previous, end.lastHash)) {
    throw headMoved(
      "entry.previous",
      "is not the hash of the last entry",
      end.size === 0 ? "nothing in entry 0" : hexOf(end.lastHash),
    );
  }
  if (end.size === 0 && record.$case !== "genesis") {
    throw invalid("record", `of entry 0 is a ${record.$case}`, "a genesis in entry 0");
  }
  if (entry.kind !== subject.kind) {
    throw invalid("entry.kind", `is ${entry.kind}`, `${subject.kind}, the kind of ${subject.field}`);
  }
  if (entry.id !== subject.id)
    throw invalid("entry.id", `is "${entry.id}"`, `"${subject.id}", as ${subject.field} says`);
  checkDates(read);
  // The strict check has seen it.
  const recordedTime = entry.recordedTime as Timestamp;
  if (end.lastRecordedTime !== null && compareTimes(recordedTime, end.lastRecordedTime) < 0) {
    throw invalid("entry.recorded_time", "is before that of the previous entry", "the same moment or a later one");
  }
  if (!hashesEqual(entry.subjectPrevious, end.subjectPrevious ?? nothing)) {
    throw invalid(
      "entry.subject_previous",
      "is not the hash of the subject's last entry",
      end.subjectPrevious === undefined ? "nothing in the first entry of a subject" : hexOf(end.subjectPrevious),
    );
  }
  if (!hashesEqual(entry.stateRoot, end.stateRoot)) {
    throw invalid("entry.state_root", "is not the root over the state before the entry", hexOf(end.stateRoot));
  }
}

function checkDates({ entry }: ReadEntry): void {
  for (const [field, date] of [
    ["entry.valid_from", entry.validFrom],
    ["entry.valid_until", entry.validUntil],
  ] as const) {
    if (date !== "" && !isCalendarDate(date)) throw invalid(field, `is ${date}`, "a day of the calendar, or nothing");
  }
  if (entry.validUntil !== "" && entry.validUntil < entry.validFrom) {
    throw invalid(
      "entry.valid_until",
      `is ${entry.validUntil}`,
      `${entry.validFrom} (valid_from) or later, or nothing`,
    );
  }
}

function headMoved(field: string, found: string, allowed: string): RegistryEntryRefusedError {
  return new RegistryEntryRefusedError("REGISTRY_HEAD_MOVED", field, found, allowed);
}
