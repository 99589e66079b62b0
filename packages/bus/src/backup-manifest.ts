import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { BackupRefusedError } from "./backup-error.ts";

/** A file of a backup. */
export interface BackedUpFile {
  /** Under the backup's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What a stream of the backup is of. */
export type StreamKind = "registry" | "events" | "settled" | "access";

/** A stream in a backup. */
export interface BackedUpStream {
  readonly kind: StreamKind;
  /** Null for the network's own streams. */
  readonly shard: string | null;
  readonly file: string;
  readonly messages: number;
  /** Place of the last message that the file holds; 0 for none. */
  readonly lastSequence: number;
}

/** A transparency log in a backup: its leaves are the stream's messages, so only what was signed lies beside them. */
export interface BackedUpLog {
  readonly name: string;
  readonly origin: string;
  /** SQLite file with every signed head and its cosignatures. */
  readonly file: string;
  /** The newest of them, as the log signed it. */
  readonly signedSize: number;
  readonly note: string;
}

/** A head that a service kept outside the store. */
export interface BackedUpHead {
  /** Under the data folder. */
  readonly path: string;
  readonly generation: number;
  readonly sequence: number;
  /** 64 hexadecimal digits. */
  readonly leafHash: string;
}

/** `manifest.json` of a backup: written last, so that a folder without it is no backup. */
export interface BackupManifest {
  readonly format: "lienthong-backup";
  readonly version: 1;
  /** When it was begun and ended, real UTC. */
  readonly began: string;
  readonly ended: string;
  readonly software: { readonly lienthong: string; readonly node: string; readonly natsServer: string };
  /** Hash of the registry's first entry, 64 hexadecimal digits. */
  readonly network: string;
  readonly streams: readonly BackedUpStream[];
  readonly logs: readonly BackedUpLog[];
  readonly heads: readonly BackedUpHead[];
  readonly keys: {
    /** File with the operator's keys, encrypted; null: they were not asked for. */
    readonly file: string | null;
    /** Paths under the data folder that are in it. */
    readonly held: readonly string[];
    /** What is in no backup, ever, and must be kept elsewhere. */
    readonly never: readonly string[];
  };
  readonly files: readonly BackedUpFile[];
}

export const manifestName = "manifest.json";
const manifestBytesMax = 64 * 1024 * 1024;
const pathPattern = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

/** The hash that people write down: who has it and the manifest has the whole backup. */
export function sealOf(manifest: Uint8Array): string {
  return createHash("sha256").update(manifest).digest("hex");
}

/** SHA-256 of a file, read piece by piece. */
export async function hashOfFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Reads the manifest. Throws BackupRefusedError where there is none that can be read. */
export async function readManifest(directory: string): Promise<{ manifest: BackupManifest; seal: string }> {
  const bytes = await readFile(join(directory, manifestName)).catch((cause: NodeJS.ErrnoException) => {
    throw new BackupRefusedError(
      cause.code === "ENOENT"
        ? `${directory} is no whole backup: it has no ${manifestName}, which is written last. Name the folder of a backup that ended well.`
        : `${join(directory, manifestName)} cannot be read: ${cause.message}`,
      { cause },
    );
  });
  const odd = (what: string) =>
    new BackupRefusedError(`${manifestName} of ${directory} is damaged: ${what}. Take another copy of the backup.`);
  if (bytes.length > manifestBytesMax) throw odd("it is longer than a manifest can be");
  let value: BackupManifest;
  try {
    value = JSON.parse(bytes.toString("utf8")) as BackupManifest;
  } catch (cause) {
    throw odd(`it is not JSON (${(cause as Error).message})`);
  }
  const wrong = firstWrong(value);
  if (wrong !== null) throw odd(wrong);
  if (value.version !== 1) {
    throw new BackupRefusedError(
      `The backup in ${directory} is of version ${String(value.version)}; this command reads version 1. Use the version that wrote it, or a newer one.`,
    );
  }
  return { manifest: value, seal: sealOf(bytes) };
}

/** Compares every file with the manifest. Throws BackupRefusedError that names the first one that differs. */
export async function expectFilesOf(
  directory: string,
  manifest: BackupManifest,
  onFile: (path: string) => void = () => {},
): Promise<void> {
  const known = new Set<string>([manifestName, ...manifest.files.map(({ path }) => path)]);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = relative(directory, join(entry.parentPath, entry.name));
    if (!known.has(path))
      throw new BackupRefusedError(`${path} is not in the manifest of ${directory}: it was put there afterwards.`);
  }
  for (const { path, bytes, sha256 } of manifest.files) {
    onFile(path);
    const found = await hashOfFile(join(directory, path)).catch((cause: NodeJS.ErrnoException) => {
      throw new BackupRefusedError(
        cause.code === "ENOENT" ? `${path} of the backup is missing.` : `${path} cannot be read: ${cause.message}`,
        { cause },
      );
    });
    if (found.bytes !== bytes || found.sha256 !== sha256) {
      throw new BackupRefusedError(
        `${path} of the backup is not the file that was written (${found.bytes} bytes instead of ${bytes}, or other ones). Take another copy of the backup.`,
      );
    }
  }
}

function firstWrong(value: unknown): string | null {
  const isText = (part: unknown) => typeof part === "string";
  const isCount = (part: unknown) => Number.isSafeInteger(part) && (part as number) >= 0;
  const isHash = (part: unknown) => typeof part === "string" && /^[0-9a-f]{64}$/.test(part);
  const isPath = (part: unknown) =>
    typeof part === "string" && pathPattern.test(part) && !part.split("/").some((name) => /^\.+$/.test(name));
  const manifest = value as Partial<BackupManifest> | null;
  if (typeof manifest !== "object" || manifest === null || manifest.format !== "lienthong-backup")
    return "it does not say that it is a backup";
  if (manifest.version !== 1) return null;
  if (!isHash(manifest.network)) return "network";
  const { files, streams, logs, heads, keys } = manifest;
  if (!Array.isArray(files) || !Array.isArray(streams) || !Array.isArray(logs) || !Array.isArray(heads))
    return "its lists";
  for (const file of files) if (!isPath(file?.path) || !isCount(file.bytes) || !isHash(file.sha256)) return "files";
  const listed = new Set(files.map(({ path }) => path));
  for (const stream of streams) {
    if (!listed.has(stream?.file) || !isCount(stream.messages) || !isCount(stream.lastSequence)) return "streams";
    if (!(stream.shard === null || isText(stream.shard)) || !isText(stream.kind)) return "streams";
  }
  for (const log of logs) {
    if (
      !listed.has(log?.file) ||
      !isPath(log.name) ||
      !isText(log.origin) ||
      !isText(log.note) ||
      !isCount(log.signedSize)
    )
      return "logs";
  }
  for (const head of heads) {
    if (!isPath(head?.path) || !isCount(head.generation) || !isCount(head.sequence) || !isHash(head.leafHash))
      return "heads";
  }
  if (typeof keys !== "object" || keys === null || !(keys.file === null || listed.has(keys.file))) return "keys";
  if (!Array.isArray(keys.held) || !keys.held.every(isPath)) return "keys";
  return null;
}
