import type { VerifyingKey } from "@lienthong/statement";
import { invalid } from "./entry-refused.ts";
import { isCalendarDate } from "./legal-date.ts";
import type { HeldKey, Tables } from "./tables.ts";

/** Who else must or may have signed a record. */
export interface EndorsementDemand {
  /** The key the record introduces, where there is one. */
  readonly own?: VerifyingKey;
  readonly isPossessionNeeded?: boolean;
  /** The key the record replaces: must sign too. */
  readonly previous?: HeldKey;
  /** The agency the record speaks for. */
  readonly agency?: string;
  readonly isAgencyNeeded?: boolean;
}

/** A record that passed its rules. Nothing has been written; `fold` writes and cannot fail. */
export interface Admission {
  readonly demand: EndorsementDemand;
  readonly fold: () => void;
}

export const noEndorsements: EndorsementDemand = {};

/** Refuses a reference to an agency that is not there. */
export function requireAgency(tables: Tables, field: string, agency: string): void {
  if (!tables.agencies.has(agency)) {
    throw invalid(field, `names the agency "${agency}", which the registry does not have`, "an agency recorded before");
  }
}

/** Refuses references to procedures that are not there. */
export function requireProcedures(tables: Tables, field: string, procedures: readonly string[]): void {
  for (const [index, procedure] of procedures.entries()) {
    if (!tables.procedures.has(procedure)) {
      throw invalid(
        `${field}[${index}]`,
        `names the procedure "${procedure}", which the registry does not have`,
        "the key of a procedure recorded before",
      );
    }
  }
}

/** Refuses dates that no calendar has. */
export function requireCalendarDate(field: string, date: string): void {
  if (!isCalendarDate(date)) throw invalid(field, `is ${JSON.stringify(date)}`, "a day of the calendar, YYYY-MM-DD");
}
