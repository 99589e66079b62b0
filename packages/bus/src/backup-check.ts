import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ShardRecord } from "@lienthong/contracts/registry/v1/record";
import {
  chainedEntries,
  keptHeads,
  type ProvenEntries,
  registryLogName,
  registryRules,
  shardRules,
} from "@lienthong/ledger";
import { hexOf, RegistryState } from "@lienthong/registry-state";
import {
  GrowingRoot,
  hashesEqual,
  leafHash,
  openCheckpoint,
  parsePolicy,
  signatureType,
  type VerifierKey,
  verifierKey,
} from "@lienthong/tlog";
import { BackupRefusedError } from "./backup-error.ts";
import { type BackedUpHead, type BackupManifest, expectFilesOf, readManifest } from "./backup-manifest.ts";
import { type BackedUpMessage, readMessageFile } from "./backup-messages.ts";
import type { ReportStart } from "./start-report.ts";

/** A log of a backup, as its leaves and its signed head prove it. */
export interface CheckedLog {
  /** "registry" or the shard's name. */
  readonly name: string;
  /** Null for the registry's. */
  readonly shard: string | null;
  readonly origin: string;
  /** Null for a registry whose log has signed nothing. */
  readonly key: VerifierKey | null;
  /** Leaves in the backup, sealed or not. */
  readonly entries: number;
  /** Leaves under the newest signed head in the backup; 0 where it has none. */
  readonly signedSize: number;
  /** That head; null where it has none. */
  readonly note: string | null;
  readonly root: Uint8Array;
  /** Roots at the sizes that were asked for, as far as the leaves go. */
  readonly rootsAt: ReadonlyMap<number, Uint8Array>;
}

/** A backup that was read from end to end. */
export interface CheckedBackup {
  readonly manifest: BackupManifest;
  /** SHA-256 of the manifest, which has the hash of everything else: the one thing to write down. */
  readonly seal: string;
  readonly policy: string;
  readonly logs: readonly CheckedLog[];
}

/** The registry folded, every entry checked: its network and the shards that it declares. */
export async function shardsOfRegistry(
  messages: AsyncIterable<{ readonly payload: Uint8Array }>,
): Promise<{ network: Uint8Array; shards: readonly ShardRecord[]; size: number }> {
  const state = new RegistryState();
  let waiting: Uint8Array[] = [];
  for await (const { payload } of messages) {
    waiting.push(Uint8Array.from(payload));
    if (waiting.length < 512) continue;
    await state.applyMany(waiting);
    waiting = [];
  }
  await state.applyMany(waiting);
  if (state.size === 0)
    throw new BackupRefusedError("The registry has no entry: there is no network to back up or restore.");
  return { network: state.network, shards: [...state.shards()].map(({ record }) => record), size: state.size };
}

/**
 * Reads a backup as a stranger would: every file against the manifest, the registry entry by entry under the registrar's signatures, each event's place in its
 * chain, every kept head against the leaves. Throws BackupRefusedError with the file that is wrong. `sizes`: at which roots are wanted, by log.
 */
export async function checkBackup(options: {
  readonly directory: string;
  readonly sizes?: ReadonlyMap<string, readonly number[]>;
  readonly report: ReportStart;
}): Promise<CheckedBackup> {
  const { directory, report } = options;
  const { manifest, seal } = await readManifest(directory);
  await expectFilesOf(directory, manifest);
  report(`All ${manifest.files.length} files are as they were written.`);
  const policy = await readFile(join(directory, "policy.txt"), "utf8").catch(() => "");
  const registryStream = manifest.streams.find(({ kind }) => kind === "registry");
  if (registryStream === undefined) throw new BackupRefusedError(`${directory} holds no registry.`);
  const { network, shards } = await shardsOfRegistry(messagesIn(directory, registryStream.file)).catch(
    (cause: Error) => {
      if (cause instanceof BackupRefusedError) throw cause;
      throw new BackupRefusedError(`${registryStream.file} is no registry: ${cause.message}`, { cause });
    },
  );
  if (hexOf(network) !== manifest.network) {
    throw new BackupRefusedError(`${registryStream.file} is the registry of another network than the manifest says.`);
  }
  const logs: CheckedLog[] = [];
  for (const stream of manifest.streams) {
    const { kind, shard, file } = stream;
    if (kind !== "registry" && kind !== "events") continue;
    const record = shards.find(({ name }) => name === shard);
    if (kind === "events" && record === undefined)
      throw new BackupRefusedError(
        `${file} is of the shard ${shard}, which the registry in the backup does not declare.`,
      );
    const name = shard ?? registryLogName;
    const told = manifest.logs.find((log) => log.name === name);
    const key = keyOf(name, record, policy, told?.origin);
    const checked = await checkLeaves({
      directory,
      file,
      messages: stream.messages,
      name,
      shard,
      key,
      heads: told === undefined ? [] : await keptHeads(join(directory, told.file)),
      keptFile: told?.file ?? "",
      note: told?.note ?? null,
      sizes: options.sizes?.get(key?.name ?? "") ?? [],
      outside: manifest.heads.filter(({ path }) => streamOfHead(path) === name),
    });
    if (told !== undefined && checked.signedSize !== told.signedSize)
      throw new BackupRefusedError(`${told.file} does not hold the signed head that the manifest names.`);
    report(`${file}: ${checked.entries} entries, ${checked.signedSize} of them under a signed head.`);
    logs.push(checked);
  }
  return { manifest, seal, policy, logs };
}

