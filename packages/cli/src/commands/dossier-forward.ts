import { localDate } from "@lienthong/chassis/timestamp";
import type { ForwardTarget, OfficeRef } from "@lienthong/client";
import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { EdgeKind, type RouteEdge, type RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { readEvent } from "@lienthong/statement";
import { lookUpNames, type Names, shortOfficeName } from "../bus/names.ts";
import { withSession } from "../bus/session.ts";
import { readTrail } from "../bus/trail-events.ts";
import { findProcedure, routeOf } from "../bus/trail-view.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { childrenOf } from "../render/branch-sentence.ts";
import { forkedParent, isStillAtFork } from "../render/next-actions.ts";
import { type DossierAtHand, heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { submitAndTell } from "./submit-statement.ts";

/** Options of `dossier forward`. */
export interface ForwardOptions {
  readonly branch?: string;
  readonly edge?: readonly string[];
  readonly to?: readonly string[];
}

/** A receiver, and why it was taken; null where the user named it. */
interface ChosenReceiver {
  readonly receiver: OfficeRef;
  readonly why: string | null;
  readonly others: readonly OfficeRef[];
}

/** `dossier forward CODE` */
export async function dossierForward(context: CommandContext, code: string, options: ForwardOptions): Promise<void> {
  const { messages } = context;
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { dossier, agency, registry } = atHand;
    const { BRANCH_STATE_WORKING, BRANCH_STATE_COMPLETED } = BranchState;
    const fits = heldIn(agency, BRANCH_STATE_WORKING, BRANCH_STATE_COMPLETED);
    const branch = pickBranch(atHand, options.branch, fits, messages);
    const route = routeOf(await findProcedure(registry, dossier.procedure), dossier.route);
    if (route === undefined) throw new CliError(EXIT.refused, messages.pick.routeGone(dossier.route));
    const edges = await pickEdges(atHand, branch, route, options.edge ?? []);
    const receivers = await pickReceivers(atHand, edges, route, options.to ?? []);
    const offices = receivers.flatMap(({ receiver, others }) => [
      receiver.agency,
      ...others.map((other) => other.agency),
    ]);
    const names = await lookUpNames(registry.registry, offices, route);
    tellChoices(edges, receivers, names, context);

    const childIds =
      edges.some(({ fork }) => fork !== "") && !isOwed(branch, atHand)
        ? freshChildren(branch, atHand, edges.length)
        : null;
    const targets = edges.map(
      (edge, index): ForwardTarget => ({
        branch: childIds?.[index] ?? branch.branch,
        step: edge.to,
        edge: edge.id,
        receiver: (receivers[index] as ChosenReceiver).receiver,
      }),
    );
    const pen = await atHand.penFor(branch.unit);
    const signed = pen.forward({ dossier: code, branch: branch.branch, head: branch.head, targets });
    const more = {
      receivers: targets.map((target, index) => ({
        branch: target.branch,
        edge: target.edge,
        step: target.step,
        agency: target.receiver.agency,
        unit: target.receiver.unit ?? "",
        why: receivers[index]?.why ?? null,
      })),
    };
    await submitAndTell(signed, { ...atHand, more });
  });
}

function isOwed(branch: Branch, { dossier }: DossierAtHand): boolean {
  const parent = forkedParent(branch, dossier.branches);
  return parent !== undefined && isStillAtFork(branch, parent);
}

/** The edges to take: those named; else the one a refused child owes; else the only way on there is, a whole fork counting as one. */
async function pickEdges(
  atHand: DossierAtHand,
  branch: Branch,
  route: RouteRecord,
  named: readonly string[],
): Promise<RouteEdge[]> {
  const { pick } = atHand.context.messages;
  const leaving = route.edges.filter(({ from, kind }) => from === branch.step && kind !== EdgeKind.EDGE_KIND_CONSULT);
  const ids = (edges: readonly RouteEdge[]) => edges.map(({ id }) => id).join(", ");
  if (leaving.length === 0) throw usageError(pick.noEdge(branch.step));
  if (named.length > 0) {
    return named.map((id) => {
      const edge = leaving.find((candidate) => candidate.id === id);
      if (edge === undefined) throw usageError(pick.edgeUnknown(id, branch.step, ids(leaving)));
      return edge;
    });
  }
  if (isOwed(branch, atHand)) {
    const owed = await owedEdge(atHand, branch.branch);
    const edge = leaving.find(({ id }) => id === owed);
    if (edge !== undefined) return [edge];
    throw usageError(pick.severalEdges(branch.step, ids(leaving)));
  }
  const onward = leaving.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  const ways = [
    ...onward.filter(({ fork }) => fork === "").map((edge) => [edge]),
    ...Map.groupBy(
      onward.filter(({ fork }) => fork !== ""),
      ({ fork }) => fork,
    ).values(),
  ];
  const [only] = ways;
  if (only === undefined || ways.length > 1) throw usageError(pick.severalEdges(branch.step, ids(leaving)));
  if (only.every(({ optional }) => !optional)) return only;
  const chosen = await chosenEdges(atHand);
  return only.filter(({ id, optional }) => !optional || chosen.includes(id));
}

