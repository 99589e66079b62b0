import { type Clock, type GrpcService, grpcService, type Logger } from "@lienthong/chassis";
import { RegistryServiceService } from "@lienthong/contracts/registry/v1/registry_service";
import {
  assertStreams,
  createAppender,
  createReader,
  declareRegistryStream,
  registryStreamName,
} from "@lienthong/event-store";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { createEntryAppender } from "./append-entry.ts";
import { EntryWatches } from "./entry-watches.ts";
import { appendEntry } from "./port/append-entry.ts";
import { getAgency } from "./port/get-agency.ts";
import { getHead } from "./port/get-head.ts";
import { getProcedure } from "./port/get-procedure.ts";
import { listAgencies } from "./port/list-agencies.ts";
import { listEntries } from "./port/list-entries.ts";
import { listProcedures } from "./port/list-procedures.ts";
import { resolveRole } from "./port/resolve-role.ts";
import { watchEntries } from "./port/watch-entries.ts";
import type { RegistryContext } from "./registry-context.ts";
import { followRegistry, type RegistryFollower } from "./registry-follower.ts";

/** A stream acknowledges in milliseconds; after this the outcome is looked up instead of awaited. */
const appendTimeoutMs = 3_000;

/** What the registry service runs on. */
export interface RegistryServiceOptions {
  /** As the role `registry`; the stream must exist (the start of the bus makes it). */
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hash of entry 0 that this process trusts; absent: whatever is there. */
  readonly network?: Uint8Array;
  /** File that remembers how far the registry was read; see `followRegistry`. */
  readonly headPath?: string;
  /** The follower has ended; the service only answers from what it had folded. */
  readonly onStopped?: (reason: Error) => void;
}

/** The registry service, ready to be mounted on a server. */
export interface RegistryService {
  readonly service: GrpcService;
  readonly follower: RegistryFollower;
  /** Whether its answers are at most `maxAgeMs` old; for health. */
  isServing(maxAgeMs?: number): boolean;
  stop(): Promise<void>;
}

/** Opens the registry's stream, folds it from its beginning and follows it. Resolves when all that was there is folded. */
export async function createRegistryService(options: RegistryServiceOptions): Promise<RegistryService> {
  const { connection, clock, logger, network, headPath } = options;
  await assertStreams(await jetstreamManager(connection), [declareRegistryStream({ replicas: 1 })]);
  const follower = followRegistry({
    connection,
    ...(network === undefined ? {} : { network }),
    ...(headPath === undefined ? {} : { headPath }),
    onStopped(reason) {
      logger.error({ err: reason }, "The registry is not followed any more; nothing new is seen or taken.");
      options.onStopped?.(reason);
    },
    onInterruption: (reason) => logger.warn({ reason }, "The registry's stream is out of reach; trying again."),
  });
  await follower.caughtUp.catch(async (error: unknown) => {
    const reason = follower.stoppedBecause() ?? error;
    await follower.stop();
    throw reason;
  });
  const { state } = follower;
  logger.info({ entries: state.size }, "The registry is folded.");
  const appender = createAppender({ connection, timeoutMs: appendTimeoutMs });
  const context: RegistryContext = {
    state,
    reader: createReader({ connection, streamName: registryStreamName }),
    appender: createEntryAppender({ follower, appender, clock }),
    clock,
    watches: new EntryWatches(follower),
  };
  const service = grpcService(RegistryServiceService, {
    getHead: getHead(context),
    appendEntry: appendEntry(context),
    listEntries: listEntries(context),
    watchEntries: watchEntries(context),
    getAgency: getAgency(context),
    listAgencies: listAgencies(context),
    getProcedure: getProcedure(context),
    listProcedures: listProcedures(context),
    resolveRole: resolveRole(context),
  });
  return {
    service,
    follower,
    isServing: (maxAgeMs = 2_000) => follower.confirmed(maxAgeMs),
    stop: () => follower.stop(),
  };
}
