import type { ForwardTarget } from "@lienthong/client";
import { BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { EdgeKind } from "@lienthong/contracts/registry/v1/route";
import { lookUpNames } from "../bus/names.ts";
import { withSession } from "../bus/session.ts";
import { findProcedure, routeOf } from "../bus/trail-view.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { freshChildren, heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { receiversJson } from "./dossier-forward.ts";
import { documentsByEdge } from "./named-documents.ts";
import { dueTime } from "./option-values.ts";
import { agenciesOf, chooseReceiver, namedEdges, tellChoices } from "./receivers.ts";
import { submitAndTell } from "./submit-statement.ts";

/** Options of `dossier consult`. */
export interface ConsultOptions {
  readonly branch?: string;
  readonly edge: readonly string[];
  readonly lead?: string;
  readonly until?: string;
  readonly document?: readonly string[];
}

/** `dossier consult CODE --edge EDGE=AGENCY …`: several agencies may be asked along one edge. */
export async function dossierConsult(context: CommandContext, code: string, options: ConsultOptions): Promise<void> {
  const { messages } = context;
  const { pick } = messages;
  const due = options.until === undefined ? undefined : dueTime("--until", options.until, messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { dossier, agency, registry } = atHand;
    const branch = pickBranch(atHand, options.branch, heldIn(agency, BranchState.BRANCH_STATE_WORKING), messages);
    const route = routeOf(await findProcedure(registry, dossier.procedure), dossier.route);
    if (route === undefined) throw new CliError(EXIT.refused, pick.routeGone(dossier.route));
    const asking = route.edges.filter(({ from, kind }) => from === branch.step && kind === EdgeKind.EDGE_KIND_CONSULT);
    const steps = await lookUpNames(registry.registry, [], route);
    if (asking.length === 0) throw new CliError(EXIT.refused, pick.noOpinions(steps.step(branch.step)));
    const chosen = await Promise.all(
      namedEdges(options.edge).map(({ id, receiver }) => {
        const edge = asking.find((candidate) => candidate.id === id);
        if (edge === undefined) {
          throw usageError(pick.edgeUnknown(id, steps.step(branch.step), asking.map((each) => each.id).join(", ")));
        }
        return chooseReceiver(atHand, edge, route, receiver);
      }),
    );
    const names = await lookUpNames(registry.registry, agenciesOf(chosen), route);
    tellChoices(chosen, names, context);

    const branches = freshChildren(branch, dossier, chosen.length);
    const documents = await documentsByEdge(session, atHand, options.document);
    const targets = chosen.map(
      ({ edge, receiver }, index): ForwardTarget => ({
        branch: branches[index] as string,
        step: edge.to,
        edge: edge.id,
        receiver,
        documents: documents(edge.id),
        ...(due === undefined ? {} : { dueTime: due }),
      }),
    );
    const leading = targets.find(({ receiver }) => receiver.agency === options.lead);
    if (options.lead !== undefined && leading === undefined) {
      const asked = targets.map(({ receiver }) => receiver.agency).join(", ");
      throw usageError(messages.usage.valueNotAllowed("--lead", options.lead, asked));
    }
    const pen = await atHand.penFor(branch.unit);
    const signed = pen.consult({
      dossier: code,
      branch: branch.branch,
      head: branch.head,
      targets,
      leadBranch: leading?.branch ?? "",
    });
    await submitAndTell(signed, { ...atHand, more: { receivers: receiversJson(targets, chosen) } });
  });
}
