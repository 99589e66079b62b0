import type { Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";

/** Why an event concerns an agency. */
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
 * Whom an event must reach, its author left out. `senderOf` tells who forwarded a handoff; every end of a handoff reaches its
 * sender (invariant 6).
 */
export function audienceOf(
  event: ReadEvent,
  senderOf: (handoff: AnsweredHandoff) => string | undefined,
): AudienceMember[] {
  const answered = answeredHandoff(event);
  const sender = answered === null ? undefined : senderOf(answered);
  const members: AudienceMember[] = sender === undefined ? [] : [{ agency: sender, role: "sender" }];
  if (event.body.$case !== "statement") return members;
  const { statement } = event.body;
  members.push(...addressees(statement));
  return distinct(members.filter((member) => member.agency !== statement.author?.agency || member.role === "receiver"));
}

/** The handoff that an event ends or reports on; null for every other event. */
export function answeredHandoff(event: ReadEvent): AnsweredHandoff | null {
  if (event.body.$case === "bus") {
    const { bus } = event.body;
    return bus.what?.$case === "delivered" ? { forward: bus.cause, branch: bus.branch } : null;
  }
  if (event.body.$case !== "statement") return null;
  const what = event.body.statement.what;
  return what?.$case === "acknowledge" || what?.$case === "refuse" ? (what.value.handoff ?? null) : null;
}

function addressees(statement: Statement): AudienceMember[] {
  const what = statement.what;
  if (what?.$case === "forward") {
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
  const sorted = members.toSorted((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  return sorted.filter((member, index) => sorted.findIndex((other) => other.agency === member.agency) === index);
}
