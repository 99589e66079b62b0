import { dossierCodePattern, shardPattern } from "@lienthong/statement";
import { encodeBase64 } from "@lienthong/tlog";
import { JsonValue } from "./strict-json.ts";

/** A dossier's trail with all that is needed to check it offline. What each member means stands in docs/verify.md. */
export interface Bundle {
  /** Hash of the registry's entry 0, 32 bytes. */
  readonly network: Uint8Array;
  readonly shard: string;
  /** Official code. */
  readonly dossier: string;
  /** A tlog-policy file. Whoever verifies should use one of their own. */
  readonly policy: string;
  readonly trail: BundleTrail;
  readonly registry: BundleRegistry;
}

/** Events and the log that they lie in. */
export interface BundleTrail {
  /** Signed note under which all events are proven. */
  readonly checkpoint: string;
  /** In order of their number, from 1, without gaps. */
  readonly events: readonly BundleEvent[];
  /** Other checkpoints of the same log, earlier and later: between them the events are in time. */
  readonly checkpoints: readonly BundleCheckpoint[];
}

/** An event, or its hash where whoever asked for the bundle may not read it. */
export interface BundleEvent {
  readonly number: number;
  readonly leafIndex: number;
  /** The serialised Event; null where it is withheld. */
  readonly event: Uint8Array | null;
  /** Where it is withheld: its hash. */
  readonly hash: Uint8Array | null;
  /** Inclusion path under the trail's checkpoint. */
  readonly path: readonly Uint8Array[];
}

/** A checkpoint and the proof that it and the main one are of one growing log. */
export interface BundleCheckpoint {
  readonly checkpoint: string;
  /** From the smaller of the two sizes to the larger. */
  readonly consistency: readonly Uint8Array[];
}

/** The part of the registry that a trail rests on. */
export interface BundleRegistry {
  /** Signed note of the registry's log. */
  readonly checkpoint: string;
  /** Entries by number; the first is the genesis, the last the last entry under the checkpoint. */
  readonly entries: readonly { readonly entry: Uint8Array; readonly path: readonly Uint8Array[] }[];
  /** Number of leaves of the tree under `state_root` of the last entry. */
  readonly subjectCount: number;
  /** For each subject whose chain is here whole: the place of its last entry in that tree. */
  readonly subjects: readonly StateProof[];
  /** Subjects that the registry had never heard of, between their neighbours. */
  readonly absent: readonly AbsenceProof[];
  /** Heads that the events cite, smallest first, each with the proof that the log under the checkpoint begins with it. */
  readonly heads: readonly {
    readonly size: number;
    readonly root: Uint8Array;
    readonly consistency: readonly Uint8Array[];
  }[];
}

/** Where a subject stands in `state_root`. */
export interface StateProof {
  readonly kind: number;
  readonly id: string;
  readonly index: number;
  readonly path: readonly Uint8Array[];
}

/** A subject that is not in `state_root`: its neighbours there stand beside each other. */
export interface AbsenceProof {
  readonly kind: number;
  readonly id: string;
  /** Null: it would come first. */
  readonly before: NeighbourProof | null;
  /** Null: it would come last. */
  readonly after: NeighbourProof | null;
}

/** A neighbour, with the hash of its last entry. */
export interface NeighbourProof extends StateProof {
  readonly hash: Uint8Array;
}

/** Largest file that is read, in characters. */
export const bundleCharactersMax = 256 * 1_024 * 1_024;

const eventsMax = 100_000;
const entriesMax = 100_000;
const noteMax = 1_000_000;
const subjectPattern = /^[a-z0-9][a-z0-9./-]{0,127}$/;

/** Reads a bundle file. Throws FileUnreadableError with the place; no signature or proof is looked at. */
export function readBundle(text: string): Bundle {
  const file = JsonValue.parse(text, bundleCharactersMax);
  const members = file.members(["format", "version", "network", "shard", "dossier", "policy", "trail", "registry"]);
  members.format.exactly("lienthong-bundle");
  members.version.exactly(1);
  return {
    network: readNetwork(members.network),
    shard: members.shard.matching(shardPattern, "the name of a shard"),
    dossier: members.dossier.matching(dossierCodePattern, "an official dossier code such as H26-250505-0001"),
    policy: members.policy.text(noteMax),
    trail: readTrail(members.trail),
    registry: readRegistry(members.registry),
  };
}

/** A network as files and commands name it: 64 hexadecimal digits. */
export function readNetwork(value: JsonValue): Uint8Array {
  const text = value.matching(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits");
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(text.slice(2 * index, 2 * index + 2), 16));
}

