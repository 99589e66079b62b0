import { existsSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import type { StoredTlsMaterial } from "@lienthong/chassis";
import type { DataFolder } from "./data-folder.ts";
import type { DemonstrationShard } from "./demonstration-network.ts";

/** `run.json`: where a running bus is to be found. */
export interface RunFile {
  readonly grpc: { readonly registry: string; readonly exchange: string; readonly documents: string };
  readonly nats: string;
  readonly tls: { readonly ca: string; readonly certificates: Record<string, { certificate: string; key: string }> };
  readonly logs: readonly { readonly name: string; readonly origin: string }[];
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
    logs: [{ name: shard.name, origin: shard.origin }],
    shard: shard.name,
    keys: folder.agencyKeys,
    pid: process.pid,
  };
}

/** Writes it in one piece: whoever reads it sees the old one or the new one. */
export async function writeRunFile(folder: DataFolder, run: RunFile): Promise<void> {
  const aside = `${folder.runFile}.${process.pid}`;
  await writeFile(aside, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await rename(aside, folder.runFile);
}

/** Reads it; null where no bus runs on the folder. */
export function readRunFile(folder: DataFolder): RunFile | null {
  return existsSync(folder.runFile) ? (JSON.parse(readFileSync(folder.runFile, "utf8")) as RunFile) : null;
}
