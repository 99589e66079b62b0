import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { Channel, Outcome, RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { channelWords, outcomeWords, refusalReasonWords } from "../contract-words.ts";
import { childrenOf } from "../render/branch-sentence.ts";
import { heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

const { BRANCH_STATE_WORKING, BRANCH_STATE_COMPLETED, BRANCH_STATE_FORKED, BRANCH_STATE_JOINED } = BranchState;

/** Fits a branch that is offered to the agency. */
function offeredTo(agency: string): (branch: Branch) => boolean {
  return ({ pending }) => pending?.receiver?.agency === agency;
}

function handoffOf({ branch, head, pending }: Branch) {
  // Without a pending handoff the bus refuses and says why; the head stands in for what is not there.
  return { branch, head, forward: pending?.handoff?.forward ?? head };
}

/** `dossier acknowledge CODE` */
export async function dossierAcknowledge(
  context: CommandContext,
  code: string,
  options: { readonly branch?: string },
): Promise<void> {
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const branch = pickBranch(atHand, options.branch, offeredTo(atHand.agency), context.messages);
    const pen = await atHand.penFor(branch.pending?.receiver?.unit ?? "");
    await submitAndTell(pen.acknowledge({ dossier: code, ...handoffOf(branch) }), atHand);
  });
}

/** `dossier refuse CODE --reason REASON` */
export async function dossierRefuse(
  context: CommandContext,
  code: string,
  options: { readonly branch?: string; readonly reason: string },
): Promise<void> {
  const reason = wordValue<RefusalReason>("--reason", options.reason, refusalReasonWords, context.messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const branch = pickBranch(atHand, options.branch, offeredTo(atHand.agency), context.messages);
    const pen = await atHand.penFor(branch.pending?.receiver?.unit ?? "");
    await submitAndTell(pen.refuse({ dossier: code, ...handoffOf(branch), reason }), atHand);
  });
}

/** `dossier complete CODE` */
export async function dossierComplete(
  context: CommandContext,
  code: string,
  options: { readonly branch?: string; readonly outcome: string },
): Promise<void> {
  const outcome = wordValue<Outcome>("--outcome", options.outcome, outcomeWords, context.messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const fits = heldIn(atHand.agency, BRANCH_STATE_WORKING);
    const { branch, head, step, unit } = pickBranch(atHand, options.branch, fits, context.messages);
    const pen = await atHand.penFor(unit);
    await submitAndTell(pen.complete({ dossier: code, branch, head, step, outcome }), atHand);
  });
}

/** `dossier join CODE` */
export async function dossierJoin(
  context: CommandContext,
  code: string,
  options: { readonly into?: string },
): Promise<void> {
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { dossier, agency } = atHand;
    const living = (parent: Branch) =>
      childrenOf(parent.branch, dossier.branches).filter(({ state }) => state !== BRANCH_STATE_JOINED);
    const fits = (parent: Branch) =>
      parent.state === BRANCH_STATE_FORKED && living(parent).some(heldIn(agency, BRANCH_STATE_WORKING));
    const parent = pickBranch(atHand, options.into, fits, context.messages);
    const children = living(parent);
    // Whoever joins works at the joining step; a sibling that is still elsewhere makes the bus say that the join is incomplete.
    const arrived = children.find(heldIn(agency, BRANCH_STATE_WORKING));
    const step = arrived?.step ?? parent.step;
    const pen = await atHand.penFor(arrived?.unit ?? "");
    const branches = children.map(({ branch, head }) => ({ branch, head }));
    await submitAndTell(pen.join({ dossier: code, branches, into: parent.branch, step }), atHand);
  });
}

/** `dossier return CODE --outcome OUTCOME` */
export async function dossierReturn(
  context: CommandContext,
  code: string,
  options: { readonly branch?: string; readonly outcome: string; readonly channel: string },
): Promise<void> {
  const outcome = wordValue<Outcome>("--outcome", options.outcome, outcomeWords, context.messages);
  const channel = wordValue<Channel>("--channel", options.channel, channelWords, context.messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const fits = heldIn(atHand.agency, BRANCH_STATE_WORKING, BRANCH_STATE_COMPLETED);
    const { branch, head, unit } = pickBranch(atHand, options.branch, fits, context.messages);
    const pen = await atHand.penFor(unit);
    await submitAndTell(pen.returnToCitizen({ dossier: code, branch, head, outcome, channel }), atHand);
  });
}
