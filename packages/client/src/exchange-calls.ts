import type { Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import type {
  AcceptedStatement,
  ExchangeServiceClient,
  GetShardResponse,
  TrailEntry,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { openStatementStream, type StatementStream, type StatementStreamOptions } from "./statement-stream.ts";
import { type CallSettings, unaryCall } from "./unary-call.ts";

/** Which dossier, and on whose behalf the system asks. */
export interface DossierQuestion {
  readonly shard: string;
  /** Official code. */
  readonly dossier: string;
  readonly agency: string;
}

/** What the exchange is asked. Every call rejects with BusCallError. */
export interface ExchangeCalls {
  /** What is needed to sign: network, names, clock. Without a name: the shard this exchange serves. */
  getShard(shard?: string, settings?: CallSettings): Promise<GetShardResponse>;
  /** The state of a dossier, restricted to the branches the agency holds, held or is offered. */
  getDossier(question: DossierQuestion, settings?: CallSettings): Promise<Dossier>;
  /** The whole trail, all pages. */
  getTrail(question: DossierQuestion, settings?: CallSettings): Promise<TrailEntry[]>;
  /** Submits one signed statement. The same envelope again gives the same event; see `submitWithRetry`. */
  submit(envelope: Uint8Array, settings?: CallSettings): Promise<AcceptedStatement>;
  /** Opens a stream for many statements. */
  openStream(options?: StatementStreamOptions): StatementStream;
}

const trailPageSizeMax = 500;

export function exchangeCalls(client: ExchangeServiceClient, defaults: CallSettings): ExchangeCalls {
  const getTrailPage = client.getTrail.bind(client);
  return {
    getShard: (shard = "", settings = defaults) => unaryCall(client.getShard.bind(client), { shard }, settings),
    async getDossier({ shard, dossier, agency }, settings = defaults) {
      const response = await unaryCall(client.getDossier.bind(client), { shard, dossier, agency }, settings);
      if (response.dossier === undefined) throw new Error(`The exchange answered nothing about ${dossier}.`);
      return response.dossier;
    },
    async getTrail({ shard, dossier, agency }, settings = defaults) {
      const entries: TrailEntry[] = [];
      let pageToken = "";
      do {
        const request = { shard, dossier, agency, pageSize: trailPageSizeMax, pageToken };
        const page = await unaryCall(getTrailPage, request, settings);
        entries.push(...page.entries);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return entries;
    },
    async submit(envelope, settings = defaults) {
      const response = await unaryCall(client.submitStatement.bind(client), { envelope }, settings);
      if (response.accepted === undefined) throw new Error("The exchange answered a statement with nothing.");
      return response.accepted;
    },
    openStream: (options = {}) => openStatementStream(client.streamStatements(), options),
  };
}
