import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { PauseReason, type SupplementReason } from "@lienthong/contracts/exchange/v1/statement";
import { type Session, withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { pauseReasonWords, supplementReasonWords } from "../contract-words.ts";
import { type DossierAtHand, heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { documentOrFile, namedDocuments } from "./named-documents.ts";
import { dueTime, exactlyOne, wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

const { BRANCH_STATE_WORKING, BRANCH_STATE_PAUSED, BRANCH_STATE_SUPPLEMENT_AWAITED } = BranchState;

/** What these commands have in common. */
interface BranchOptions {
  readonly branch?: string;
  readonly document?: readonly string[];
}

/** `dossier supplement CODE`: the holder asks with `--request KIND…`, the desk answers with `--bring`. */
export async function dossierSupplement(
  context: CommandContext,
  code: string,
  options: BranchOptions & {
    readonly request?: readonly string[];
    readonly bring?: boolean;
    readonly reason: string;
    readonly until?: string;
  },
): Promise<void> {
  const { messages } = context;
  const { request, bring } = options;
  exactlyOne({ request, bring }, messages);
  const { supplementReasons } = messages;
  const reason = wordValue<SupplementReason>(
    "--reason",
    options.reason,
    supplementReasonWords,
    messages,
    supplementReasons,
  );
  const due = options.until === undefined ? undefined : dueTime("--until", options.until, messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { agency } = atHand;
    const documents = await namedDocuments(session, atHand, options.document);
    if (request !== undefined) {
      const { branch, head, unit } = pickBranch(atHand, options.branch, heldIn(agency, BRANCH_STATE_WORKING), messages);
      const pen = await atHand.penFor(unit);
      const asked = { dossier: code, branch, head, reason, documentKinds: request, documents };
      await submitAndTell(pen.requestSupplement(due === undefined ? asked : { ...asked, dueTime: due }), atHand);
      return;
    }
    const { branch, head } = pickBranch(atHand, options.branch, awaitsPapers, messages);
    const pen = await atHand.penFor("");
    await submitAndTell(pen.bringSupplement({ dossier: code, branch, head, documents }), atHand);
  });
}

/** The desk brings papers whoever holds the branch. */
function awaitsPapers({ state }: Branch): boolean {
  return state === BRANCH_STATE_SUPPLEMENT_AWAITED;
}

/** `dossier pause CODE --reason REASON` */
export async function dossierPause(
  context: CommandContext,
  code: string,
  options: BranchOptions & { readonly reason: string },
): Promise<void> {
  const { messages } = context;
  const { pauseReasons } = messages;
  const reason = wordValue<PauseReason>("--reason", options.reason, pauseReasonWords, messages, pauseReasons);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    await pause(session, atHand, options, reason);
  });
}

/** `dossier resume CODE` */
export async function dossierResume(context: CommandContext, code: string, options: BranchOptions): Promise<void> {
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    await resume(session, atHand, options, undefined);
  });
}

/** `dossier pay CODE`: `--pause` while the citizen has to pay, `--proof` when it is done. */
export async function dossierPay(
  context: CommandContext,
  code: string,
  options: BranchOptions & { readonly pause?: boolean; readonly proof?: string },
): Promise<void> {
  const what = exactlyOne({ pause: options.pause, proof: options.proof }, context.messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    if (what === "pause") await pause(session, atHand, options, PauseReason.PAUSE_REASON_FINANCIAL_DUTY);
    else await resume(session, atHand, options, options.proof);
  });
}

async function pause(
  session: Session,
  atHand: DossierAtHand,
  options: BranchOptions,
  reason: PauseReason,
): Promise<void> {
  const { agency, dossier, context } = atHand;
  const fits = heldIn(agency, BRANCH_STATE_WORKING);
  const { branch, head, unit } = pickBranch(atHand, options.branch, fits, context.messages);
  const documents = await namedDocuments(session, atHand, options.document);
  const pen = await atHand.penFor(unit);
  await submitAndTell(pen.pause({ dossier: dossier.dossier, branch, head, reason, documents }), atHand);
}

async function resume(
  session: Session,
  atHand: DossierAtHand,
  options: BranchOptions,
  proof: string | undefined,
): Promise<void> {
  const { agency, dossier, context } = atHand;
  const fits = heldIn(agency, BRANCH_STATE_PAUSED);
  const { branch, head, unit } = pickBranch(atHand, options.branch, fits, context.messages);
  const documents = await namedDocuments(session, atHand, options.document);
  if (proof !== undefined) documents.unshift(await documentOrFile(session, atHand, proof, "payment-proof"));
  const pen = await atHand.penFor(unit);
  await submitAndTell(pen.resume({ dossier: dossier.dossier, branch, head, documents }), atHand);
}
