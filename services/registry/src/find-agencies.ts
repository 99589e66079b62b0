import type { AgencyLevel, AgencyRecord } from "@lienthong/contracts/registry/v1/record";
import { isDateWithin, type Recorded, type RegistryState } from "@lienthong/registry-state";

/** What agencies are looked for. */
export interface AgencyQuestion {
  /** 0: all levels. */
  readonly level: AgencyLevel;
  /** YYYY-MM-DD; empty: whatever the day. */
  readonly onDate: string;
  /** Part of a name, diacritics and case ignored; empty: all. */
  readonly nameContains: string;
}

/** Text as people type it without a Vietnamese keyboard: "Cửa Đông" → "cua dong". */
export function withoutDiacritics(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/\s+/g, " ").trim();
}

const foldedNames = new WeakMap<AgencyRecord, readonly string[]>();

function foldedNamesOf(record: AgencyRecord): readonly string[] {
  let names = foldedNames.get(record);
  if (names === undefined) {
    names = [record.name?.vi ?? "", record.name?.en ?? ""].map(withoutDiacritics);
    foldedNames.set(record, names);
  }
  return names;
}

/** Agencies that match, by id. */
export function findAgencies(state: RegistryState, question: AgencyQuestion): Recorded<AgencyRecord>[] {
  const part = withoutDiacritics(question.nameContains);
  const found: Recorded<AgencyRecord>[] = [];
  for (const agency of state.agencies()) {
    if (question.level !== 0 && agency.record.level !== question.level) continue;
    if (question.onDate !== "" && !isDateWithin(agency, question.onDate)) continue;
    if (part !== "" && !foldedNamesOf(agency.record).some((name) => name.includes(part))) continue;
    found.push(agency);
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}
