import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { Channel, Outcome, RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { childrenOf, isOver } from "../bus/branch-tree.ts";
import { withSession } from "../bus/session.ts";
import { readTrail } from "../bus/trail-events.ts";
import type { CommandContext } from "../command-context.ts";
import { channelWords, outcomeWords, refusalReasonWords } from "../contract-words.ts";
import { type DossierAtHand, handoffOf, heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { namedDocuments } from "./named-documents.ts";
import { officeRef, wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

const { BRANCH_STATE_WORKING, BRANCH_STATE_COMPLETED, BRANCH_STATE_FORKED } = BranchState;

/** Fits a branch that is offered to the agency. */
function offeredTo(agency: string): (branch: Branch) => boolean {
  return ({ pending }) => pending?.receiver?.agency === agency;
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
  options: { readonly branch?: string; readonly reason: string; readonly document?: readonly string[] },
): Promise<void> {
  const { messages } = context;
  const { refusalReasons } = messages;
  const reason = wordValue<RefusalReason>("--reason", options.reason, refusalReasonWords, messages, refusalReasons);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const branch = pickBranch(atHand, options.branch, offeredTo(atHand.agency), context.messages);
    const documents = await namedDocuments(session, atHand, options.document);
    const pen = await atHand.penFor(branch.pending?.receiver?.unit ?? "");
    await submitAndTell(pen.refuse({ dossier: code, ...handoffOf(branch), reason, documents }), atHand);
  });
}

/** `dossier complete CODE` */
export async function dossierComplete(
  context: CommandContext,
  code: string,
  options: {
    readonly branch?: string;
    readonly outcome: string;
    readonly resultTo?: readonly string[];
    readonly document?: readonly string[];
  },
): Promise<void> {
  const { messages } = context;
  const outcome = wordValue<Outcome>("--outcome", options.outcome, outcomeWords, messages, messages.outcomes);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const fits = heldIn(atHand.agency, BRANCH_STATE_WORKING);
    const { branch, head, step, unit } = pickBranch(atHand, options.branch, fits, context.messages);
    const documents = await namedDocuments(session, atHand, options.document);
    const resultsTo = (options.resultTo ?? []).map(officeRef);
    const pen = await atHand.penFor(unit);
    await submitAndTell(pen.complete({ dossier: code, branch, head, step, outcome, documents, resultsTo }), atHand);
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
    const opinions = await opinionBranches(atHand);
    const living = (parent: Branch) =>
      childrenOf(parent.branch, dossier.branches).filter((child) => !isOver(child) && !opinions.has(child.branch));
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

/** Branches that were made to ask for opinions: they are children as well, and no join waits for them. */
async function opinionBranches({ exchange, shard, dossier, agency }: DossierAtHand): Promise<ReadonlySet<string>> {
  const entries = await exchange.exchange.getTrail({ shard: shard.shard, dossier: dossier.dossier, agency });
  const asked = readTrail(entries).flatMap(({ content }) => (content?.said === "consult" ? content.targets : []));
  return new Set(asked.map(({ branch }) => branch));
}

/** `dossier return CODE --outcome OUTCOME` */
export async function dossierReturn(
  context: CommandContext,
  code: string,
  options: {
    readonly branch?: string;
    readonly outcome: string;
    readonly channel: string;
    readonly document?: readonly string[];
  },
): Promise<void> {
  const { messages } = context;
  const outcome = wordValue<Outcome>("--outcome", options.outcome, outcomeWords, messages, messages.outcomes);
  const channel = wordValue<Channel>("--channel", options.channel, channelWords, messages, messages.channels);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const fits = heldIn(atHand.agency, BRANCH_STATE_WORKING, BRANCH_STATE_COMPLETED);
    const { branch, head, unit } = pickBranch(atHand, options.branch, fits, context.messages);
    const documents = await namedDocuments(session, atHand, options.document);
    const pen = await atHand.penFor(unit);
    await submitAndTell(pen.returnToCitizen({ dossier: code, branch, head, outcome, channel, documents }), atHand);
  });
}
