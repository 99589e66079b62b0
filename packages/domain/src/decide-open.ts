import type { Open, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { type Refusal, refuse } from "./decision.ts";
import type { DossierState } from "./dossier-state.ts";
import type { Rulebook } from "./rulebook.ts";

/** Why a dossier is not opened like this; null if it is. The author was checked before. */
export function openRefusal(
  state: DossierState | null,
  statement: Statement,
  open: Open,
  rules: Rulebook,
): Refusal | null {
  if (state !== null) {
    return refuse("DOSSIER_EXISTS", "statement.dossier", "Another statement opened this dossier.", { decidedBy: 1 });
  }
  if (statement.prior.length > 0) {
    return refuse("FIELD_INVALID", "statement.prior", "`open` acts on no branch; allowed: no items.");
  }
  if (rules.shardClosed)
    return refuse("SHARD_CLOSED", "statement.shard", "This shard takes no further `open`; use the shard in force.");
  const procedure = rules.procedureKey(open.procedureEntry);
  if (procedure === undefined) {
    return refuse(
      "PROCEDURE_UNKNOWN",
      "statement.open.procedure_entry",
      "The registry has no procedure entry with this hash.",
    );
  }
  const route = rules.route(open.routeEntry);
  if (route === undefined || route.procedure !== procedure) {
    return refuse(
      "ROUTE_UNKNOWN",
      "statement.open.route_entry",
      `The registry has no route of procedure ${procedure} with this hash.`,
    );
  }
  if (!rules.hasCalendar(open.calendarEntry)) {
    return refuse(
      "CALENDAR_UNKNOWN",
      "statement.open.calendar_entry",
      "The registry has no calendar entry with this hash.",
    );
  }
  if (!rules.areaExists(open.areaCode)) {
    return refuse(
      "AREA_UNKNOWN",
      "statement.open.area_code",
      `No administrative unit has the code ${open.areaCode} on the shard's date.`,
    );
  }
  const step = route.step(open.step);
  if (step === undefined || !step.start) {
    const starts = route.startSteps.map((start) => start.id).join(", ");
    return refuse("STEP_OUT_OF_TURN", "statement.open.step", `A dossier of this route opens at: ${starts}.`);
  }
  const unknownEdge = open.chosenEdges.findIndex((edge) => route.edge(edge)?.optional !== true);
  if (unknownEdge >= 0) {
    return refuse(
      "STEP_OUT_OF_TURN",
      `statement.open.chosen_edges[${unknownEdge}]`,
      "This is not an optional edge of the route.",
    );
  }
  if (open.competentAgency !== "" && rules.agencyStatus(open.competentAgency) === "unknown") {
    const sentence = `The registry has no agency '${open.competentAgency}'; leave it empty for the one the route resolves to.`;
    return refuse("AGENCY_UNKNOWN", "statement.open.competent_agency", sentence);
  }
  const author = statement.author?.agency ?? "";
  if (!rules.isCompetent({ agency: author, role: step.role, areaCode: open.areaCode, procedure })) {
    return refuse(
      "AGENCY_NOT_COMPETENT",
      "statement.author.agency",
      `${author} is not competent as ${step.role} in area ${open.areaCode}.`,
    );
  }
  return null;
}
