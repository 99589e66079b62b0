import { type LimitSettings, type Logger, realClock, type StoredTlsMaterial } from "@lienthong/chassis";
import {
  createDocuments,
  type Documents,
  type DocumentsOptions,
  documentService,
  ServedDocuments,
} from "@lienthong/documents";
import { authenticateSystem, delegationRefusal } from "@lienthong/exchange";
import type { RegistryFollower } from "@lienthong/registry";
import type { DataFolder } from "./data-folder.ts";
import { openPort } from "./open-port.ts";
import type { RunningParts } from "./running-parts.ts";
import { drainGraceMs } from "./start-exchange.ts";
import type { NatsAccess } from "./start-nats.ts";

/** The document service, which keeps the documents of as many shards as it is told to. */
export interface RunningDocuments {
  readonly address: string;
  /** Keeps the documents of a shard from now on. Whoever asks feeds it events, or has it follow them. The streams must be there. */
  serveShard(shard: string): Promise<Documents>;
}

/** Starts the document service on a port of its own: bytes that stream for minutes share no connection with statements. */
export async function startDocuments(
  on: {
    readonly folder: DataFolder;
    readonly nats: NatsAccess;
    readonly registry: RegistryFollower;
    readonly server: StoredTlsMaterial;
    readonly port: number;
    readonly logger: Logger;
    readonly share?: LimitSettings | undefined;
    /** Spans other than the default. */
    readonly spans?: Pick<DocumentsOptions, "unfinishedMs" | "unnamedMs" | "graceMs" | "collectEveryMs">;
  },
  parts: RunningParts,
): Promise<RunningDocuments> {
  const { nats, registry, logger } = on;
  const connection = await nats.connect("documents", "lienthong documents");
  parts.add("the documents' connection", () => connection.close());
  const served = new ServedDocuments();
  const shards: Documents[] = [];
  parts.add("the documents", async () => {
    for (const documents of shards) await documents.drain();
  });
  const service = documentService(served, {
    authorise: (identity, agency) =>
      delegationRefusal(registry.state, authenticateSystem(registry.state, identity), agency, "agency"),
  });
  const listening = await openPort({ ...on, services: [service] });
  parts.add("the documents' port", () => listening.drain(drainGraceMs));
  listening.setAllServing(true);
  return {
    address: listening.address,
    async serveShard(shard) {
      const documents = await createDocuments({
        shard,
        connection,
        directory: on.folder.documents,
        clock: realClock,
        logger,
        ...on.spans,
      });
      shards.push(documents);
      await documents.start();
      served.add(documents.served);
      return documents;
    },
  };
}