function readTrail(value: JsonValue): BundleTrail {
  const { checkpoint, events, checkpoints } = value.members(["checkpoint", "events", "checkpoints"]);
  return {
    checkpoint: checkpoint.text(noteMax),
    events: events.items(eventsMax).map((item) => {
      const members = item.members(["number", "leafIndex", "event", "hash", "path"], ["event", "hash"]);
      if (members.event.isThere === members.hash.isThere) {
        throw item.refuse("either the event or, where it is withheld, its hash");
      }
      return {
        number: members.number.count(1),
        leafIndex: members.leafIndex.count(0),
        event: members.event.isThere ? members.event.bytes(1, 65_535) : null,
        hash: members.hash.isThere ? members.hash.bytes(32, 32) : null,
        path: members.path.hashes(),
      };
    }),
    checkpoints: checkpoints.items(1_000).map((item) => {
      const members = item.members(["checkpoint", "consistency"]);
      return { checkpoint: members.checkpoint.text(noteMax), consistency: members.consistency.hashes() };
    }),
  };
}

/** Reads the registry's part; promise files have it too. */
export function readRegistry(value: JsonValue): BundleRegistry {
  const members = value.members(["checkpoint", "entries", "subjectCount", "subjects", "absent", "heads"]);
  return {
    checkpoint: members.checkpoint.text(noteMax),
    entries: members.entries.items(entriesMax).map((item) => {
      const { entry, path } = item.members(["entry", "path"]);
      return { entry: entry.bytes(1, 65_535), path: path.hashes() };
    }),
    subjectCount: members.subjectCount.count(0),
    subjects: members.subjects.items(entriesMax).map((item) => {
      const subject = item.members(["kind", "id", "index", "path"]);
      return readStateProof(subject);
    }),
    absent: members.absent.items(1_000).map((item) => {
      const { kind, id, before, after } = item.members(["kind", "id", "before", "after"], ["before", "after"]);
      return {
        kind: kind.count(1, 1_000),
        id: id.matching(subjectPattern, "the id of a registry subject"),
        before: before.isThere ? readNeighbour(before) : null,
        after: after.isThere ? readNeighbour(after) : null,
      };
    }),
    heads: members.heads.items(eventsMax).map((item) => {
      const { size, root, consistency } = item.members(["size", "root", "consistency"]);
      return { size: size.count(1), root: root.bytes(32, 32), consistency: consistency.hashes() };
    }),
  };
}

function readStateProof(members: Record<"kind" | "id" | "index" | "path", JsonValue>): StateProof {
  return {
    kind: members.kind.count(1, 1_000),
    id: members.id.matching(subjectPattern, "the id of a registry subject"),
    index: members.index.count(0),
    path: members.path.hashes(),
  };
}

function readNeighbour(value: JsonValue): NeighbourProof {
  const members = value.members(["kind", "id", "hash", "index", "path"]);
  return { ...readStateProof(members), hash: members.hash.bytes(32, 32) };
}

const hashesJson = (hashes: readonly Uint8Array[]) => hashes.map(encodeBase64);
const hexJson = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A bundle as a file, ending in a line end. `readBundle` reads it back as the same. */
export function writeBundle(bundle: Bundle): string {
  const { network, shard, dossier, policy, trail, registry } = bundle;
  const file = {
    format: "lienthong-bundle",
    version: 1,
    network: hexJson(network),
    shard,
    dossier,
    policy,
    trail: {
      checkpoint: trail.checkpoint,
      events: trail.events.map(({ number, leafIndex, event, hash, path }) => ({
        number,
        leafIndex,
        ...(event === null ? { hash: encodeBase64(hash ?? new Uint8Array(32)) } : { event: encodeBase64(event) }),
        path: hashesJson(path),
      })),
      checkpoints: trail.checkpoints.map(({ checkpoint, consistency }) => ({
        checkpoint,
        consistency: hashesJson(consistency),
      })),
    },
    registry: registryJson(registry),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** The registry's part as it stands in a file. */
export function registryJson({ checkpoint, entries, subjectCount, subjects, absent, heads }: BundleRegistry) {
  const neighbour = (proof: NeighbourProof) => ({
    kind: proof.kind,
    id: proof.id,
    hash: encodeBase64(proof.hash),
    index: proof.index,
    path: hashesJson(proof.path),
  });
  return {
    checkpoint,
    entries: entries.map(({ entry, path }) => ({ entry: encodeBase64(entry), path: hashesJson(path) })),
    subjectCount,
    subjects: subjects.map(({ kind, id, index, path }) => ({ kind, id, index, path: hashesJson(path) })),
    absent: absent.map(({ kind, id, before, after }) => ({
      kind,
      id,
      ...(before === null ? {} : { before: neighbour(before) }),
      ...(after === null ? {} : { after: neighbour(after) }),
    })),
    heads: heads.map(({ size, root, consistency }) => ({
      size,
      root: encodeBase64(root),
      consistency: hashesJson(consistency),
    })),
  };
}
