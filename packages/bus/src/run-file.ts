import { existsSync, readFileSync } from "node:fs";
import { replacePrivateFile, type StoredTlsMaterial } from "@lienthong/chassis";
import type { DataFolder } from "./data-folder.ts";
import type { DemonstrationShard } from "./demonstration-network.ts";

/** A transparency log and where it is served. All but name and origin are empty while no ledger keeps it. */
export interface LogAnnouncement {
  /** The shard's name, or "registry". */
  readonly name: string;
  readonly origin: string;
  /** Over HTTP, without a slash at the end. */
  readonly url: string;
  /** Verifier key (C2SP signed-note). */
  readonly vkey: string;
  /** Bearer token with which auditors and mirrors read entries. */
  readonly entriesToken: string;
}

/** A log that no ledger keeps yet. */
export function unkeptLog({ name, origin }: { name: string; origin: string }): LogAnnouncement {
  return { name, origin, url: "", vkey: "", entriesToken: "" };
}

/** The logs of the shards that are served, with what the ledger says of them, and the others that the ledger keeps. */
export function mergeLogs(
  shards: readonly { name: string; origin: string }[],
  kept: readonly LogAnnouncement[],
): LogAnnouncement[] {
  const others = kept.filter((log) => !shards.some(({ name }) => name === log.name));
  return [...others, ...shards.map((shard) => kept.find(({ name }) => name === shard.name) ?? unkeptLog(shard))];
}

/** `run.json`: where a running bus is to be found. */
export interface RunFile {
  readonly grpc: {
    readonly registry: string;
    readonly exchange: string;
    readonly documents: string;
    readonly ledger: string;
    readonly audit: string;
  };
  readonly nats: string;
  readonly tls: { readonly ca: string; readonly certificates: Record<string, { certificate: string; key: string }> };
  /** The logs of the shards, in the order in which they joined, and that of the registry. */
  readonly logs: readonly LogAnnouncement[];
  readonly shard: string;
  /** Folder of the demonstration seals, `<agency>.pem`. */
  readonly keys: string;
  readonly pid: number;
}

/** Describes a bus. Addresses are empty for services that do not run. */
export function runFileOf(
  folder: DataFolder,
  shard: DemonstrationShard,
  nats: string,
  grpc: RunFile["grpc"],
  server: StoredTlsMaterial,
  systems: ReadonlyMap<string, StoredTlsMaterial>,
): RunFile {
  const certificates: Record<string, { certificate: string; key: string }> = {};
  for (const [id, material] of systems) {
    certificates[id] = { certificate: material.files.certPath, key: material.files.keyPath };
  }
  return {
    grpc,
    nats,
    tls: { ca: server.files.caPath, certificates },
    logs: [unkeptLog(shard)],
    shard: shard.name,
    keys: folder.agencyKeys,
    pid: process.pid,
  };
}

/** Writes it in one piece: whoever reads it sees the old one or the new one, after a power cut, too. */
export async function writeRunFile(folder: DataFolder, run: RunFile): Promise<void> {
  await replacePrivateFile(folder.runFile, `${JSON.stringify(run, null, 2)}\n`);
}

/** Reads it; null where no bus runs on the folder. */
export function readRunFile(folder: DataFolder): RunFile | null {
  return existsSync(folder.runFile) ? (JSON.parse(readFileSync(folder.runFile, "utf8")) as RunFile) : null;
}
