import type { Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";
import { type BranchParties, type DossierParties, endedBranches, hexOf, openSiblings } from "./dossier-parties.ts";

/**
 * Why an event concerns an agency: custody is offered to it; something happened to what it handed over; or it is told, and nothing
 * is asked of it by this event.
 */
export type AudienceRole = "receiver" | "sender" | "copy";

/** An agency that an event must reach. */
export interface AudienceMember {
  readonly agency: string;
  readonly role: AudienceRole;
}

/** A handoff that an event answers: the hash of the forward (32 bytes) and the branch. */
export interface AnsweredHandoff {
  readonly forward: Uint8Array;
  readonly branch: string;
}

/**
 * Whom an event must reach, its author left out unless it forwarded to itself. `before` is what `evolveParties` told of the
 * dossier up to the event; null where it is not known or the dossier had ended, and then only those are told whom the event
 * itself names.
 *
 * Every end of a handoff reaches its sender (invariant 6), and every end of a branch the agencies that wait for it: who asked for the
 * opinion, who holds the other branches of the fork and may be able to join now, and the desk that answers to the citizen.
 */
export function audienceOfEvent(event: ReadEvent, before: DossierParties | null): AudienceMember[] {
  const { body } = event;
  if (body.$case === "shard") return [];
  if (body.$case === "bus") {
    if (body.bus.what?.$case !== "delivered") return [];
    const branch = before?.branches.get(body.bus.branch);
    // News of a handoff that is over concerns nobody any more.
    return branch?.forward === hexOf(body.bus.cause) ? [{ agency: branch.holder, role: "sender" }] : [];
  }
  const { statement } = body;
  const members = [...addressees(statement), ...(before === null ? [] : concerned(statement, before))];
  return distinct(members.filter(({ agency, role }) => agency !== statement.author?.agency || role === "receiver"));
}

/** Agencies that an event concerns because of where the dossier stands. */
function concerned(statement: Statement, before: DossierParties): AudienceMember[] {
  const id = statement.prior[0]?.branch ?? "";
  const branch = before.branches.get(id);
  const desk: AudienceMember = { agency: before.desk, role: "copy" };
  const holder = (role: AudienceRole): AudienceMember[] => [{ agency: branch?.holder ?? "", role }];
  switch (statement.what?.$case) {
    case "acknowledge":
    case "refuse":
    case "agreeRecall":
    case "refuseRecall":
      return holder("sender");
    case "askRecall":
      return [{ agency: branch?.receiver ?? "", role: "copy" }];
    case "bringSupplement":
      return holder("copy");
    case "requestSupplement":
    case "pause":
    case "resume":
    case "extend":
      return [desk];
    case "complete":
      return branch === undefined ? [] : askers(branch);
    case "withdraw":
      return atEnds(statement, before);
    case "return":
    case "stop":
      return [desk, ...atEnds(statement, before)];
    // A join is said by the one agency that holds all it joins. Who works at a branch inside its holder, and what is erased of
    // the bus's copies, concerns no other agency's duties.
    default:
      return [];
  }
}

/**
 * Everybody who has to do with the branches that a statement ends: who holds them, is offered them, waits for their opinion, or holds
 * another branch of the fork and may be able to join now.
 */
function atEnds(statement: Statement, before: DossierParties): AudienceMember[] {
  const ended = endedBranches(statement, before);
  const siblings = new Set(ended.flatMap((id) => openSiblings(id, before)).filter((id) => !ended.includes(id)));
  const involvedIn = (ids: Iterable<string>) =>
    [...ids].map((id) => before.branches.get(id)).filter((it) => it !== undefined);
  return [
    ...involvedIn(ended).flatMap((branch) => [...involved(branch), ...askers(branch)]),
    ...involvedIn(siblings).map(({ holder }): AudienceMember => ({ agency: holder, role: "copy" })),
  ];
}

/** Who holds a branch, and to whom it is offered. */
function involved({ holder, receiver }: BranchParties): AudienceMember[] {
  if (receiver === "") return [{ agency: holder, role: "copy" }];
  return [
    { agency: holder, role: "sender" },
    { agency: receiver, role: "copy" },
  ];
}

/** Who waits for an opinion; nobody where the branch gives none. */
function askers({ asker, lead }: BranchParties): AudienceMember[] {
  return [
    { agency: asker, role: "copy" },
    { agency: lead, role: "copy" },
  ];
}

/** The handoffs that an event ends. `before` as for `audienceOfEvent`. */
export function endedHandoffs(event: ReadEvent, before: DossierParties | null): AnsweredHandoff[] {
  if (event.body.$case !== "statement") return [];
  const { statement } = event.body;
  const answer = answerOf(statement);
  if (answer !== null) return [answer];
  if (before === null) return [];
  return endedBranches(statement, before).flatMap((branch) => {
    const forward = before.branches.get(branch)?.forward ?? "";
    return forward === "" ? [] : [{ forward: Uint8Array.from(Buffer.from(forward, "hex")), branch }];
  });
}

/**
 * The handoff that an event answers or reports on; null for every other event. Handoffs that end without an answer, because their
 * branch does, are told by `endedHandoffs`.
 */
export function answeredHandoff(event: ReadEvent): AnsweredHandoff | null {
  if (event.body.$case === "statement") return answerOf(event.body.statement);
  if (event.body.$case !== "bus" || event.body.bus.what?.$case !== "delivered") return null;
  return { forward: event.body.bus.cause, branch: event.body.bus.branch };
}

function answerOf({ what }: Statement): AnsweredHandoff | null {
  switch (what?.$case) {
    case "acknowledge":
    case "refuse":
    case "agreeRecall": {
      const { handoff } = what.value;
      return handoff === undefined ? null : { forward: handoff.forward, branch: handoff.branch };
    }
    default:
      return null;
  }
}

function addressees(statement: Statement): AudienceMember[] {
  const what = statement.what;
  if (what?.$case === "forward" || what?.$case === "consult") {
    return what.value.branches.flatMap((branch): AudienceMember[] => [
      { agency: branch.receiver?.agency ?? "", role: "receiver" },
      ...branch.copies.map((copy): AudienceMember => ({ agency: copy.agency, role: "copy" })),
    ]);
  }
  if (what?.$case === "complete") {
    return what.value.resultsTo.map((addressee): AudienceMember => ({ agency: addressee.agency, role: "copy" }));
  }
  return [];
}

/** Each agency once, under its weightiest role: receiver before sender before copy. */
function distinct(members: readonly AudienceMember[]): AudienceMember[] {
  const order: readonly AudienceRole[] = ["receiver", "sender", "copy"];
  const sorted = members
    .filter(({ agency }) => agency !== "")
    .toSorted((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  return sorted.filter((member, index) => sorted.findIndex((other) => other.agency === member.agency) === index);
}
