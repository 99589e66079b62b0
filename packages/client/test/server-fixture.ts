import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bidiHandler,
  busError,
  createGrpcServer,
  createLogger,
  grpcService,
  type ImplementationOf,
  openDevelopmentAuthority,
  unaryHandler,
} from "@lienthong/chassis";
import { DeliveryServiceService } from "@lienthong/contracts/exchange/v1/delivery_service";
import { ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import { afterAll, afterEach } from "vitest";
import { type Connection, type ConnectOptions, connect } from "../src/index.ts";

type ExchangeHandlers = ImplementationOf<typeof ExchangeServiceService>;
type DeliveryHandlers = ImplementationOf<typeof DeliveryServiceService>;

function unexpected(): never {
  throw busError("INTERNAL");
}

const exchangeDefaults: ExchangeHandlers = {
  submitStatement: unaryHandler(unexpected),
  streamStatements: bidiHandler(async () => {}),
  getShard: unaryHandler(unexpected),
  getDossier: unaryHandler(unexpected),
  getTrail: unaryHandler(unexpected),
};

/** Real servers on free ports that answer what a test wants to be answered. */
export function testServers() {
  const folder = mkdtempSync(join(tmpdir(), "lienthong-client-"));
  const open: (() => void)[] = [];
  afterEach(() => {
    for (const close of open.splice(0)) close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return async (
    handlers: Partial<ExchangeHandlers> & Partial<DeliveryHandlers>,
    options: Partial<ConnectOptions> = {},
  ): Promise<{ connection: Connection; stop(): void; address: string }> => {
    const {
      receive = bidiHandler(async () => {}),
      fetchDeliveries = unaryHandler(unexpected),
      settleDelivery = unaryHandler(unexpected),
      ...exchange
    } = handlers;
    const authority = await openDevelopmentAuthority({ folder });
    const server = await createGrpcServer({
      services: [
        grpcService(ExchangeServiceService, { ...exchangeDefaults, ...exchange }),
        grpcService(DeliveryServiceService, { receive, fetchDeliveries, settleDelivery }),
      ],
      tls: await authority.server(),
      address: "127.0.0.1:0",
      logger: createLogger({ service: "test", level: "silent" }),
    });
    const connection = connect({
      address: server.address,
      tls: await authority.system("he-thong-phuong"),
      channel: { sharedConnection: false },
      ...options,
    });
    open.push(
      () => connection.close(),
      () => server.forceStop(),
    );
    return { connection, stop: () => server.forceStop(), address: server.address };
  };
}

/** Resolves once the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resume) => setTimeout(resume, 2));
}

/** What a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("It was expected to fail and did not.");
}
