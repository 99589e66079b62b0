import { localDate } from "@lienthong/chassis/timestamp";
import type { OfficeRef } from "@lienthong/client";
import type { RouteEdge, RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { type Names, shortOfficeName } from "../bus/names.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import type { DossierAtHand } from "./dossier-at-hand.ts";
import { officeRef } from "./option-values.ts";

/** An edge of the command line: `EDGE`, or `EDGE=AGENCY[/UNIT]` with the receiver. */
export interface NamedEdge {
  readonly id: string;
  /** Undefined: whoever is competent. */
  readonly receiver: Required<OfficeRef> | undefined;
}

/** A receiver, and why it was taken; null where the user named it. */
export interface ChosenReceiver {
  readonly receiver: Required<OfficeRef>;
  readonly why: string | null;
  readonly others: readonly OfficeRef[];
}

/** An edge of the route, and who is to receive along it. */
export interface ChosenEdge extends ChosenReceiver {
  readonly edge: RouteEdge;
}

/** Reads the values of `--edge`. */
export function namedEdges(values: readonly string[] | undefined): NamedEdge[] {
  return (values ?? []).map((value) => {
    const [id = "", office] = value.split("=", 2);
    return { id, receiver: office === undefined || office === "" ? undefined : officeRef(office) };
  });
}

/** The receiver named, or whoever is competent for the step that the edge leads to, nearest area first. */
export async function chooseReceiver(
  { registry, shard, dossier, context }: DossierAtHand,
  edge: RouteEdge,
  route: RouteRecord,
  named: Required<OfficeRef> | undefined,
): Promise<ChosenEdge> {
  if (named !== undefined) return { edge, receiver: named, why: null, others: [] };
  const { pick } = context.messages;
  const role = route.steps.find(({ id }) => id === edge.to)?.role ?? "";
  const onDate = shard.now === undefined ? "" : localDate(shard.now);
  const question = { role, areaCode: dossier.areaCode, procedure: dossier.procedure, onDate };
  const { candidates, missing } = await registry.registry.resolveRole(question);
  const [nearest] = candidates;
  if (nearest === undefined) {
    throw new CliError(EXIT.refused, pick.noReceiver(role, missing?.[context.language] || missing?.vi || ""));
  }
  // Of an agency that plays the role as such and has a unit that plays it, the unit is meant.
  const first = candidates.find(({ agency, unit }) => agency === nearest.agency && unit !== "") ?? nearest;
  const others = candidates.filter(({ agency }) => agency !== first.agency);
  const why = shortOfficeName(first.why?.[context.language] || first.why?.vi || "");
  return { edge, receiver: { agency: first.agency, unit: first.unit }, why, others };
}

/** Agencies whose names are needed to tell of these choices. */
export function agenciesOf(chosen: readonly ChosenEdge[]): string[] {
  return chosen.flatMap(({ receiver, others }) => [receiver.agency, ...others.map(({ agency }) => agency)]);
}

const othersShownMax = 6;

/** Says who was chosen for the user, and who else could have been. */
export function tellChoices(chosen: readonly ChosenEdge[], names: Names, { talk, messages }: CommandContext): void {
  const { done } = messages;
  for (const { edge, receiver, why, others } of chosen) {
    if (why === null) continue;
    talk(done.chosen(names.step(edge.to), names.office(receiver.agency, receiver.unit), why));
    if (others.length === 0) continue;
    const shown = others
      .slice(0, othersShownMax)
      .map(({ agency, unit = "" }) => `${names.office(agency, unit)} (${agency}${unit === "" ? "" : `/${unit}`})`);
    talk(done.others(shown.join("; "), others.length - shown.length));
  }
}
