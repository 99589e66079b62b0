import type { AgencyPen, Connection } from "@lienthong/client";
import type { Branch, BranchState, Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import type { GetShardResponse } from "@lienthong/contracts/exchange/v1/exchange_service";
import { childrenOf } from "../bus/branch-tree.ts";
import type { Actor, Session } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import type { Messages } from "../messages/messages.ts";
import type { Submission } from "./submit-statement.ts";

/** A dossier that somebody is about to say something about. */
export interface DossierAtHand extends Submission {
  readonly exchange: Connection;
  readonly registry: Connection;
  readonly shard: GetShardResponse;
  readonly actor: Actor;
  /** The pen of who acts; the unit given is taken unless the user named another. */
  penFor(unit: string): Promise<AgencyPen>;
  readonly dossier: Dossier;
}

/** What is needed to say something as an agency, about a dossier or, without a code, before there is one. */
export async function prepare(
  session: Session,
  context: CommandContext,
  code: string | null = null,
): Promise<Omit<DossierAtHand, "dossier">> {
  const actor = session.actor();
  const exchange = await session.exchange(actor.agency);
  const name = code === null ? session.run.shard : await session.shardOf(exchange, code, actor.agency);
  const [registry, shard] = await Promise.all([session.registry(), exchange.exchange.getShard(name)]);
  const penFor = (unit: string) => session.pen({ agency: actor.agency, unit: actor.unit || unit }, shard);
  return { context, exchange, registry, shard, actor, agency: actor.agency, penFor };
}

/** The same with the dossier's state. */
export async function takeUp(session: Session, context: CommandContext, code: string): Promise<DossierAtHand> {
  const prepared = await prepare(session, context, code);
  const question = { shard: prepared.shard.shard, dossier: code, agency: prepared.agency };
  return { ...prepared, dossier: await prepared.exchange.exchange.getDossier(question) };
}

/** The branch that is meant: the one named, else the only one that fits. A named one is taken as it is; the bus says if it does not fit. */
export function pickBranch(
  { dossier, agency }: Pick<DossierAtHand, "dossier" | "agency">,
  named: string | undefined,
  fits: (branch: Branch) => boolean,
  { pick }: Messages,
): Branch {
  const ids = (branches: readonly Branch[]) => branches.map(({ branch }) => branch).join(", ");
  if (named !== undefined) {
    const branch = dossier.branches.find((candidate) => candidate.branch === named);
    if (branch === undefined) throw usageError(pick.branchUnknown(named, ids(dossier.branches)));
    return branch;
  }
  const fitting = dossier.branches.filter(fits);
  if (fitting.length > 1) throw usageError(pick.severalBranches(ids(fitting)));
  const [only] = fitting;
  if (only === undefined) throw new CliError(EXIT.refused, pick.noBranch(dossier.dossier, agency));
  return only;
}

/** Ids of new children of a branch; those that were used before are never used again. */
export function freshChildren({ branch }: Branch, { branches }: Dossier, count: number): string[] {
  const used = childrenOf(branch, branches).map((child) => Number(child.branch.slice(branch.length + 1)));
  const first = Math.max(0, ...used) + 1;
  return Array.from({ length: count }, (_, index) => `${branch}.${first + index}`);
}

/** The handoff of a branch that is on offer. */
export function handoffOf({ branch, head, pending }: Branch) {
  // Without a pending handoff the bus refuses and says why; the head stands in for what is not there.
  return { branch, head, forward: pending?.handoff?.forward ?? head };
}

/** Fits a branch that the agency holds in one of these states. */
export function heldIn(agency: string, ...states: readonly BranchState[]): (branch: Branch) => boolean {
  return ({ holder, state }) => holder === agency && states.includes(state);
}
