import { registrySubject, subjectOfEvent } from "@lienthong/event-store";
import { type EventPlace, readEventPlace } from "@lienthong/statement";
import { hashesEqual } from "@lienthong/tlog";

/** A message on its way into a log. */
export interface NextLeaf {
  /** Index that it gets. */
  readonly index: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** What must hold for a message before it becomes a leaf. One per log; it remembers the generation. */
export interface LeafRules {
  /** A leaf that is sealed already, met again after a start: only what must be remembered is taken from it. */
  remember(leaf: NextLeaf): void;
  /** Why a message may not become the next leaf, in a sentence; null if it may. `root`: of the leaves before it. */
  refusal(leaf: NextLeaf, root: () => Uint8Array): string | null;
}

/** Entries of the registry: their content is the registry's own business, checked by everybody who follows it. */
export const registryRules: LeafRules = {
  remember() {},
  refusal: ({ subject, index }) =>
    subject === registrySubject
      ? null
      : `message ${index + 1} lies under the subject ${subject}, not ${registrySubject}.`,
};

/**
 * Events of a shard: the subject follows from the payload, and a generation is declared by its first event. What a statement says in full is
 * for those who read it: the exchange took it in strictly, and a log that left out an event would hide it.
 */
export function shardRules(shard: string, origin: string): LeafRules {
  let generation = 1;

  function generationRefusal(event: EventPlace, index: number, root: () => Uint8Array): string | null {
    const what = event.shardEvent?.what;
    const started = what?.$case === "generationStarted" ? what.value : null;
    const told = event.generation;
    if (started === null) {
      return told === generation
        ? null
        : `message ${index + 1} is of generation ${told}, but generation ${generation} is the last that was declared.`;
    }
    if (told !== generation + 1 || started.generation !== told) {
      return `message ${index + 1} declares generation ${started.generation} after generation ${generation}.`;
    }
    if (Number(started.from) !== index || !hashesEqual(started.prefixRoot, root())) {
      return `message ${index + 1} declares a generation over leaves that are not those of this log.`;
    }
    if (started.origin !== origin) {
      return `message ${index + 1} declares that the shard goes on as the log ${started.origin}; this one, ${origin}, ends here.`;
    }
    generation = told;
    return null;
  }

  return {
    remember({ payload }) {
      generation = readEventPlace(payload).generation;
    },
    refusal({ index, subject, payload }, root) {
      let event: EventPlace;
      let wanted: string;
      try {
        event = readEventPlace(payload);
        wanted = subjectOfEvent(shard, event.dossier);
      } catch (error) {
        return `message ${index + 1} is not an event (${(error as Error).message})`;
      }
      if (event.shard !== shard) return `message ${index + 1} says that it is of the shard ${event.shard}.`;
      if (subject !== wanted)
        return `message ${index + 1} lies under the subject ${subject}, but what it says belongs under ${wanted}.`;
      if (index === 0) {
        const what = event.shardEvent?.what;
        const opened = what?.$case === "opened" ? what.value : null;
        if (opened === null) return "message 1 does not open the shard.";
        if (opened.origin !== origin)
          return `message 1 opens the shard as the log ${opened.origin}, but the registry names ${origin}.`;
      }
      return generationRefusal(event, index, root);
    },
  };
}