function messagesIn(directory: string, file: string): AsyncGenerator<BackedUpMessage> {
  return readMessageFile(join(directory, file), file);
}

/** The key of a log: a shard's as the registry names it, the registry's own as the policy does. */
function keyOf(
  name: string,
  record: ShardRecord | undefined,
  policy: string,
  origin: string | undefined,
): VerifierKey | null {
  if (record !== undefined) return verifierKey(record.origin, signatureType.ed25519, record.logPublicKey);
  if (origin === undefined) return null;
  const found = parsePolicy(policy).logs.find(({ key }) => key.name === origin);
  if (found === undefined)
    throw new BackupRefusedError(`policy.txt of the backup names no key for the log ${origin} (${name}).`);
  return found.key;
}

interface Leaves {
  readonly directory: string;
  readonly file: string;
  readonly messages: number;
  readonly name: string;
  readonly shard: string | null;
  readonly key: VerifierKey | null;
  /** Sizes and roots of all signed heads, ascending. */
  readonly heads: readonly { readonly size: number; readonly root: Uint8Array }[];
  readonly keptFile: string;
  readonly note: string | null;
  readonly sizes: readonly number[];
  /** Heads that services kept of this stream. */
  readonly outside: readonly BackedUpHead[];
}

/** Which stream a head outside the store is of. */
export function streamOfHead(path: string): string {
  const [first, shard, , file] = path.split("/");
  return first === "exchange" && file === "head" ? (shard ?? "") : registryLogName;
}

async function checkLeaves(leaves: Leaves): Promise<CheckedLog> {
  const { directory, file, name, shard, key, heads, keptFile, note } = leaves;
  const origin = key?.name ?? "";
  const tree = new GrowingRoot();
  const chain: ProvenEntries | null = shard === null ? null : chainedEntries(shardRules(shard, origin));
  const wanted = new Set(leaves.sizes);
  const rootsAt = new Map<number, Uint8Array>();
  const outside = Map.groupBy(leaves.outside, ({ sequence }) => sequence);
  let nextHead = 0;
  const compare = (): void => {
    if (wanted.has(tree.size)) rootsAt.set(tree.size, tree.root());
    for (; heads[nextHead]?.size === tree.size; nextHead++) {
      if (!hashesEqual(heads[nextHead]?.root as Uint8Array, tree.root()))
        throw new BackupRefusedError(
          `${file} and ${keptFile} contradict each other: its first ${tree.size} entries do not lead to the root that was signed.`,
        );
    }
  };
  compare();
  for await (const { sequence, subject, payload } of messagesIn(directory, file)) {
    if (sequence !== tree.size + 1)
      throw new BackupRefusedError(`${file} has no entry ${tree.size}; the next one is ${sequence - 1}.`);
    if (chain === null) {
      const refusal = registryRules.refusal({ index: tree.size, subject, payload }, () => tree.root());
      if (refusal !== null) throw new BackupRefusedError(`${file}: ${refusal}`);
    } else if (!chain.take(payload, subject)) {
      throw new BackupRefusedError(
        `${file}: entry ${tree.size} does not follow from those before it, or lies under another subject than it says.`,
      );
    }
    const hash = leafHash(payload);
    tree.append(hash);
    compare();
    for (const head of outside.get(sequence) ?? []) {
      if (head.leafHash !== hexOf(hash))
        throw new BackupRefusedError(
          `${file} holds another message ${sequence} than the one that ${head.path} had seen.`,
        );
    }
    outside.delete(sequence);
  }
  for (const head of [...outside.values()].flat()) {
    throw new BackupRefusedError(`${file} ends before message ${head.sequence}, which ${head.path} had seen.`);
  }
  if (tree.size !== leaves.messages)
    throw new BackupRefusedError(`${file} holds ${tree.size} entries, not ${leaves.messages}.`);
  const largest = heads.at(-1);
  if (nextHead < heads.length)
    throw new BackupRefusedError(
      `${file} ends at ${tree.size} entries, but ${keptFile} holds a signed head of ${largest?.size}.`,
    );
  let signedSize = 0;
  if (note !== null && key !== null) {
    const opened = await openCheckpoint(note, key).catch((cause: Error) => {
      throw new BackupRefusedError(
        `The head of ${name} in the manifest is not one that the log's key signed: ${cause.message}`,
        { cause },
      );
    });
    if (largest === undefined || opened.size !== largest.size || !hashesEqual(opened.root, largest.root))
      throw new BackupRefusedError(`${keptFile} does not hold the newest signed head of ${name}.`);
    signedSize = opened.size;
  }
  return { name, shard, origin, key, entries: tree.size, signedSize, note, root: tree.root(), rootsAt };
}