/** The edge for which a child branch was made. */
async function owedEdge(
  { exchange, shard, dossier, agency }: DossierAtHand,
  branch: string,
): Promise<string | undefined> {
  const entries = await exchange.exchange.getTrail({ shard: shard.shard, dossier: dossier.dossier, agency });
  return readTrail(entries)
    .flatMap(({ content }) => (content?.said === "forward" ? content.targets : []))
    .find((target) => target.branch === branch)?.edge;
}

/** Optional edges that the citizen chose when the dossier was opened, if the opening may be read. */
async function chosenEdges({ exchange, shard, dossier, agency }: DossierAtHand): Promise<readonly string[]> {
  const [first] = await exchange.exchange.getTrail({ shard: shard.shard, dossier: dossier.dossier, agency });
  if (first === undefined || first.event.length === 0) return [];
  const { body } = readEvent(first.event);
  return body.$case === "statement" && body.statement.what?.$case === "open"
    ? body.statement.what.value.chosenEdges
    : [];
}

/** Ids of new children; those of an earlier fork are never used again. */
function freshChildren(branch: Branch, { dossier }: DossierAtHand, count: number): string[] {
  const used = childrenOf(branch.branch, dossier.branches).map((child) =>
    Number(child.branch.slice(branch.branch.length + 1)),
  );
  const first = Math.max(0, ...used) + 1;
  return Array.from({ length: count }, (_, index) => `${branch.branch}.${first + index}`);
}

/** The receivers named, in the order of the edges; for the others whoever is competent, nearest area first. */
async function pickReceivers(
  { registry, shard, dossier, context }: DossierAtHand,
  edges: readonly RouteEdge[],
  route: RouteRecord,
  named: readonly string[],
): Promise<ChosenReceiver[]> {
  const { pick } = context.messages;
  if (named.length > edges.length) throw usageError(pick.tooManyReceivers(edges.length));
  const onDate = shard.now === undefined ? "" : localDate(shard.now);
  return Promise.all(
    edges.map(async (edge, index): Promise<ChosenReceiver> => {
      const given = named[index];
      if (given !== undefined) {
        const [agency = "", unit = ""] = given.split("/", 2);
        return { receiver: { agency, unit }, why: null, others: [] };
      }
      const role = route.steps.find(({ id }) => id === edge.to)?.role ?? "";
      const question = { role, areaCode: dossier.areaCode, procedure: dossier.procedure, onDate };
      const { candidates, missing } = await registry.registry.resolveRole(question);
      const [nearest] = candidates;
      if (nearest === undefined) {
        const why = missing?.[context.language] || missing?.vi || "";
        throw new CliError(EXIT.refused, pick.noReceiver(role, why));
      }
      // Of an agency that plays the role as such and has a unit that plays it, the unit is meant.
      const first = candidates.find(({ agency, unit }) => agency === nearest.agency && unit !== "") ?? nearest;
      const others = candidates.filter(({ agency }) => agency !== first.agency);
      const why = shortOfficeName(first.why?.[context.language] || first.why?.vi || "");
      return { receiver: { agency: first.agency, unit: first.unit }, why, others };
    }),
  );
}

function tellChoices(
  edges: readonly RouteEdge[],
  receivers: readonly ChosenReceiver[],
  names: Names,
  { talk, messages }: CommandContext,
): void {
  for (const [index, { receiver, why, others }] of receivers.entries()) {
    if (why === null) continue;
    const step = names.step(edges[index]?.to ?? "");
    talk(messages.done.chosen(step, names.office(receiver.agency, receiver.unit), why));
    if (others.length > 0) {
      const list = others.map(
        ({ agency, unit = "" }) => `${names.office(agency, unit)} (${agency}${unit === "" ? "" : `/${unit}`})`,
      );
      talk(messages.done.others(list.join("; ")));
    }
  }
}
