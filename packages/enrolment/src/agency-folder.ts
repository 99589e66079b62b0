import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { keepPrivateFile, makeFolderDurably, readFileIfAny, syncFolder } from "@lienthong/chassis";
import { exportSigningKey, generateSigningKey, importSigningKey, type SigningKey } from "@lienthong/statement";

/** Kinds of seal that an agency can make. */
export const sealAlgorithms = ["ed25519", "p256", "rsa2048"] as const;

/** One of them. */
export type SealAlgorithm = (typeof sealAlgorithms)[number];

/** Where an agency's things lie. Once an approval is installed it is also a data folder for `--data`. All paths are absolute. */
export interface AgencyFolder {
  readonly root: string;
  /** The request made last. */
  readonly requestFile: string;
  /** The network this folder belongs to, from the approval installed first. */
  readonly networkFile: string;
  readonly runFile: string;
  readonly authorityFile: string;
  readonly keys: string;
  /** The seal in use, and the one that waits for its approval. */
  sealFile(agency: string): string;
  nextSealFile(agency: string): string;
  tlsKeyFile(system: string): string;
  nextTlsKeyFile(system: string): string;
  certificateFile(system: string): string;
}

/** The layout of an agency's folder. Makes nothing. */
export function agencyFolder(path: string): AgencyFolder {
  const root = resolve(path);
  const keys = join(root, "keys");
  const tls = join(root, "tls");
  return {
    root,
    requestFile: join(root, "request.json"),
    networkFile: join(root, "network.json"),
    runFile: join(root, "run.json"),
    authorityFile: join(tls, "authority.pem"),
    keys,
    sealFile: (agency) => join(keys, `${agency}.pem`),
    nextSealFile: (agency) => join(keys, `${agency}.next.pem`),
    tlsKeyFile: (system) => join(tls, `${system}.key.pem`),
    nextTlsKeyFile: (system) => join(tls, `${system}.next.key.pem`),
    certificateFile: (system) => join(tls, `${system}.pem`),
  };
}

/** Makes the folders, readable by their owner only. */
export async function makeAgencyFolder(folder: AgencyFolder): Promise<void> {
  for (const path of [folder.root, folder.keys, join(folder.root, "tls")]) {
    await makeFolderDurably(path);
  }
}

/** A key of the folder; null if there is none. Throws KeyRefusedError if it is none to sign with. */
export async function readSeal(file: string): Promise<SigningKey | null> {
  const pem = await readFileIfAny(file);
  return pem === null ? null : importSigningKey(pem);
}

/**
 * The key in a file, made here on first use, mode 0600. Asked again before its approval came, it is the same key: a crash between
 * making and asking leaves no second one.
 */
export async function ensureSeal(file: string, algorithm: SealAlgorithm): Promise<SigningKey> {
  const present = await readSeal(file);
  if (present !== null) return present;
  const key = generateSigningKey(algorithm === "rsa2048" ? "rsa" : algorithm);
  return importSigningKey(await keepPrivateFile(file, exportSigningKey(key)));
}

/** Puts the waiting file in the place of the one in use; the old one is kept aside under `retiredAs`. Again is a no-op. */
export async function putInUse(waiting: string, inUse: string, retiredAs: string): Promise<void> {
  if (!existsSync(waiting)) return;
  if (existsSync(inUse) && !existsSync(retiredAs)) {
    await mkdir(join(retiredAs, ".."), { recursive: true, mode: 0o700 });
    // A second name, not a copy: after a crash here the key in use is still in its place.
    await link(inUse, retiredAs);
  }
  await rename(waiting, inUse);
  await syncFolder(dirname(inUse));
}

/** Agencies whose seals lie in the folder. */
export async function sealedAgencies(folder: AgencyFolder): Promise<string[]> {
  const names = await readdir(folder.keys).catch(() => []);
  return names.filter((name) => /^[a-z0-9-]+\.pem$/.test(name)).map((name) => name.slice(0, -4));
}

/** Text of a file that must be there. */
export async function readText(file: string): Promise<string> {
  return readFile(file, "utf8");
}

/** Removes a file if it is there. */
export async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
