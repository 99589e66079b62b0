import { join } from "node:path";
import { makeFolderDurablySync } from "@lienthong/chassis";
import {
  type DossierHead,
  type DossierHeads,
  eventSubject,
  type HeadWriter,
  LeaderUnconfirmedError,
  openDossierHeads,
  openHeadWriter,
  type Reader,
  type StreamPosition,
} from "@lienthong/event-store";
import { hashesEqual, leafHash } from "@lienthong/tlog";

/** The shard does not go on: the stream is not what was committed to. Only the operator can end this. */
export class ShardStoppedError extends Error {
  override readonly name = "ShardStoppedError";
}

/** What this replica has seen, kept outside NATS (design: invariant 5). */
export interface ShardGuard {
  /** Why the shard does not go on; null while it does. */
  stopped(): ShardStoppedError | null;
  /** Stops the shard for good. */
  stop(why: string): ShardStoppedError;
  /** Compares what was committed to with the stream; to be awaited after start and after every reconnect, before appending. */
  compareWithStream(): Promise<void>;
  /**
   * Compares one dossier as it was read with what this replica has seen of it. Stops the shard if the stream lost events of it; rejects
   * without stopping if it was only read from a leader that lags.
   */
  compareDossier(
    dossier: string,
    read: { readonly number: number; readonly sequence: number },
    seen: DossierHead,
  ): Promise<void>;
  /**
   * Resolves when the head on disk is at this event or a later one: one fsync serves every round that ended meanwhile. A later event in
   * the stream means that this one is in it, too. A crash after it and before the answer costs only the answer. Rejects, and stops the
   * shard, if the disk does not take it: without a head outside the store nobody may be answered.
   */
  commit(sequence: number, hash: Uint8Array): Promise<void>;
  /** Adds what the follower read; its tail may be lost, the follower refills it. */
  remember(batch: readonly (DossierHead & { dossier: string })[], sequence: number, hash: Uint8Array): void;
  /** Head of a dossier as this replica has seen it; null if it never saw one. */
  dossierHead(dossier: string): DossierHead | null;
  /** First sequence that the follower must read. */
  followFrom(): number;
  close(): Promise<void>;
}

/** Heads that were read wait at most so long, or until there are so many, before they go to disk in one transaction. */
const rememberWithinMs = 250;
const rememberedMax = 2_000;
/** Longer than a leader that was cut off takes to notice it. */
const shortDossierGraceMs = 30_000;
/** After a disk refused them. */
const rewriteAfterMs = 2_000;

