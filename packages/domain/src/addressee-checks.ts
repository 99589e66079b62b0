import type { Addressee } from "@lienthong/contracts/exchange/v1/statement";
import { type Refusal, refuse } from "./decision.ts";
import type { Rulebook } from "./rulebook.ts";

/** Why this agency and unit can neither speak nor be spoken to today; null if they can. `field` is the path of both. */
export function addresseeRefusal(
  { agency, unit }: Pick<Addressee, "agency" | "unit">,
  field: string,
  rules: Rulebook,
): Refusal | null {
  const status = rules.agencyStatus(agency);
  if (status === "unknown")
    return refuse("AGENCY_UNKNOWN", `${field}.agency`, `The registry has no agency '${agency}'.`);
  if (status === "not in force") {
    return refuse("AGENCY_NOT_IN_FORCE", `${field}.agency`, `${agency} is not in force on the shard's date.`);
  }
  return unitRefusal(unit, agency, `${field}.unit`, rules);
}

/** Why this is not a unit of the agency in force today; null if it is, or if none is named (the agency as such). */
export function unitRefusal(unit: string, agency: string, field: string, rules: Rulebook): Refusal | null {
  const status = unit === "" ? "in force" : rules.unitStatus(unit, agency);
  if (status === "in force") return null;
  if (status === "unknown") {
    return refuse("UNIT_UNKNOWN", field, `The registry has no unit '${unit}' of ${agency}.`);
  }
  return refuse("AGENCY_NOT_IN_FORCE", field, `${unit} is not in force on the shard's date.`);
}
