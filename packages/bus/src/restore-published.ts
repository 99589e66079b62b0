import { readFile } from "node:fs/promises";
import { openCheckpoint, parseCheckpoint, parseNote, parsePolicy } from "@lienthong/tlog";
import { collectCosignatures } from "@lienthong/witness";
import type { CheckedBackup } from "./backup-check.ts";
import { BackupRefusedError } from "./backup-error.ts";

/** A signed head of one of the logs that is known from elsewhere than the backup. */
export interface PublishedHead {
  /** Where it was found, for sentences. */
  readonly source: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

const answerMsMax = 15_000;
const noteBytesMax = 1024 * 1024;

/** Reads heads from files and addresses: signed notes as `/checkpoint` of a log serves them. Throws BackupRefusedError where one cannot be read. */
export async function readPublished(sources: readonly string[]): Promise<PublishedHead[]> {
  return Promise.all(
    sources.map(async (source) => {
      const note = await (/^https?:\/\//.test(source) ? fetchNote(source) : readFile(source, "utf8")).catch(
        (cause: Error) => {
          throw new BackupRefusedError(`${source} cannot be read: ${cause.message}`, { cause });
        },
      );
      try {
        const { origin, size, root } = parseCheckpoint(parseNote(note).text);
        return { source, origin, size, root, note };
      } catch (cause) {
        throw new BackupRefusedError(`${source} is no checkpoint of a log: ${(cause as Error).message}`, { cause });
      }
    }),
  );
}

async function fetchNote(url: string): Promise<string> {
  const answer = await fetch(url.endsWith("/checkpoint") ? url : `${url.replace(/\/+$/, "")}/checkpoint`, {
    signal: AbortSignal.timeout(answerMsMax),
    redirect: "error",
  });
  if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  const text = await answer.text();
  if (text.length > noteBytesMax) throw new Error("it answers with more than a checkpoint");
  return text;
}

/** What is known of a log outside the backup. */
export interface Compared {
  /** Log's name. */
  readonly log: string;
  readonly origin: string;
  /** Entries that the backup has. */
  readonly entries: number;
  /** Largest size that anybody is known to have seen; 0 where nothing is known. */
  readonly publishedSize: number;
  /** Who knows it: files, addresses, witnesses. */
  readonly from: readonly string[];
  /** Sentences about witnesses that could not be asked. */
  readonly unheard: readonly string[];
}

/**
 * Holds a backup against what was published: the heads given, and what the witnesses of its policy have cosigned. Throws BackupRefusedError where a head
 * contradicts the backup's leaves: then one of the two was forged or the log was forked, and nobody may go on with either before that is settled.
 */
export async function comparePublished(
  checked: CheckedBackup,
  published: readonly PublishedHead[],
): Promise<Compared[]> {
  const policy = checked.policy === "" ? null : parsePolicy(checked.policy);
  const known = new Set(checked.logs.map(({ origin }) => origin));
  for (const { source, origin } of published) {
    if (!known.has(origin))
      throw new BackupRefusedError(`${source} is a checkpoint of ${origin}, which is no log of this backup.`);
  }
  return Promise.all(
    checked.logs.map(async (log): Promise<Compared> => {
      const from: string[] = [];
      let publishedSize = 0;
      for (const head of published.filter(({ origin }) => origin === log.origin)) {
        if (log.key !== null)
          await openCheckpoint(head.note, log.key).catch((cause: Error) => {
            throw new BackupRefusedError(
              `${head.source} is not signed by the key of the log ${log.origin}: ${cause.message}`,
              { cause },
            );
          });
        const own = log.rootsAt.get(head.size);
        if (head.size <= log.entries && (own === undefined || Buffer.compare(own, head.root) !== 0)) {
          throw new BackupRefusedError(
            `${head.source} and the backup contradict each other: both are of ${log.origin}, and its first ${head.size} entries lead to different roots. ` +
              "Keep both: one of them was forged, or the log was forked. Nothing was restored.",
          );
        }
        publishedSize = Math.max(publishedSize, head.size);
        from.push(`${head.source} (${head.size})`);
      }
      const unheard: string[] = [];
      const witnesses = (policy?.witnesses ?? []).flatMap(({ name, url, key }) =>
        url === undefined ? [] : [{ name, url, vkey: key }],
      );
      if (log.note !== null && witnesses.length > 0) {
        const collected = await collectCosignatures({
          checkpoint: log.note,
          // A witness that knows a smaller tree knows of nothing newer, which is all that is asked.
          proofFrom: () => Promise.reject(new Error("it is only asked how far it has seen the log")),
          witnesses,
          timeoutMs: answerMsMax,
        });
        for (const { name } of collected.cosignatures) from.push(`${name} (${log.signedSize})`);
        for (const { name, kind, reason, knownSize } of collected.missing) {
          if (kind === "inconsistent")
            throw new BackupRefusedError(
              `${reason} The witness holds that the backup's log is another one. Nothing was restored.`,
            );
          if (kind === "ahead") {
            publishedSize = Math.max(publishedSize, knownSize ?? log.entries + 1);
            from.push(`${name} (${knownSize})`);
          } else if (kind === "no-proof") from.push(`${name} (not beyond ${log.signedSize})`);
          else unheard.push(reason);
        }
      }
      return { log: log.name, origin: log.origin, entries: log.entries, publishedSize, from, unheard };
    }),
  );
}
