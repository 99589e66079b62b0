export { RegistryEntryRefusedError, type RegistryRefusalReason } from "./entry-refused.ts";
export { hexOf } from "./hex.ts";
export { isCalendarDate, isDateWithin, legalDayAt, type ValidRange } from "./legal-date.ts";
export { type ReadEntry, readEntry, signedEntryBytesMax } from "./read-entry.ts";
export { type AnyRecord, type RecordSubject, subjectOf } from "./record-subject.ts";
export { type EntryDetails, endorse, publicKeyOf, RegistrarPen, recordBytes } from "./registrar-pen.ts";
export { type AppliedEntry, type Head, RegistryState } from "./registry-state.ts";
export type { Resolution, RoleCandidate, RoleQuestion } from "./resolve-role.ts";
export { StateTree, stateLeafHash } from "./state-tree.ts";
export type {
  EntryPlace,
  HeldKey,
  HeldPromiseKey,
  HeldRegistrarKey,
  HeldRoute,
  KeyRevocation,
  Recorded,
} from "./tables.ts";
export { compareTimes } from "./time-order.ts";
