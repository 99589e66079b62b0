import type {
  AgencyRecord,
  CalendarRecord,
  ProcedureRecord,
  SuccessionRecord,
  UnitRecord,
} from "@lienthong/contracts/registry/v1/record";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";

/** Legal days of an entry: YYYY-MM-DD in Asia/Ho_Chi_Minh, both inclusive; empty where not known or open. */
export interface LegalDays {
  readonly validFrom: string;
  readonly validUntil: string;
}

export interface SeedAgency extends LegalDays {
  readonly record: AgencyRecord;
}

export interface SeedUnit extends LegalDays {
  readonly record: UnitRecord;
}

export interface SeedProcedure extends LegalDays {
  readonly record: ProcedureRecord;
}

export interface SeedSuccession {
  readonly record: SuccessionRecord;
  /** First day on which the successors answer. */
  readonly validFrom: string;
}

export interface SeedRoute {
  readonly record: RouteRecord;
}

/** What a registry of Hanoi begins with. */
export interface Seed {
  readonly agencies: readonly SeedAgency[];
  readonly units: readonly SeedUnit[];
  readonly successions: readonly SeedSuccession[];
  readonly procedures: readonly SeedProcedure[];
  readonly routes: readonly SeedRoute[];
  readonly calendar: CalendarRecord;
}

/** Thrown when seed data cannot be used. Each problem names file, place, what was found and what is allowed. */
export class SeedDataError extends Error {
  override readonly name = "SeedDataError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the seed data cannot be used:\n${problems.join("\n")}`);
    this.problems = problems;
  }
}
