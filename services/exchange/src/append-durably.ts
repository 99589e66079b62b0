import { busError } from "@lienthong/chassis";
import { type Appender, type AppendMessage, appendRefusals, type Reader } from "@lienthong/event-store";

/** An event to append. Drafts of one dossier follow each other; only the first of them carries the compare-and-set. */
export interface AppendDraft {
  readonly dossier: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** Stream sequence of the dossier's last event before this round; null for later drafts of the same dossier. */
  readonly expectedSequence: number | null;
}

/** What became of a round: what is durable now, and the dossiers that somebody else moved first. */
export interface AppendedRound<Draft extends AppendDraft> {
  readonly appended: readonly { readonly draft: Draft; readonly sequence: number }[];
  readonly losers: ReadonlySet<string>;
}

/**
 * Up to this many events, each of another dossier, go as plain publishes: a batch has a high fixed price on one replica. Measured on two
 * cores: 12 publishes take 5.4 ms, a batch of 12 takes 6.3; at 16 it is the other way round.
 */
export const singlePublishesMax = 12;
const pauseMsMin = 20;
const pauseMsMax = 500;

/**
 * Appends a round, whatever it takes: conflicts drop the losers and send the rest again; time-outs read the heads, find what
 * is there and send again what is missing, never blindly. Returns when each draft is durable or lost its race. Rejects with
 * STORE_UNAVAILABLE only while it is certain that nothing was stored, or through `beforeRetry`.
 */
export async function appendDurably<Draft extends AppendDraft>(
  drafts: readonly Draft[],
  store: { appender: Appender; reader: Reader },
  /** Called before every further attempt: waits for the connection, compares heads, answers those who waited too long; may throw. */
  beforeRetry: (why: string, outcomeKnown: boolean) => Promise<void>,
): Promise<AppendedRound<Draft>> {
  const appended: { draft: Draft; sequence: number }[] = [];
  const losers = new Set<string>();
  let remaining = drafts;
  let outcomeKnown = true;
  for (let pauseMs = pauseMsMin; remaining.length > 0; ) {
    const attempt = await attemptOnce(remaining, store.appender);
    appended.push(...attempt.appended);
    remaining = attempt.rest;
    if (remaining.length === 0) break;
    let { why } = attempt;
    if (attempt.conflict) {
      const sorted = await sortOut(remaining, store.reader).catch((error: Error) => error);
      if (sorted instanceof Error) {
        // Who lost cannot be seen now. The same drafts sent again meet the same compare-and-set, and then it is looked at again.
        why ??= sorted.message;
      } else {
        appended.push(...sorted.stored);
        for (const loser of sorted.losers) losers.add(loser);
        remaining = sorted.missing;
        // From here on nobody's copy of this batch is under way any more: a late one would lose its compare-and-set.
        outcomeKnown = true;
      }
    }
    if (why !== null) {
      outcomeKnown &&= attempt.nothingStored;
      await new Promise((resume) => setTimeout(resume, pauseMs));
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
      await beforeRetry(why, outcomeKnown);
    }
  }
  return { appended: appended.sort((a, b) => a.sequence - b.sequence), losers };
}

interface Attempt<Draft> {
  readonly appended: readonly { draft: Draft; sequence: number }[];
  /** What is not known to be stored. */
  readonly rest: readonly Draft[];
  /** Somebody's compare-and-set failed. */
  readonly conflict: boolean;
  /** Why it should be tried again after a pause; null if no pause is needed. */
  readonly why: string | null;
  /** With `why`: it is certain that none of `rest` was stored by this attempt. */
  readonly nothingStored: boolean;
}

