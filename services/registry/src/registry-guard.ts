import { dirname } from "node:path";
import { makeFolderDurablySync } from "@lienthong/chassis";
import { type HeadWriter, openHeadWriter } from "@lienthong/event-store";
import { hexOf } from "@lienthong/registry-state";
import { hashesEqual } from "@lienthong/tlog";

/**
 * The registry's stream is not what this process, or the one before it on this disk, had read: it came back shorter or different.
 * Only the operator can end this.
 */
export class RegistryChangedError extends Error {
  override readonly name = "RegistryChangedError";
}

/** What this process has read of the registry, kept outside NATS (design: invariant 5). */
export interface RegistryGuard {
  /** Number of entries that were read and are remembered on disk; 0 if none ever were. */
  readonly committedSize: number;
  /** Holds an entry against what was remembered at the start. Throws RegistryChangedError. */
  check(number: bigint, hash: Uint8Array): void;
  /**
   * Resolves when the head on disk is at this size or beyond. A crash before it leaves an older head: what was read behind that is
   * read again, and had not been answered for.
   */
  commit(size: number, lastHash: Uint8Array): Promise<void>;
  /** The error for a stream that is shorter or different. */
  changed(how: string): RegistryChangedError;
  close(): Promise<void>;
}

/** The registry has no generations: it is restored byte for byte or begun anew, as another network. */
const generation = 1;

/**
 * Opens the head of one follower; one process at a time has it. Its folder is made if missing.
 * @throws an Error with a sentence if the file is there and cannot be read: then only a person may decide to go on.
 */
export function openRegistryGuard(headPath: string): RegistryGuard {
  makeFolderDurablySync(dirname(headPath));
  const writer: HeadWriter = openHeadWriter(headPath);
  const remembered = writer.written();

  function changed(how: string): RegistryChangedError {
    return changedRegistry(how, headPath);
  }

  return {
    committedSize: remembered?.sequence ?? 0,
    check(number, hash) {
      if (remembered === null || Number(number) + 1 !== remembered.sequence) return;
      if (hashesEqual(hash, remembered.leafHash)) return;
      throw changed(
        `entry ${number} has the hash ${hexOf(hash)}, but ${hexOf(remembered.leafHash)} was read here before: the stream was changed or replaced.`,
      );
    },
    commit: (size, lastHash) => writer.write({ generation, sequence: size, leafHash: lastHash }),
    changed,
    close: () => writer.close(),
  };
}

/** What to say about a registry that came back shorter or different. `headPath`: the head that knows, if there is one. */
export function changedRegistry(how: string, headPath: string | null): RegistryChangedError {
  const keep = headPath === null ? "" : ` Do not delete ${headPath}.`;
  return new RegistryChangedError(
    `The registry is not followed any more: ${how}${keep} Restore the stream LT_REGISTRY from its newest copy or from a mirror of the registry, then start again.`,
  );
}
