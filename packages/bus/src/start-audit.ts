import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AuditIndex, accessRecorder, auditService, openDatabase, PageTokens, pinnedNames } from "@lienthong/audit";
import { type LimitSettings, type Logger, realClock, type StoredTlsMaterial } from "@lienthong/chassis";
import { lockFolder } from "@lienthong/chassis/folder-lock";
import { authenticateSystem, delegationRefusal } from "@lienthong/exchange";
import type { RegistryFollower } from "@lienthong/registry";
import type { DataFolder } from "./data-folder.ts";
import { operatorSystem } from "./demonstration-network.ts";
import { followShards } from "./follow-shards.ts";
import { openPort } from "./open-port.ts";
import type { RunningParts } from "./running-parts.ts";
import { drainGraceMs } from "./start-exchange.ts";
import type { NatsAccess } from "./start-nats.ts";

/** The index of a network, with its port. */
export interface RunningAudit {
  readonly address: string;
  readonly index: AuditIndex;
}

/** What an index stands on. */
export interface AuditSurroundings {
  readonly folder: DataFolder;
  readonly nats: NatsAccess;
  readonly registry: RegistryFollower;
  readonly server: StoredTlsMaterial;
  readonly logger: Logger;
  /** gRPC port; 0: a free one. */
  readonly port: number;
  readonly share?: LimitSettings | undefined;
  /** PostgreSQL that holds the index; undefined: the embedded one in the data folder. */
  readonly databaseUrl?: string | undefined;
}

/** Starts the index for every shard that the registry declares now or later, and the service that answers from it. */
export async function startAudit(on: AuditSurroundings, parts: RunningParts): Promise<RunningAudit> {
  const { folder, nats, registry, logger } = on;
  const connection = await nats.connect("audit", "lienthong audit");
  parts.add("the audit's connection", () => connection.close());
  await mkdir(folder.audit, { recursive: true, mode: 0o700 });
  const lock = lockFolder(folder.audit);
  parts.add("the lock of the index's folder", async () => lock.release());
  const database = await openDatabase({ url: on.databaseUrl, directory: join(folder.audit, "pglite") });
  parts.add("the index's database", () => database.close());
  const health = { tell: (): void => {} };
  const index = await AuditIndex.open({
    database,
    connection,
    names: pinnedNames(registry.state),
    registryAt: (size) => registry.waitForSize(size),
    logger,
    onChange: () => health.tell(),
  });
  parts.add("the index", () => index.stop());

  const service = auditService({
    index,
    registry: () => registry.state,
    authorise(identity, agency) {
      const system = authenticateSystem(registry.state, identity);
      const refusal = agency === "" ? null : delegationRefusal(registry.state, system, agency, "agency");
      if (refusal !== null) throw refusal;
      return system;
    },
    operators: [operatorSystem],
    recordAccess: accessRecorder(connection, realClock),
    connection,
    tokens: await PageTokens.open(join(folder.audit, "page-token.key")),
    clock: realClock,
  });
  const listening = await openPort({ ...on, services: [service] });
  parts.add("the audit's port", () => listening.drain(drainGraceMs));
  listening.setServing("", true);
  // Questions about the other shards are still answered, as of where each stands; health says that not all go on.
  health.tell = () =>
    listening.setServing(
      service.fullName,
      index.indexers().every((indexer) => indexer.stoppedBecause() === null),
    );
  const following = await followShards(registry, async ({ name }) => index.followShard(name), logger);
  parts.add("the shards that the index waits for", () => following.stop());
  health.tell();
  return { address: listening.address, index };
}
