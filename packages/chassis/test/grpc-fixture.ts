import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@grpc/grpc-js";
import {
  ExchangeServiceClient,
  ExchangeServiceService,
  GetShardResponse,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { afterAll, afterEach } from "vitest";
import {
  bidiHandler,
  busError,
  createGrpcCredentials,
  createGrpcServer,
  createLogger,
  type DevelopmentAuthority,
  type GrpcChannelOptions,
  type GrpcServer,
  type GrpcServerOptions,
  grpcChannelOptions,
  grpcService,
  type ImplementationOf,
  openDevelopmentAuthority,
  unaryHandler,
} from "../src/index.ts";

export type ExchangeHandlers = ImplementationOf<typeof ExchangeServiceService>;

/** Handlers that answer something; a test overrides the ones it is about. */
const DEFAULT_HANDLERS: ExchangeHandlers = {
  submitStatement: unaryHandler(() => {
    throw busError("DOSSIER_UNKNOWN");
  }),
  streamStatements: bidiHandler(async (stream) => {
    for await (const request of stream.requests) {
      await stream.send({
        answers: request.statements.map(({ correlation }) => ({ correlation, outcome: undefined })),
      });
    }
  }),
  getShard: unaryHandler((request) => GetShardResponse.fromPartial({ shard: request.shard })),
  getDossier: unaryHandler(() => ({ dossier: undefined })),
  getTrail: unaryHandler(() => ({ entries: [], nextPageToken: "" })),
};

export interface TestServer {
  readonly server: GrpcServer;
  readonly authority: DevelopmentAuthority;
  /** Lines that the server logged, parsed. */
  readonly lines: Record<string, unknown>[];
  client(systemId?: string, options?: GrpcChannelOptions, address?: string): Promise<ExchangeServiceClient>;
}

/** Makes servers for one test file, and cleans up after each test. */
export function testServers(): {
  folder(): string;
  start(handlers?: Partial<ExchangeHandlers>, options?: Partial<GrpcServerOptions>): Promise<TestServer>;
} {
  const folder = mkdtempSync(join(tmpdir(), "lienthong-chassis-"));
  const open: (() => void)[] = [];
  afterEach(() => {
    for (const close of open.splice(0)) close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder: () => folder,
    async start(handlers = {}, options = {}) {
      const authority = await openDevelopmentAuthority({ folder });
      const lines: Record<string, unknown>[] = [];
      const logger = createLogger({
        service: "test",
        level: "debug",
        destination: { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
      });
      const server = await createGrpcServer({
        services: [grpcService(ExchangeServiceService, { ...DEFAULT_HANDLERS, ...handlers })],
        tls: await authority.server(),
        address: "127.0.0.1:0",
        logger,
        ...options,
      });
      open.push(() => server.forceStop());
      return {
        server,
        authority,
        lines,
        async client(systemId = "he-thong-phuong", channelOptions = {}, address = server.address) {
          const credentials = createGrpcCredentials(await authority.system(systemId));
          const client = new ExchangeServiceClient(
            address,
            credentials,
            grpcChannelOptions({ sharedConnection: false, serverName: "localhost", ...channelOptions }),
          );
          open.push(() => (client as Client).close());
          return client;
        },
      };
    },
  };
}

/** A shard that says nothing. */
export const EMPTY_SHARD: GetShardResponse = {
  shard: "",
  network: Buffer.alloc(0),
  generation: 0,
  origin: "",
  clock: 0 as GetShardResponse["clock"],
  now: undefined,
  promiseDelay: undefined,
  registryHead: undefined,
  eventCount: 0n,
};

/** The outcome of a unary call of a generated client. */
export function answerOf<Request, Response>(
  call: (request: Request, callback: (error: Error | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call(request, (error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

/** The error that a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("The call was expected to fail and did not.");
}
