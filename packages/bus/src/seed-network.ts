import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  certificateKeyDigest,
  type DevelopmentAuthority,
  realClock,
  replacePrivateFile,
  type StoredTlsMaterial,
} from "@lienthong/chassis";
import { RecordStatus, ShardClock } from "@lienthong/contracts/registry/v1/record";
import { createAppender, createReader, registryStreamName } from "@lienthong/event-store";
import { seedRegistry } from "@lienthong/registry";
import type { SigningKey } from "@lienthong/statement";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Seed } from "../../../deploy/seed/seed.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { demonstrationKeyKind, ensureAgencyKeys, ensureSigningKey, type KeyKind } from "./demonstration-keys.ts";
import {
  type DemonstrationShard,
  type DemonstrationSystem,
  demonstrationAuditScopes,
  demonstrationNetworkName,
  demonstrationSystems,
  operatorSystem,
} from "./demonstration-network.ts";
import type { ReportStart, StartReport } from "./start-report.ts";

/** What a new registry begins with. */
export interface SeedNetworkOptions {
  /** Read only while the seed is not in the registry as a whole. */
  readonly seed: () => Promise<Seed>;
  readonly shard: DemonstrationShard;
  /** Systems and who delegates to them; by default those of the demonstration. */
  readonly systems?: ((seed: Seed) => DemonstrationSystem[]) | undefined;
  /**
   * Whether the network is a demonstration: every agency gets a seal that lies here, and a system that speaks for it. Otherwise no key
   * but the operator's own is made, and agencies enrol with keys that they make themselves.
   */
  readonly demonstration: boolean;
  /** Kind of seal that an agency gets; by default all three kinds occur. */
  readonly keyKind?: ((agency: string) => KeyKind) | undefined;
  /** Exchange replicas that get a promise key. 1 to 8. */
  readonly replicas: number;
  readonly report: ReportStart;
}

/** A network that stands. */
export interface SeededNetwork {
  readonly registrarKey: SigningKey;
  /** Client certificates by system. */
  readonly systems: ReadonlyMap<string, StoredTlsMaterial>;
}

/** Remembered when the seed is in the registry as a whole: then it is not looked at again. */
interface SeededMark {
  readonly systems: readonly string[];
  readonly replicas: number;
  readonly shard: DemonstrationShard;
}

const promiseDelaySeconds = 86_400n;

async function readMark(folder: DataFolder): Promise<SeededMark | null> {
  if (!existsSync(folder.seededMark)) return null;
  const odd = new Error(
    `${folder.seededMark} is not what a bus writes there. Restore it from a copy; without it the seed is compared with the registry anew.`,
  );
  let mark: SeededMark | null;
  try {
    mark = JSON.parse(await readFile(folder.seededMark, "utf8")) as SeededMark | null;
  } catch {
    throw odd;
  }
  const { systems, replicas, shard } = mark ?? ({} as Partial<SeededMark>);
  const isWhole =
    Array.isArray(systems) &&
    systems.every((system) => typeof system === "string" && system !== "") &&
    Number.isInteger(replicas) &&
    typeof shard?.name === "string" &&
    /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(shard.name) &&
    typeof shard.origin === "string" &&
    typeof shard.simulated === "boolean";
  if (!isWhole) throw odd;
  return mark;
}

/** Shard that a data folder was made for; null for a new folder. */
export async function shardOf(dataDirectory: string): Promise<DemonstrationShard | null> {
  return (await readMark(await openDataFolder(dataDirectory)))?.shard ?? null;
}

