import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { RecallReason, RecallRefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { recallReasonWords, recallRefusalWords } from "../contract-words.ts";
import { handoffOf, heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { exactlyOne, wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

/** Options of `dossier recall`: one of the three, and the branch. */
export interface RecallOptions {
  readonly branch?: string;
  readonly reason?: string;
  readonly agree?: boolean;
  readonly decline?: string;
}

/** `dossier recall CODE`: the sender asks with `--reason`; the receiver answers with `--agree` or `--decline`. */
export async function dossierRecall(context: CommandContext, code: string, options: RecallOptions): Promise<void> {
  const { messages } = context;
  const { reason, agree, decline } = options;
  const what = exactlyOne({ reason, agree, decline }, messages);
  const asked =
    reason === undefined
      ? null
      : wordValue<RecallReason>("--reason", reason, recallReasonWords, messages, messages.recallReasons);
  const declined =
    decline === undefined
      ? null
      : wordValue<RecallRefusalReason>("--decline", decline, recallRefusalWords, messages, messages.recallRefusals);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { agency } = atHand;
    const fits = what === "reason" ? heldIn(agency, BranchState.BRANCH_STATE_HANDED_OVER) : askedOf(agency);
    const branch = pickBranch(atHand, options.branch, fits, messages);
    const handoff = { dossier: code, ...handoffOf(branch) };
    const pen = await atHand.penFor(what === "reason" ? branch.unit : (branch.pending?.receiver?.unit ?? ""));
    const signed =
      asked !== null
        ? pen.askRecall({ ...handoff, reason: asked })
        : declined !== null
          ? pen.refuseRecall({ ...handoff, reason: declined })
          : pen.agreeRecall(handoff);
    await submitAndTell(signed, atHand);
  });
}

/** Fits a branch that its sender wants back from the agency. */
function askedOf(agency: string): (branch: Branch) => boolean {
  return ({ state, pending }) =>
    state === BranchState.BRANCH_STATE_RECALL_ASKED && pending?.receiver?.agency === agency;
}
