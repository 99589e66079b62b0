import { join, resolve } from "node:path";
import { makeFolderDurably } from "@lienthong/chassis";
import { expectRestored } from "./restore-mark.ts";

/** Where things lie in a data folder. All paths are absolute. */
export interface DataFolder {
  readonly root: string;
  readonly runFile: string;
  /** There once the seed is in the registry as a whole. */
  readonly seededMark: string;
  readonly nats: string;
  readonly tls: string;
  readonly logs: string;
  /** Demonstration seals of agencies, `<agency>.pem`. */
  readonly agencyKeys: string;
  /** The registrar's key, which the operator would not have in earnest. */
  readonly registrarKey: string;
  /** Promise keys, `<replica>.pem`. */
  readonly promiseKeys: string;
  /** Keys of the shards' logs, `<shard>.pem`. */
  readonly logKeys: string;
  /** How far the registry service had read its log: its head outside NATS. */
  readonly registryHead: string;
  /** Heads of exchange replicas, a folder each. */
  readonly exchange: string;
  /** What waits for whom, a folder per replica. */
  readonly delivery: string;
  /** Index of the documents. */
  readonly documents: string;
  /** The index's embedded database, and the key of its page tokens. */
  readonly audit: string;
  /** The transparency logs, a folder each. */
  readonly ledger: string;
  /** Whom this network trusts: its logs and witnesses. */
  readonly policy: string;
}

/** The layout of a data folder, there or not. */
export function dataFolderAt(path: string): DataFolder {
  const root = resolve(path);
  return {
    root,
    runFile: join(root, "run.json"),
    seededMark: join(root, "seeded.json"),
    nats: join(root, "nats"),
    tls: join(root, "tls"),
    logs: join(root, "logs"),
    agencyKeys: join(root, "keys", "agencies"),
    registrarKey: join(root, "keys", "registrar.pem"),
    promiseKeys: join(root, "keys", "promise"),
    logKeys: join(root, "keys", "logs"),
    registryHead: join(root, "registry", "head"),
    exchange: join(root, "exchange"),
    delivery: join(root, "delivery"),
    documents: join(root, "documents"),
    audit: join(root, "audit"),
    ledger: join(root, "ledger"),
    policy: join(root, "policy.txt"),
  };
}

/** The same; makes the folders that must exist. Throws where a backup is only partly restored to it. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = dataFolderAt(path);
  expectRestored(folder.root);
  for (const path of [folder.nats, folder.tls, folder.logs, folder.agencyKeys, folder.promiseKeys, folder.logKeys]) {
    await makeFolderDurably(path);
  }
  return folder;
}
