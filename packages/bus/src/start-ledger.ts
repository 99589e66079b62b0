import { join } from "node:path";
import {
  type LimitSettings,
  type Logger,
  type PeerIdentity,
  readSecretFile,
  readTlsFiles,
  realClock,
  type StoredTlsMaterial,
  type TlsMaterial,
  type TlsPaths,
} from "@lienthong/chassis";
import type { ShardRecord } from "@lienthong/contracts/registry/v1/record";
import { authenticateSystem } from "@lienthong/exchange";
import {
  createLedger,
  ensureEntriesToken,
  type Ledger,
  type Log,
  ledgerService,
  registryLogName,
  serveLogHttp,
  speaksForAuditor,
} from "@lienthong/ledger";
import type { RegistryFollower } from "@lienthong/registry";
import type { DataFolder } from "./data-folder.ts";
import { ensureSigningKey } from "./demonstration-keys.ts";
import { followShards } from "./follow-shards.ts";
import { openPort } from "./open-port.ts";
import type { LogAnnouncement } from "./run-file.ts";
import type { RunningParts } from "./running-parts.ts";
import { drainGraceMs } from "./start-exchange.ts";
import type { NatsAccess } from "./start-nats.ts";

/** The ledger of a network, with its ports. */
export interface RunningLedger {
  /** Of its gRPC port. */
  readonly address: string;
  /** Where its logs are served over HTTP. */
  readonly url: string;
  readonly ledger: Ledger;
  /** The logs as run.json names them, the registry's first. */
  announcements(): LogAnnouncement[];
  /** Why a log signs nothing further, in a sentence; null while all go on. */
  stopped(): string | null;
}

/** What a ledger stands on. */
export interface LedgerSurroundings {
  readonly folder: DataFolder;
  readonly nats: NatsAccess;
  readonly registry: RegistryFollower;
  readonly server: StoredTlsMaterial;
  readonly logger: Logger;
  /** gRPC port; 0: a free one. */
  readonly port: number;
  /** HTTP port; 0: a free one. */
  readonly httpPort: number;
  /** Address of the HTTP port. Default 127.0.0.1. */
  readonly httpHost?: string;
  /**
   * Serves the logs over TLS, where an auditor's client certificate may stand for the token: true with the bus's own certificate, or files. Default:
   * plain HTTP, which is for loopback.
   */
  readonly httpTls?: boolean | TlsPaths;
  readonly share?: LimitSettings | undefined;
  /** Spans other than the default. */
  readonly spans?: { readonly sealEveryMs?: number; readonly sealSoonMs?: number; readonly witnessTimeoutMs?: number };
  /** Told of each log that is kept from now on. */
  readonly onLog?: () => void;
}

/**
 * Starts the ledger for the registry and every shard that it declares now or later. A log that is stopped, or cannot be opened, is told by
 * `stopped`, by health and in the log; it neither stops the others nor whoever starts this.
 */
export async function startLedger(on: LedgerSurroundings, parts: RunningParts): Promise<RunningLedger> {
  const { folder, nats, registry, logger } = on;
  const connection = await nats.connect("ledger", "lienthong ledger");
  parts.add("the ledger's connection", () => connection.close());
  const notKept = new Map<string, string>();
  const health = { tell: (): void => {} };
  const ledger = await createLedger({
    connection,
    directory: folder.ledger,
    policyPath: folder.policy,
    clock: realClock,
    logger,
    ...on.spans,
    onStopped: () => health.tell(),
  });
  parts.add("the ledger", () => ledger.close());

  const entriesToken = await ensureEntriesToken(join(folder.logKeys, "entries-token"));
  const http = await serveLogHttp({
    logs: ledger.logs,
    address: `${on.httpHost ?? "127.0.0.1"}:${on.httpPort}`,
    ...(await httpTls(on)),
    entriesToken,
    mayReadEntries: (identity, log) => registry.confirmed(revocationMsMax) && isAuditor(registry, identity, log),
    logger,
  });
  parts.add("the logs' HTTP port", () => http.close(drainGraceMs));

  /** A log that cannot be kept is the operator's to mend: said, not thrown. */
  async function keep(name: string, begin: () => Promise<Log>): Promise<void> {
    try {
      await begin();
      notKept.delete(name);
    } catch (error) {
      notKept.set(name, `The log ${name} is not kept: ${(error as Error).message}`);
      logger.error({ err: error, log: name }, "The log is not kept.");
    }
    health.tell();
    on.onLog?.();
  }

  await registry.waitForSize(1);
  await keep(registryLogName, async () => {
    const keyPath = join(folder.logKeys, `${registryLogName}.pem`);
    await ensureSigningKey(keyPath, "ed25519");
    return ledger.keepRegistry({ origin: registryOrigin(registry), keyPem: await readSecretFile(keyPath) });
  });
  const keepShard = ({ name, origin, logPublicKey }: ShardRecord): Promise<void> =>
    keep(name, async () =>
      ledger.keepShard(name, {
        origin,
        publicKey: logPublicKey,
        keyPem: await readSecretFile(join(folder.logKeys, `${name}.pem`)),
      }),
    );
  const following = await followShards(registry, keepShard, logger);
  parts.add("the shards that the ledger waits for", () => following.stop());

  const service = ledgerService({
    logs: ledger.logs,
    policy: ledger.policy,
    registry: () => registry.state,
    confirmed: () => registry.confirmed(revocationMsMax),
    urlOf: http.urlOf,
  });
  const listening = await openPort({ ...on, services: [service] });
  parts.add("the ledger's port", () => listening.drain(drainGraceMs));
  const stopped = (): string | null => ledger.stopped() ?? notKept.values().next().value ?? null;
  // What was signed is still read and proven when a log is stopped; health says that nothing is added.
  health.tell = () => listening.setAllServing(stopped() === null);
  health.tell();

  return {
    address: listening.address,
    url: http.url,
    ledger,
    announcements: () =>
      ledger.logs.all().map(({ name, signer, vkey }) => ({
        name,
        origin: signer.name,
        url: http.urlOf(name),
        vkey,
        entriesToken,
      })),
    stopped,
  };
}

/** What agencies are told: within so long a revocation is in force. Whoever has not heard for longer shows no entries. */
const revocationMsMax = 5_000;

/** Whether a certificate is an auditor's; one that the registry does not know is nobody's. */
function isAuditor({ state }: RegistryFollower, identity: PeerIdentity, log: string): boolean {
  try {
    return speaksForAuditor(state, authenticateSystem(state, identity), log);
  } catch {
    return false;
  }
}

async function httpTls({ httpTls, server }: LedgerSurroundings): Promise<{ tls?: TlsMaterial & { files: TlsPaths } }> {
  if (httpTls === undefined || httpTls === false) return {};
  if (httpTls === true) return { tls: server };
  return { tls: { ...(await readTlsFiles(httpTls)), files: httpTls } };
}

/**
 * Origin of the registry's log: beside that of the first shard. No entry of the registry names a key for it (its own genesis could not name what a
 * later ledger signs with), so the policy file does (docs/decisions/0013).
 */
function registryOrigin({ state }: RegistryFollower): string {
  const first = state.shards().next().value?.record.origin ?? "lienthong.example/shard";
  const at = first.lastIndexOf("/");
  return `${at < 0 ? first : first.slice(0, at)}/${registryLogName}`;
}
