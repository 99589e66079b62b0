import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { ErasureReason, StopReason, WithdrawalReason } from "@lienthong/contracts/exchange/v1/statement";
import { isOver } from "../bus/branch-tree.ts";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { erasureReasonWords, stopReasonWords, withdrawalReasonWords } from "../contract-words.ts";
import { awaitErasure } from "./await-erasure.ts";
import { pickBranch, takeUp } from "./dossier-at-hand.ts";
import { namedDocuments } from "./named-documents.ts";
import { wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

/** `dossier withdraw CODE`: ends every branch at the citizen's wish; said by the desk that opened the dossier. */
export async function dossierWithdraw(
  context: CommandContext,
  code: string,
  options: { readonly reason: string; readonly document?: readonly string[] },
): Promise<void> {
  const { messages } = context;
  const reason = wordValue<WithdrawalReason>(
    "--reason",
    options.reason,
    withdrawalReasonWords,
    messages,
    messages.withdrawalReasons,
  );
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const documents = await namedDocuments(session, atHand, options.document);
    const branches = atHand.dossier.branches
      .filter((branch) => !isOver(branch))
      .map(({ branch, head }) => ({ branch, head }));
    const pen = await atHand.penFor("");
    await submitAndTell(pen.withdraw({ dossier: code, branches, reason, documents }), atHand);
  });
}

/** `dossier stop CODE --reason REASON` */
export async function dossierStop(
  context: CommandContext,
  code: string,
  options: { readonly branch?: string; readonly reason: string; readonly document?: readonly string[] },
): Promise<void> {
  const { messages } = context;
  const reason = wordValue<StopReason>("--reason", options.reason, stopReasonWords, messages, messages.stopReasons);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { branch, head, unit } = pickBranch(atHand, options.branch, heldBy(atHand.agency), messages);
    const documents = await namedDocuments(session, atHand, options.document);
    const pen = await atHand.penFor(unit);
    await submitAndTell(pen.stop({ dossier: code, branch, head, reason, documents }), atHand);
  });
}

/** Fits a branch that the agency holds in whatever state. */
function heldBy(agency: string): (branch: Branch) => boolean {
  return (branch) => branch.holder === agency && !isOver(branch) && branch.state !== BranchState.BRANCH_STATE_FORKED;
}

/** `dossier erase CODE --reason REASON`: the bus's copies of documents and salts; what was committed to stays provable. */
export async function dossierErase(
  context: CommandContext,
  code: string,
  options: { readonly reason: string; readonly document?: readonly string[] },
): Promise<void> {
  const { messages } = context;
  const { erasureReasons } = messages;
  const reason = wordValue<ErasureReason>("--reason", options.reason, erasureReasonWords, messages, erasureReasons);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const pen = await atHand.penFor("");
    const documentIds = options.document ?? [];
    await submitAndTell(pen.erase({ dossier: code, reason, documentIds }), atHand);
    if (context.json) return;
    if (session.run.documents === "") return context.talk(messages.document.noService);
    const { erased, left } = await awaitErasure(session, atHand, documentIds);
    if (left.length > 0) context.talk(messages.check.stillErasing(left.join(", ")));
    else context.talk(erased.length > 0 ? messages.check.erased(erased.length) : messages.check.nothingToErase);
  });
}
