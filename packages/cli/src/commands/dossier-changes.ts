import { BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { ExtensionReason } from "@lienthong/contracts/exchange/v1/statement";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { extensionReasonWords } from "../contract-words.ts";
import { heldIn, pickBranch, takeUp } from "./dossier-at-hand.ts";
import { namedDocuments } from "./named-documents.ts";
import { dueTime, wholeNumber, wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

const { BRANCH_STATE_WORKING } = BranchState;

/** `dossier extend CODE --until DATE --reason REASON` */
export async function dossierExtend(
  context: CommandContext,
  code: string,
  options: {
    readonly branch?: string;
    readonly until: string;
    readonly reason: string;
    readonly document?: readonly string[];
  },
): Promise<void> {
  const { messages } = context;
  const due = dueTime("--until", options.until, messages);
  const { extensionReasons } = messages;
  const reason = wordValue<ExtensionReason>(
    "--reason",
    options.reason,
    extensionReasonWords,
    messages,
    extensionReasons,
  );
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const fits = heldIn(atHand.agency, BRANCH_STATE_WORKING);
    const { branch, head, unit } = pickBranch(atHand, options.branch, fits, messages);
    const documents = await namedDocuments(session, atHand, options.document);
    const pen = await atHand.penFor(unit);
    await submitAndTell(pen.extend({ dossier: code, branch, head, reason, dueTime: due, documents }), atHand);
  });
}

/** `dossier assign CODE --unit UNIT` */
export async function dossierAssign(
  context: CommandContext,
  code: string,
  options: {
    readonly branch?: string;
    readonly unit: string;
    readonly officer?: string;
    readonly internalStep?: string;
  },
): Promise<void> {
  const { messages } = context;
  const internalStep =
    options.internalStep === undefined ? 0 : wholeNumber("--internal-step", options.internalStep, messages);
  await withSession(context, async (session) => {
    const atHand = await takeUp(session, context, code);
    const { agency } = atHand;
    const held = pickBranch(atHand, options.branch, heldIn(agency, BRANCH_STATE_WORKING), messages);
    const { branch, head } = held;
    const pen = await atHand.penFor(held.unit);
    const { unit, officer: officerRef = "" } = options;
    await submitAndTell(pen.assign({ dossier: code, branch, head, unit, officerRef, internalStep }), atHand);
  });
}
