import type { ForwardTarget } from "@lienthong/client";
import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { EdgeKind, type RouteEdge, type RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { readEvent } from "@lienthong/statement";
import { owesEdge } from "../bus/branch-tree.ts";
import { lookUpNames, type Names } from "../bus/names.ts";
import { withSession } from "../bus/session.ts";
import { readTrail } from "../bus/trail-events.ts";
import { findProcedure, routeOf } from "../bus/trail-view.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { type DossierAtHand, freshChildren, heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { documentsByEdge } from "./named-documents.ts";
import { dueTime, officeRef } from "./option-values.ts";
import { agenciesOf, chooseReceiver, type NamedEdge, namedEdges, tellChoices } from "./receivers.ts";
import { submitAndTell } from "./submit-statement.ts";

/** Options of `dossier forward`. */
export interface ForwardOptions {
  readonly branch?: string;
  readonly edge?: readonly string[];
  readonly to?: readonly string[];
  readonly copy?: readonly string[];
  readonly until?: string;
  readonly document?: readonly string[];
}

/** `dossier forward CODE` */
export async function dossierForward(context: CommandContext, code: string, options: ForwardOptions): Promise<void> {
  const { messages } = context;
  const due = options.until === undefined ? undefined : dueTime("--until", options.until, messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { dossier, agency, registry } = atHand;
    const fits = heldIn(agency, BranchState.BRANCH_STATE_WORKING, BranchState.BRANCH_STATE_COMPLETED);
    const branch = pickBranch(atHand, options.branch, fits, messages);
    const route = routeOf(await findProcedure(registry, dossier.procedure), dossier.route);
    if (route === undefined) throw new CliError(EXIT.refused, messages.pick.routeGone(dossier.route));
    const steps = await lookUpNames(registry.registry, [], route);
    const owed = owesEdge(branch, dossier.branches, steps) ? await owedEdge(atHand, branch, route) : undefined;
    const named = withReceivers(namedEdges(options.edge), options.to ?? [], context);
    const edges = await pickEdges(atHand, branch, route, named, owed, steps);
    const to = options.to ?? [];
    if (to.length > edges.length) throw usageError(messages.pick.tooManyReceivers(edges.length));
    const chosen = await Promise.all(
      edges.map((edge, index) => {
        const office = named[index]?.receiver ?? (to[index] === undefined ? undefined : officeRef(to[index]));
        return chooseReceiver(atHand, edge, route, office);
      }),
    );
    const names = await lookUpNames(registry.registry, agenciesOf(chosen), route);
    tellChoices(chosen, names, context);

    const forks = owed === undefined && edges.some(({ fork }) => fork !== "");
    const branches = forks ? freshChildren(branch, dossier, edges.length) : [branch.branch];
    const documents = await documentsByEdge(session, atHand, options.document);
    const copies = (options.copy ?? []).map(officeRef);
    const targets = chosen.map(
      ({ edge, receiver }, index): ForwardTarget => ({
        branch: branches[index] ?? branch.branch,
        step: edge.to,
        edge: edge.id,
        receiver,
        documents: documents(edge.id),
        copies,
        ...(due === undefined ? {} : { dueTime: due }),
      }),
    );
    const pen = await atHand.penFor(branch.unit);
    const signed = pen.forward({ dossier: code, branch: branch.branch, head: branch.head, targets });
    await submitAndTell(signed, { ...atHand, more: { receivers: receiversJson(targets, chosen) } });
  });
}

/** Receivers as `--json` shows them. */
export function receiversJson(targets: readonly ForwardTarget[], chosen: readonly { readonly why: string | null }[]) {
  return targets.map((target, index) => ({
    branch: target.branch,
    edge: target.edge,
    step: target.step,
    agency: target.receiver.agency,
    unit: target.receiver.unit ?? "",
    why: chosen[index]?.why ?? null,
  }));
}

/** A receiver is named beside its edge or by `--to`, not by both. */
function withReceivers(
  named: readonly NamedEdge[],
  to: readonly string[],
  { messages }: CommandContext,
): readonly NamedEdge[] {
  if (to.length > 0 && named.some(({ receiver }) => receiver !== undefined)) {
    throw usageError(messages.usage.notTogether("--to", "--edge EDGE=AGENCY"));
  }
  return named;
}

/** The edges to take: those named; else the one a child owes; else the only way on there is, a whole fork counting as one. */
async function pickEdges(
  atHand: DossierAtHand,
  branch: Branch,
  route: RouteRecord,
  named: readonly NamedEdge[],
  owed: RouteEdge | undefined,
  names: Names,
): Promise<RouteEdge[]> {
  const { pick } = atHand.context.messages;
  const leaving =
    owed === undefined
      ? route.edges.filter(({ from, kind }) => from === branch.step && kind !== EdgeKind.EDGE_KIND_CONSULT)
      : [owed];
  const ids = (edges: readonly RouteEdge[]) => edges.map(({ id }) => id).join(", ");
  if (leaving.length === 0) throw usageError(pick.noEdge(names.step(branch.step)));
  if (named.length > 0) {
    return named.map(({ id }) => {
      const edge = leaving.find((candidate) => candidate.id === id);
      if (edge === undefined) throw usageError(pick.edgeUnknown(id, names.step(branch.step), ids(leaving)));
      return edge;
    });
  }
  if (owed !== undefined) return [owed];
  const onward = leaving.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  const ways = [
    ...onward.filter(({ fork }) => fork === "").map((edge) => [edge]),
    ...Map.groupBy(
      onward.filter(({ fork }) => fork !== ""),
      ({ fork }) => fork,
    ).values(),
  ];
  const [only] = ways;
  if (only === undefined || ways.length > 1) {
    throw usageError(pick.severalEdges(names.step(branch.step), ids(leaving)));
  }
  if (only.every(({ optional }) => !optional)) return only;
  const chosen = await chosenEdges(atHand);
  return only.filter(({ id, optional }) => !optional || chosen.includes(id));
}

/** The edge for which a child branch was made. */
async function owedEdge(
  { exchange, shard, dossier, agency, context }: DossierAtHand,
  { branch, step }: Branch,
  route: RouteRecord,
): Promise<RouteEdge> {
  const entries = await exchange.exchange.getTrail({ shard: shard.shard, dossier: dossier.dossier, agency });
  const made = readTrail(entries)
    .flatMap(({ content }) => (content?.said === "forward" || content?.said === "consult" ? content.targets : []))
    .find((target) => target.branch === branch);
  const edge = route.edges.find(({ id }) => id === made?.edge);
  if (edge !== undefined) return edge;
  const leaving = route.edges.filter(({ from }) => from === step).map(({ id }) => id);
  throw usageError(context.messages.pick.severalEdges(step, leaving.join(", ")));
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
