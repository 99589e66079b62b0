/**
 * The one place that makes and takes apart NATS subjects and stream names. A dossier code contains dots, which NATS
 * reads as token separators, so it is escaped here and nowhere else.
 */

const shardPattern = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const dossierCodePattern = /^[A-Y0-9][0-9A-Z]{2}(\.[0-9A-Z]{2,3}){0,6}-(\d{6}|\d{8})-\d{4,12}$/;
const agencyPattern = /^[a-z0-9](?:[a-z0-9-]{0,63})$/;
const subscriptionPattern = /^[a-z0-9](?:[a-z0-9-]{0,30})$/;

/** Dossier codes never start with "_", so this token cannot be mistaken for one. */
const shardEventToken = "_shard";

/** The single subject of records of look-ups; no shard's subject has two tokens. */
export const accessSubject = "lt.access";

/** The stream that keeps them. */
export const accessStreamName = "LT_ACCESS";

/** The single subject of the registry's log. */
export const registrySubject = "lt.registry";

/** The stream that holds the registry's log. */
export const registryStreamName = "LT_REGISTRY";

/** What an event subject says; `dossier` is null for the shard's own events (`_shard`). */
export interface EventSubject {
  shard: string;
  dossier: string | null;
}

/** What a settlement subject says. */
export interface SettledSubject {
  shard: string;
  agency: string;
  subscription: string;
}

/** Returns the shard's name as a subject token, or throws a RangeError that says what a shard name is. */
export function shardToken(shard: string): string {
  if (!shardPattern.test(shard)) {
    throw new RangeError(
      `${quoted(shard)} is not a shard name: 1 to 32 of a-z, 0-9 and "-", with no "-" at either end, such as "hanoi-2026q4".`,
    );
  }
  return shard;
}

/** `lt.<shard>.event.<dossier>`, where each "." of the code is written "_". */
export function eventSubject(shard: string, dossierCode: string): string {
  if (!dossierCodePattern.test(dossierCode)) {
    throw new RangeError(
      `${quoted(dossierCode)} is not a dossier code: an agency code such as "H26.1A" or "000.00.01.H26", the day as ` +
        `YYMMDD or YYYYMMDD, and a number of 4 to 12 digits, joined by "-", such as "H26.01-261104-0001".`,
    );
  }
  return `lt.${shardToken(shard)}.event.${dossierCode.replaceAll(".", "_")}`;
}

/** `lt.<shard>.event._shard`: where the shard's own events go. */
export function shardEventSubject(shard: string): string {
  return `lt.${shardToken(shard)}.event.${shardEventToken}`;
}

/** Where an event of a shard goes; `dossier` is null for the shard's own events. */
export function subjectOfEvent(shard: string, dossier: string | null): string {
  return dossier === null ? shardEventSubject(shard) : eventSubject(shard, dossier);
}

/** The wildcard over all event subjects of a shard. */
export function allEventSubjects(shard: string): string {
  return `lt.${shardToken(shard)}.event.*`;
}

/** The inverse of `eventSubject` and `shardEventSubject`; throws a RangeError for any other subject. */
export function parseEventSubject(subject: string): EventSubject {
  const [root, shard, kind, token, ...rest] = subject.split(".");
  if (root !== "lt" || kind !== "event" || rest.length > 0 || shard === undefined || token === undefined) {
    throw new RangeError(`${quoted(subject)} is not an event subject: those read "lt.<shard>.event.<dossier>".`);
  }
  shardToken(shard);
  if (token === shardEventToken) return { shard, dossier: null };
  const dossier = token.replaceAll("_", ".");
  if (!dossierCodePattern.test(dossier)) {
    throw new RangeError(
      `${quoted(subject)} is not an event subject: ${quoted(token)} does not encode a dossier code.`,
    );
  }
  return { shard, dossier };
}

/** `lt.<shard>.settled.<agency>.<subscription>`: the position of one subscription. */
export function settledSubject(shard: string, agency: string, subscription: string): string {
  if (!agencyPattern.test(agency)) {
    throw new RangeError(
      `${quoted(agency)} is not an agency id: 1 to 64 of a-z, 0-9 and "-", starting with a letter or digit.`,
    );
  }
  if (!subscriptionPattern.test(subscription)) {
    throw new RangeError(
      `${quoted(subscription)} is not a subscription name: 1 to 31 of a-z, 0-9 and "-", starting with a letter or digit.`,
    );
  }
  return `lt.${shardToken(shard)}.settled.${agency}.${subscription}`;
}

/** The inverse of `settledSubject`; throws a RangeError for any other subject. */
export function parseSettledSubject(subject: string): SettledSubject {
  const [root, shard, kind, agency, subscription, ...rest] = subject.split(".");
  const complete = shard !== undefined && agency !== undefined && subscription !== undefined && rest.length === 0;
  if (root !== "lt" || kind !== "settled" || !complete) {
    throw new RangeError(
      `${quoted(subject)} is not a settlement subject: those read "lt.<shard>.settled.<agency>.<subscription>".`,
    );
  }
  settledSubject(shard, agency, subscription);
  return { shard, agency, subscription };
}

/** The stream that holds a shard's events. */
export function eventStreamName(shard: string): string {
  return `LT_EVENTS_${shardToken(shard)}`;
}

/** The stream that holds what a shard's subscriptions have settled. */
export function settledStreamName(shard: string): string {
  return `LT_SETTLED_${shardToken(shard)}`;
}

/** Foreign text inside a sentence: bounded, and with control characters made visible. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
