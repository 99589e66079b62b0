import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type DossierHead,
  type DossierHeads,
  type HeadWriter,
  openDossierHeads,
  openHeadWriter,
  type Reader,
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

/** Opens the heads of one replica in a folder of its own. Throws if they exist and cannot be read. */
export function openShardGuard(options: {
  directory: string;
  shard: string;
  generation: number;
  /** Leaves that the generation took over from those before it; 0 for the first. */
  generationFrom: number;
  reader: Reader;
  onStopped: (error: ShardStoppedError) => void;
}): ShardGuard {
  const { directory, shard, generation, generationFrom, reader, onStopped } = options;
  mkdirSync(directory, { recursive: true });
  const headWriter: HeadWriter = openHeadWriter(join(directory, "head"));
  const heads: DossierHeads = openDossierHeads(join(directory, "dossier-heads.sqlite"));
  let stoppedBy: ShardStoppedError | null = null;
  // Seen and not yet on disk: a transaction per event would cost more than the event. A crash loses this tail; the follower reads
  // it again from the position that is on disk.
  const unwritten = new Map<string, DossierHead & { dossier: string }>();
  let unwrittenPosition: { sequence: number; hash: Uint8Array } | null = null;
  let timer: NodeJS.Timeout | null = null;

  function writeHeads(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (unwrittenPosition === null) return;
    const { sequence, hash } = unwrittenPosition;
    heads.apply([...unwritten.values()], { generation, sequence, leafHash: hash });
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

  async function expectLeaf(sequence: number, hash: Uint8Array, whose: string): Promise<void> {
    const message = await reader.atSequence(sequence);
    if (message === null) throw stop(`${whose} names event ${sequence}, which the stream cannot give.`);
    if (!hashesEqual(leafHash(message.payload), hash)) {
      throw stop(
        `${whose} names event ${sequence} with another hash than the stream's: the stream was changed or replaced.`,
      );
    }
  }

  return {
    stopped: () => stoppedBy,
    stop,

    async compareWithStream() {
      if (stoppedBy !== null) throw stoppedBy;
      // Read before the stream is asked: both may move on while its answer is under way.
      const committed = [
        ["the head of the last event written here", headWriter.written()],
        ["the position of the follower", heads.position()],
      ] as const;
      const { firstSequence, lastSequence, messageCount } = await reader.state();
      if (lastSequence > 0 && (firstSequence !== 1 || messageCount !== lastSequence)) {
        throw stop(
          `the stream has holes: it counts ${messageCount} events between ${firstSequence} and ${lastSequence}.`,
        );
      }
      for (const [whose, head] of committed) {
        if (head === null) continue;
        // A later generation was declared over leaves that lie where they lay: what this head names must be one of them, which the
        // comparison of the leaf below shows.
        if (head.generation > generation || (head.generation < generation && head.sequence > generationFrom)) {
          throw stop(
            `${whose} is event ${head.sequence} of generation ${head.generation}; the stream is of generation ${generation}, which took over ${generationFrom} events.`,
          );
        }
        if (head.sequence > lastSequence) {
          throw stop(
            `the stream ends at event ${lastSequence}, but ${whose} is event ${head.sequence}: accepted events are missing.`,
          );
        }
        await expectLeaf(head.sequence, head.leafHash, whose);
      }
    },

    commit(sequence, hash) {
      return headWriter.write({ generation, sequence, leafHash: hash }).catch((error: Error) => {
        throw stop(`its head could not be written outside the store (${error.message}).`);
      });
    },

    remember(batch, sequence, hash) {
      for (const head of batch) unwritten.set(head.dossier, head);
      unwrittenPosition = { sequence, hash };
      if (unwritten.size >= rememberedMax) writeHeads();
      else timer ??= setTimeout(writeHeads, rememberWithinMs);
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