async function attemptOnce<Draft extends AppendDraft>(
  drafts: readonly Draft[],
  appender: Appender,
): Promise<Attempt<Draft>> {
  const messages = drafts.map(
    (draft): AppendMessage => ({
      subject: draft.subject,
      payload: draft.bytes,
      expectedLastSubjectSequence: draft.expectedSequence,
    }),
  );
  const separate = drafts.length <= singlePublishesMax && drafts.every((draft) => draft.expectedSequence !== null);
  if (!separate) {
    const outcome = await appender.appendBatch(messages);
    switch (outcome.kind) {
      case "appended":
        return {
          appended: drafts.map((draft, index) => ({ draft, sequence: outcome.firstSequence + index })),
          rest: [],
          conflict: false,
          why: null,
          nothingStored: false,
        };
      case "conflict":
        return { appended: [], rest: drafts, conflict: true, why: null, nothingStored: true };
      case "refused":
        throwIfFinal(outcome.errorCode, outcome.description);
        return { appended: [], rest: drafts, conflict: false, why: outcome.description, nothingStored: true };
      case "unknown":
        return { appended: [], rest: drafts, conflict: false, why: outcome.cause.message, nothingStored: false };
    }
  }
  const outcomes = await appender.appendSingly(messages);
  const appended: { draft: Draft; sequence: number }[] = [];
  const rest: Draft[] = [];
  let conflict = false;
  let why: string | null = null;
  let nothingStored = true;
  for (const [index, outcome] of outcomes.entries()) {
    const draft = drafts[index] as Draft;
    if (outcome.kind === "appended") {
      appended.push({ draft, sequence: outcome.firstSequence });
      continue;
    }
    rest.push(draft);
    if (outcome.kind === "conflict") conflict = true;
    if (outcome.kind === "refused") {
      throwIfFinal(outcome.errorCode, outcome.description);
      why ??= outcome.description;
    }
    if (outcome.kind === "unknown") {
      why ??= outcome.cause.message;
      nothingStored = false;
    }
  }
  return { appended, rest, conflict, why, nothingStored };
}

/** JetStream: too many batches in flight, and the like, pass; what is wrong with the stream or our rights does not. */
const passingErrorCodes: ReadonlySet<number> = new Set([
  appendRefusals.notSent,
  appendRefusals.noResponders,
  10_210,
  10_008,
  10_077,
]);

function throwIfFinal(errorCode: number, description: string): void {
  if (passingErrorCodes.has(errorCode)) return;
  throw busError(
    "STORE_UNAVAILABLE",
    {},
    { cause: new Error(`The event store refused an append (${errorCode}): ${description}`) },
  );
}

/**
 * After a failed compare-and-set: one direct get of all heads tells who lost. A head that is our own last draft means that an
 * earlier attempt was stored after all.
 */
async function sortOut<Draft extends AppendDraft>(
  drafts: readonly Draft[],
  reader: Reader,
): Promise<{ stored: { draft: Draft; sequence: number }[]; losers: Set<string>; missing: readonly Draft[] }> {
  const byDossier = Map.groupBy(drafts, (draft) => draft.dossier);
  const subjects = [...byDossier.values()].map((group) => (group[0] as Draft).subject);
  const heads = new Map<string, { sequence: number; payload: Uint8Array } | undefined>(await reader.headsOf(subjects));
  const moved = (group: readonly Draft[]) =>
    (heads.get((group[0] as Draft).subject)?.sequence ?? 0) !== (group[0] as Draft).expectedSequence;
  if (![...byDossier.values()].some(moved)) {
    // The replica that answered lags behind the one that refused: ask the leader, one by one.
    for (const subject of subjects) heads.set(subject, (await reader.lastAtLeader(subject)) ?? undefined);
  }
  const stored: { draft: Draft; sequence: number }[] = [];
  const losers = new Set<string>();
  for (const [dossier, group] of byDossier) {
    if (!moved(group)) continue;
    const head = heads.get((group[0] as Draft).subject);
    const last = group.at(-1) as Draft;
    if (head !== undefined && Buffer.compare(head.payload, last.bytes) === 0) {
      // Drafts of one dossier lie as far apart in the stream as in the batch.
      const lastIndex = drafts.indexOf(last);
      for (const draft of group) stored.push({ draft, sequence: head.sequence - (lastIndex - drafts.indexOf(draft)) });
    } else {
      losers.add(dossier);
    }
  }
  const settled = new Set(stored.map(({ draft }) => draft));
  return { stored, losers, missing: drafts.filter((draft) => !settled.has(draft) && !losers.has(draft.dossier)) };
}
