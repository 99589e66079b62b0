import { timestampToIso } from "@lienthong/chassis/timestamp";
import {
  AnswerRejectedError,
  BusCallError,
  type Connection,
  type ReadAccepted,
  readAccepted,
  type SignedStatement,
  submitWithRetry,
} from "@lienthong/client";
import { type Branch, BranchState, type Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import type { GetShardResponse } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { parentOf } from "../bus/branch-tree.ts";
import { lookUpNames } from "../bus/names.ts";
import { isSimulated } from "../bus/session.ts";
import { dossierAgencies, findProcedure, routeOf } from "../bus/trail-view.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { branchJson, hex } from "../json-shapes.ts";
import { branchSentence } from "../render/branch-sentence.ts";
import { nextActions } from "../render/next-actions.ts";
import { wrapText } from "../render/text-width.ts";

/** What a statement is submitted with. */
export interface Submission {
  readonly context: CommandContext;
  readonly exchange: Connection;
  readonly registry: Connection;
  readonly shard: GetShardResponse;
  readonly agency: string;
  /** Added to the JSON of the answer. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Submits a statement, the same bytes until the outcome is known, and says what now is. */
export async function submitAndTell(signed: SignedStatement, submission: Submission): Promise<void> {
  const { context, exchange, shard, agency } = submission;
  const accepted = await submit(signed, submission);
  const dossier = await exchange.exchange.getDossier({ shard: shard.shard, dossier: signed.dossier, agency });
  const moved = dossier.branches.filter(
    (branch) => hex(branch.head) === hex(accepted.hash) && !livesOnInParent(branch, dossier, accepted.hash),
  );
  if (context.json) {
    context.printJson({
      dossier: signed.dossier,
      statementId: signed.statementId,
      event: {
        number: Number(accepted.event.header.number),
        leafIndex: Number(accepted.leafIndex),
        hash: hex(accepted.hash),
        recordedTime:
          accepted.event.header.recordedTime === undefined ? null : timestampToIso(accepted.event.header.recordedTime),
      },
      repeated: accepted.repeated,
      includeBy: timestampToIso(accepted.includeBy),
      branches: moved.map(branchJson),
      ...submission.more,
    });
    return;
  }
  await tell(accepted, dossier, moved, submission);
}

/** Branches that were just joined are told by the branch that they became part of. */
function livesOnInParent(branch: Branch, { branches }: Dossier, hash: Uint8Array): boolean {
  const parent = parentOf(branch, branches);
  return branch.state === BranchState.BRANCH_STATE_JOINED && parent !== undefined && hex(parent.head) === hex(hash);
}

async function submit(signed: SignedStatement, submission: Submission): Promise<ReadAccepted> {
  const { context, exchange, shard, agency } = submission;
  const { bus } = context.messages;
  try {
    const accepted = await submitWithRetry((envelope) => exchange.exchange.submit(envelope), signed.envelope, {
      signal: context.signal,
      onRetry: (error) => context.talk(bus.retrying(error.localizedMessages[context.language] ?? error.message)),
    });
    return readAccepted(accepted, { sent: signed, network: shard.network, origin: shard.origin });
  } catch (error) {
    if (error instanceof AnswerRejectedError) throw new CliError(EXIT.fault, bus.rejected(error.message));
    if (error instanceof BusCallError && error.outcomeUnknown && !error.unreachable) {
      throw new CliError(EXIT.unreachable, bus.outcomeUnknown(signed.dossier, agency), { cause: error });
    }
    throw error;
  }
}

async function tell(
  accepted: ReadAccepted,
  dossier: Dossier,
  moved: Dossier["branches"],
  { context, registry, agency, shard }: Submission,
): Promise<void> {
  const { messages, language, columns } = context;
  const procedure = await findProcedure(registry, dossier.procedure);
  const route: RouteRecord | undefined = routeOf(procedure, dossier.route);
  const names = await lookUpNames(registry.registry, dossierAgencies(dossier), route);
  const lines = moved.map((branch) => branchSentence(branch, dossier.branches, { names, language, messages }));
  // Custody that came back to somebody else: after a refusal, or a recall that was agreed to.
  const cameBack = ({ state, holder, pending }: Branch) =>
    (state === BranchState.BRANCH_STATE_WORKING || state === BranchState.BRANCH_STATE_COMPLETED) &&
    holder !== agency &&
    pending === undefined;
  const next = [
    ...new Set(
      moved
        .map((branch) =>
          cameBack(branch)
            ? messages.actions.holderDecides(names.office(branch.holder, branch.unit))
            : nextActions(branch, dossier, route, { names, messages }),
        )
        .filter(Boolean),
    ),
  ];
  if (dossier.ended) lines.push(messages.done.ended);
  else if (next.length > 0) lines.push(messages.done.next(next.join("; ")));
  if (accepted.repeated) lines.push(messages.done.repeated);
  lines.push(messages.done.event(String(accepted.event.header.number), String(accepted.leafIndex)));
  if (isSimulated(shard)) lines.push(messages.time.scenarioClock);
  context.print(lines.flatMap((line) => wrapText(line, columns)).join("\n"));
}
