/** Reasons for which the table, the route or the registry say no; names of ErrorReason without prefix. */
export type RefusalCode =
  | "AGENCY_UNKNOWN"
  | "AGENCY_NOT_IN_FORCE"
  | "UNIT_UNKNOWN"
  | "PROCEDURE_UNKNOWN"
  | "ROUTE_UNKNOWN"
  | "CALENDAR_UNKNOWN"
  | "AREA_UNKNOWN"
  | "AGENCY_NOT_COMPETENT"
  | "DOSSIER_UNKNOWN"
  | "DOSSIER_EXISTS"
  | "BRANCH_UNKNOWN"
  | "BRANCH_INVALID"
  | "HANDOFF_UNKNOWN"
  | "NOT_THE_HOLDER"
  | "NOT_THE_RECEIVER"
  | "PRIOR_STALE"
  | "STATE_FORBIDS"
  | "STEP_OUT_OF_TURN"
  | "STEP_NOT_COMPLETED"
  | "FORK_INCOMPLETE"
  | "JOIN_INCOMPLETE"
  | "STATEMENT_ID_REUSED"
  | "STATEMENT_UNSUPPORTED"
  | "SHARD_CLOSED"
  | "FIELD_INVALID"
  | "FIELD_MISSING";

/** A refusal: nothing is stored, and the statement may succeed later. */
export interface Refusal {
  readonly kind: "refuse";
  readonly reason: RefusalCode;
  /** Path of the field at fault in proto names; empty where no single field is. */
  readonly field: string;
  /** A sentence: what was wrong and what is allowed. */
  readonly message: string;
  /** Number within the dossier of the event that decided against it (PRIOR_STALE, STATE_FORBIDS, DOSSIER_EXISTS, STATEMENT_ID_REUSED). */
  readonly decidedBy?: number;
  /** What the branch's head is now, where `prior` was stale. */
  readonly head?: Uint8Array;
}

/** What becomes of a statement. */
export type Decision =
  | { readonly kind: "accept" }
  /** It had its effect before: the answer is the event with this number. */
  | { readonly kind: "repeat"; readonly number: number }
  | Refusal;

/** Makes a refusal. */
export function refuse(
  reason: RefusalCode,
  field: string,
  message: string,
  more: { decidedBy?: number; head?: Uint8Array } = {},
): Refusal {
  return { kind: "refuse", reason, field, message, ...more };
}
