import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderDurably, readFileIfAny, replaceDurably } from "@lienthong/chassis";
import { FolderInUseError, type FolderLock, lockFolder } from "@lienthong/chassis/folder-lock";
import { sha256 } from "@lienthong/tlog";
import { WitnessError } from "./witness-error.ts";

/** Two checkpoints of one log and size, both signed by it: what was cosigned, and what was refused. */
export interface ForkProof {
  readonly size: number;
  readonly cosigned: string;
  readonly refused: string;
}

/** Only the log itself can sign two roots for one size, and one proof convicts it; so many keep it from filling the disk. */
const forkProofsMax = 64;

/** What a witness remembers: the last checkpoint it cosigned, per log. */
export interface WitnessState {
  /** The note that was kept for an origin, as its bytes are now; null where none ever was. Throws WitnessError where one was and is gone. */
  read(origin: string): Promise<string | null>;
  /** Keeps a note for an origin. Durable when it resolves; when it rejects, it may be kept or not. */
  keep(origin: string, note: string): Promise<void>;
  /**
   * Keeps a proof that a log forked: two notes that it signed for one size with different roots. Answers where, or null if enough of them are
   * there already. The first of a size stays.
   */
  keepFork(origin: string, fork: ForkProof): Promise<string | null>;
}

/** A state in a folder, which this process holds. */
export interface WitnessFolder extends WitnessState {
  readonly folder: string;
  release(): void;
}

/** Hexadecimal SHA-256 of an origin: how the protocol and the state's files name a log. */
export function originHash(origin: string): string {
  return Buffer.from(sha256(Buffer.from(origin, "utf8"))).toString("hex");
}

const originsFile = "origins";

/**
 * Opens the folder that a witness remembers in, and takes it for this process. A file `<hash>.checkpoint` per log holds the note; the file `origins`
 * lists the logs that were ever cosigned, so that a file that vanished is not taken for a log never seen, which would let it fork. Throws WitnessError.
 */
export async function openWitnessFolder(folder: string): Promise<WitnessFolder> {
  await makeFolderDurably(folder);
  const lock = lockForWitness(folder);
  try {
    const seen = new Set(readOrigins(folder, (await readFileIfAny(join(folder, originsFile))) ?? ""));
    const fileOf = (hash: string) => join(folder, `${hash}.checkpoint`);
    const keepOrigins = () =>
      replaceDurably(
        join(folder, originsFile),
        [...seen]
          .sort()
          .map((hash) => `${hash}\n`)
          .join(""),
      );

    // A crash between a log's first note and its name in the list leaves a file that the list lacks.
    const found = (await readdir(folder)).flatMap((name) => /^([0-9a-f]{64})\.checkpoint$/.exec(name)?.[1] ?? []);
    const unlisted = found.filter((hash) => !seen.has(hash));
    if (unlisted.length > 0) {
      for (const hash of unlisted) seen.add(hash);
      await keepOrigins();
    }

    return {
      folder,
      async read(origin) {
        const hash = originHash(origin);
        const note = await readFileIfAny(fileOf(hash));
        if (note === null && seen.has(hash)) {
          throw new WitnessError("STATE_MISSING", { file: fileOf(hash), origin });
        }
        return note;
      },
      async keep(origin, note) {
        const hash = originHash(origin);
        // The witness is bound from here on. A crash after this and before the answer: the log asks again, learns the size, and gets a new cosignature.
        await replaceDurably(fileOf(hash), note);
        if (seen.has(hash)) return;
        seen.add(hash);
        try {
          // A crash before this is made good at the next start, from the file itself.
          await keepOrigins();
        } catch (error) {
          seen.delete(hash);
          throw error;
        }
      },
      async keepFork(origin, { size, cosigned, refused }) {
        const name = `${originHash(origin)}.fork-${size}.json`;
        const kept = (await readdir(folder)).filter((each) => /\.fork-\d+\.json$/.test(each));
        if (kept.includes(name)) return join(folder, name);
        if (kept.length >= forkProofsMax) return null;
        const text = JSON.stringify({ origin, size, cosigned, refused }, null, 2);
        await replaceDurably(join(folder, name), `${text}\n`);
        return join(folder, name);
      },
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function readOrigins(folder: string, text: string): string[] {
  const lines = text.split("\n").slice(0, -1);
  if ((text !== "" && !text.endsWith("\n")) || lines.some((line) => !/^[0-9a-f]{64}$/.test(line))) {
    throw new WitnessError("LIST_DAMAGED", { file: join(folder, originsFile) });
  }
  return lines;
}

/** Two processes must never cosign from one state. */
function lockForWitness(folder: string): FolderLock {
  try {
    return lockFolder(folder);
  } catch (cause) {
    if (cause instanceof FolderInUseError) throw new WitnessError("FOLDER_IN_USE", { folder }, { cause });
    throw cause;
  }
}