/** Loads the seed into an empty registry; after a crash in the middle, the rest of it. `connection` is of role `registry`. */
export async function seedNetwork(
  folder: DataFolder,
  authority: DevelopmentAuthority,
  connection: NatsConnection,
  options: SeedNetworkOptions,
): Promise<SeededNetwork> {
  const { shard, replicas, report } = options;
  const registrarKey = await ensureSigningKey(folder.registrarKey, "ed25519");
  const material = new Map<string, StoredTlsMaterial>();
  const mark = await readMark(folder);
  if (mark !== null && mark.shard.name !== shard.name) {
    throw new Error(
      `${folder.root} holds the shard ${mark.shard.name}, and ${shard.name} was asked for; use another data folder, or start without asking.`,
    );
  }
  if (mark !== null && mark.replicas >= replicas) {
    for (const id of mark.systems) {
      material.set(id, await authority.system(id, { operatorsOwn: id === operatorSystem }));
    }
    return { registrarKey, systems: material };
  }
  const seed = await options.seed();
  const { demonstration } = options;
  const every = (options.systems ?? demonstrationSystems)(seed);
  const systems = demonstration ? every : every.filter(({ id }) => id === operatorSystem);
  for (const { id } of systems) material.set(id, await authority.system(id, { operatorsOwn: id === operatorSystem }));
  const logKey = await ensureSigningKey(join(folder.logKeys, `${shard.name}.pem`), "ed25519");
  const agencyKeys = await ensureAgencyKeys(
    folder.agencyKeys,
    demonstration ? seed.agencies.map(({ record }) => record.id) : [],
    options.keyKind ?? demonstrationKeyKind,
  );
  const promiseKeys: { replica: string; key: SigningKey }[] = [];
  for (let index = 1; index <= replicas; index++) {
    const replica = `exchange-${index}`;
    promiseKeys.push({ replica, key: await ensureSigningKey(join(folder.promiseKeys, `${replica}.pem`), "ed25519") });
  }
  const seeded = await seedRegistry({
    append: createAppender({ connection, timeoutMs: 10_000 }),
    reader: createReader({ connection, streamName: registryStreamName }),
    registrarKey,
    networkName: demonstration ? demonstrationNetworkName : "lienthong",
    recordedTime: realClock.now(),
    report: (line) => report(line, fillingOf(line)),
    seed,
    systems: systems.map(({ id, name }) => ({
      id,
      name,
      responsibleAgency: "",
      certificateKeyDigests: [certificateKeyDigest((material.get(id) as StoredTlsMaterial).certPem)],
      status: RecordStatus.RECORD_STATUS_ACTIVE,
    })),
    agencyKeys: [...agencyKeys].map(([agency, key]) => ({ agency, key, demonstration: true })),
    delegations: systems.flatMap(({ id, agencies }) => agencies.map((agency) => ({ agency, system: id }))),
    promiseKeys,
    shards: [
      {
        name: shard.name,
        origin: shard.origin,
        // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the raw key (RFC 8410).
        logPublicKey: logKey.publicKey.slice(-32),
        promiseDelay: { seconds: promiseDelaySeconds, nanos: 0 },
        clock: shard.simulated ? ShardClock.SHARD_CLOCK_SIMULATED : ShardClock.SHARD_CLOCK_REAL,
        areaCodes: ["01"],
        closed: false,
      },
    ],
    auditScopes: demonstration ? demonstrationAuditScopes(seed) : [],
  });
  if (seeded.written > 0) {
    const root = Buffer.from(seeded.head.root).toString("hex").slice(0, 16);
    report(`The registry was seeded: ${seeded.head.size} entries, head ${root}…`, {
      what: "registry-seeded",
      entries: Number(seeded.head.size),
      head: root,
    });
  }
  const seededMark: SeededMark = { systems: [...material.keys()], replicas, shard };
  // A crash before this: the next start compares the seed with the registry and writes what is missing, which is nothing.
  await replacePrivateFile(folder.seededMark, `${JSON.stringify(seededMark)}\n`);
  return { registrarKey, systems: material };
}

/** The one thing that is said while the registry fills: how many entries of how many are there. */
function fillingOf(line: string): StartReport | undefined {
  const [entries, total] = (line.match(/\d+/g) ?? []).map(Number);
  return entries === undefined || total === undefined ? undefined : { what: "registry-filling", entries, total };
}
