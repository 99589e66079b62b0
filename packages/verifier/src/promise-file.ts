import { dossierCodePattern, shardPattern } from "@lienthong/statement";
import { encodeBase64 } from "@lienthong/tlog";
import { type BundleRegistry, bundleCharactersMax, readNetwork, readRegistry, registryJson } from "./bundle.ts";
import { JsonValue } from "./strict-json.ts";

/** What the bus answered to a statement, with all that is needed to hold it to its word. */
export interface PromiseFile {
  /** Hash of the registry's entry 0, 32 bytes. */
  readonly network: Uint8Array;
  readonly shard: string;
  readonly dossier: string;
  /** Where the bus said the event lies. */
  readonly leafIndex: number;
  /** The serialised Event. */
  readonly event: Uint8Array;
  /** A serialised lienthong.ledger.v1.Promise. */
  readonly promise: Uint8Array;
  /** A tlog-policy file; a reader should use one of their own. */
  readonly policy: string;
  /** The registry's part that shows whose promise it is. */
  readonly registry: BundleRegistry;
}

/** A promise, a checkpoint from after it was due, and every leaf under that: the event's is not among them. */
export interface EvidenceFile {
  readonly promise: PromiseFile;
  /** Signed note. */
  readonly checkpoint: string;
  /** Leaf hashes under it, in order. */
  readonly leafHashes: readonly Uint8Array[];
}

const promiseMembers = ["network", "shard", "dossier", "leafIndex", "event", "promise", "policy", "registry"] as const;

/** Reads a promise file. Throws FileUnreadableError with the place. */
export function readPromiseFile(text: string): PromiseFile {
  return readPromiseValue(JsonValue.parse(text, bundleCharactersMax));
}

function readPromiseValue(value: JsonValue): PromiseFile {
  const members = value.members(["format", "version", ...promiseMembers]);
  members.format.exactly("lienthong-promise");
  members.version.exactly(1);
  return {
    network: readNetwork(members.network),
    shard: members.shard.matching(shardPattern, "the name of a shard"),
    dossier: members.dossier.matching(dossierCodePattern, "an official dossier code such as H26-250505-0001"),
    leafIndex: members.leafIndex.count(0),
    event: members.event.bytes(1, 65_535),
    promise: members.promise.bytes(1, 4_096),
    policy: members.policy.text(1_000_000),
    registry: readRegistry(members.registry),
  };
}

/** Reads a file of evidence. Throws FileUnreadableError with the place. */
export function readEvidenceFile(text: string): EvidenceFile {
  const members = JsonValue.parse(text, bundleCharactersMax).members([
    "format",
    "version",
    "promise",
    "checkpoint",
    "leafHashes",
  ]);
  members.format.exactly("lienthong-promise-evidence");
  members.version.exactly(1);
  const joined = members.leafHashes.bytes(0, bundleCharactersMax);
  if (joined.length % 32 !== 0) throw members.leafHashes.refuse("hashes of 32 bytes, one after the other");
  return {
    promise: readPromiseValue(members.promise),
    checkpoint: members.checkpoint.text(1_000_000),
    leafHashes: Array.from({ length: joined.length / 32 }, (_, index) => joined.subarray(32 * index, 32 * index + 32)),
  };
}

/** A promise file, ending in a line end. */
export function writePromiseFile(file: PromiseFile): string {
  return `${JSON.stringify(promiseJson(file), null, 1)}\n`;
}

/** A file of evidence, ending in a line end. */
export function writeEvidenceFile({ promise, checkpoint, leafHashes }: EvidenceFile): string {
  const joined = new Uint8Array(leafHashes.length * 32);
  for (const [index, hash] of leafHashes.entries()) joined.set(hash, index * 32);
  const file = {
    format: "lienthong-promise-evidence",
    version: 1,
    promise: promiseJson(promise),
    checkpoint,
    leafHashes: encodeBase64(joined),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

function promiseJson(file: PromiseFile) {
  return {
    format: "lienthong-promise",
    version: 1,
    network: Array.from(file.network, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    shard: file.shard,
    dossier: file.dossier,
    leafIndex: file.leafIndex,
    event: encodeBase64(file.event),
    promise: encodeBase64(file.promise),
    policy: file.policy,
    registry: registryJson(file.registry),
  };
}