/** Opens the heads of one replica in a folder of its own. Throws if they exist and cannot be read. */
export function openShardGuard(options: {
  directory: string;
  shard: string;
  generation: number;
  /** Leaves that the generation took over from those before it; 0 for the first. */
  generationFrom: number;
  reader: Reader;
  onStopped: (error: ShardStoppedError) => void;
  /** The disk did not take the table of dossier heads; told once, until it does again. */
  onHeadsUnwritten?: (error: Error) => void;
}): ShardGuard {
  const { directory, shard, generation, generationFrom, reader, onStopped, onHeadsUnwritten = () => {} } = options;
  // Heads that are fsynced in a folder whose name a power cut takes back would be gone with it, and nobody would miss them.
  makeFolderDurablySync(directory);
  const headWriter: HeadWriter = openHeadWriter(join(directory, "head"));
  const heads: DossierHeads = openDossierHeads(join(directory, "dossier-heads.sqlite"));
  let stoppedBy: ShardStoppedError | null = null;
  /** Since when a dossier has been read shorter than it was seen, by dossier. */
  const shortSince = new Map<string, number>();
  // Seen and not yet on disk: a transaction per event would cost more than the event. A crash loses this tail; the follower reads
  // it again from the position that is on disk.
  const unwritten = new Map<string, DossierHead & { dossier: string }>();
  let unwrittenPosition: { sequence: number; hash: Uint8Array } | null = null;
  let timer: NodeJS.Timeout | null = null;
  let headsFailing = false;
  let mayWriteHeadsAtMs = 0;

  function writeHeads(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (unwrittenPosition === null) return;
    const { sequence, hash } = unwrittenPosition;
    try {
      heads.apply([...unwritten.values()], { generation, sequence, leafHash: hash });
    } catch (error) {
      // A full disk, for one. The heads stay in memory, where they are looked up all the same, and are written when the disk is well again.
      if (!headsFailing) onHeadsUnwritten(error as Error);
      headsFailing = true;
      mayWriteHeadsAtMs = performance.now() + rewriteAfterMs;
      return;
    }
    headsFailing = false;
    unwritten.clear();
    unwrittenPosition = null;
  }

  function stop(why: string): ShardStoppedError {
    stoppedBy ??= new ShardStoppedError(
      `Shard ${shard} is stopped: ${why} Nothing is written until that is settled. Do not delete the heads in ${directory}: ` +
        `restore the stream that holds what was accepted (from the newest copy), then start again; ` +
        `if accepted events are lost for good, a new generation must be declared (docs/runbook.md).`,
    );
    onStopped(stoppedBy);
    return stoppedBy;
  }

  async function differsAt(sequence: number, hash: Uint8Array, whose: string): Promise<string | null> {
    const message = await reader.atSequence(sequence);
    if (message === null) return `${whose} names event ${sequence}, which the stream cannot give.`;
    if (hashesEqual(leafHash(message.payload), hash)) return null;
    return `${whose} names event ${sequence} with another hash than the stream's: the stream was changed or replaced.`;
  }

  /** What is wrong with the stream, as whoever takes itself for the leader shows it; null if nothing is. */
  async function lookAtStream(readState: () => Promise<StreamPosition>): Promise<string | null> {
    // Read before the stream is asked: both may move on while its answer is under way.
    const committed = [
      ["the head of the last event written here", headWriter.written()],
      ["the position of the follower", heads.position()],
    ] as const;
    const { firstSequence, lastSequence, messageCount } = await readState();
    if (lastSequence > 0 && (firstSequence !== 1 || messageCount !== lastSequence)) {
      return `the stream has holes: it counts ${messageCount} events between ${firstSequence} and ${lastSequence}.`;
    }
    for (const [whose, head] of committed) {
      if (head === null) continue;
      // A later generation was declared over leaves that lie where they lay: what this head names must be one of them, which the
      // comparison of the leaf below shows.
      if (head.generation > generation || (head.generation < generation && head.sequence > generationFrom)) {
        return `${whose} is event ${head.sequence} of generation ${head.generation}; the stream is of generation ${generation}, which took over ${generationFrom} events.`;
      }
      if (head.sequence > lastSequence) {
        return `the stream ends at event ${lastSequence}, but ${whose} is event ${head.sequence}: accepted events are missing.`;
      }
      const difference = await differsAt(head.sequence, head.leafHash, whose);
      if (difference !== null) return difference;
    }
    return null;
  }

  return {
    stopped: () => stoppedBy,
    stop,

    async compareWithStream() {
      if (stoppedBy !== null) throw stoppedBy;
      if ((await lookAtStream(() => reader.state())) === null) return;
      // A leader that was cut off from the others, or had been paused, shows an older stream for some seconds. Only what a leader shows
      // behind which a majority stands ends the shard; while there is none, this rejects and is tried again.
      const why = await lookAtStream(() => reader.confirmed());
      if (why !== null) throw stop(why);
    },

    async compareDossier(dossier, read, seen) {
      if (read.number >= seen.number && read.sequence >= seen.sequence) {
        shortSince.delete(dossier);
        return;
      }
      const { subjectMessageCount, replicas } = await reader.confirmed(eventSubject(shard, dossier));
      const shortSinceMs = shortSince.get(dossier) ?? performance.now();
      const isPassing = performance.now() - shortSinceMs < shortDossierGraceMs;
      // A leader that lags is replaced within seconds. On one server, or for longer, events are there that cannot be read.
      if (replicas > 1 && subjectMessageCount >= seen.number && isPassing) {
        shortSince.set(dossier, shortSinceMs);
        throw new LeaderUnconfirmedError(`Dossier ${dossier} was read from a leader that lags.`);
      }
      throw stop(
        read.number === 0
          ? `dossier ${dossier} has ${seen.number} events that this replica has seen, and the stream has none.`
          : `dossier ${dossier} ends at its event ${read.number} in the stream, but this replica has seen event ${seen.number}.`,
      );
    },

    commit(sequence, hash) {
      return headWriter.write({ generation, sequence, leafHash: hash }).catch((error: Error) => {
        throw stop(`its head could not be written outside the store (${error.message}).`);
      });
    },

    remember(batch, sequence, hash) {
      for (const head of batch) unwritten.set(head.dossier, head);
      unwrittenPosition = { sequence, hash };
      const pauseMs = headsFailing ? Math.max(0, mayWriteHeadsAtMs - performance.now()) : rememberWithinMs;
      if (unwritten.size >= rememberedMax && (!headsFailing || pauseMs === 0)) writeHeads();
      else timer ??= setTimeout(writeHeads, pauseMs);
    },

    dossierHead: (dossier) => unwritten.get(dossier) ?? heads.get(dossier),
    followFrom: () => (heads.position()?.sequence ?? 0) + 1,

    async close() {
      writeHeads();
      heads.close();
      await headWriter.close();
    },
  };
}
