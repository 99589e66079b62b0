import { Channel } from "@grpc/grpc-js";
import {
  createGrpcCredentials,
  type GrpcChannelOptions,
  grpcChannelOptions,
  type TlsMaterial,
} from "@lienthong/chassis/channel";
import { AuditServiceClient } from "@lienthong/contracts/audit/v1/audit_service";
import { DeliveryServiceClient } from "@lienthong/contracts/exchange/v1/delivery_service";
import { DocumentServiceClient } from "@lienthong/contracts/exchange/v1/document_service";
import { ExchangeServiceClient } from "@lienthong/contracts/exchange/v1/exchange_service";
import { LedgerServiceClient } from "@lienthong/contracts/ledger/v1/ledger_service";
import { RegistryServiceClient } from "@lienthong/contracts/registry/v1/registry_service";
import { type AuditCalls, auditCalls } from "./audit-calls.ts";
import { type DeliveryCalls, deliveryCalls } from "./delivery-receiver.ts";
import { type DocumentCalls, documentCalls } from "./documents.ts";
import { type ExchangeCalls, exchangeCalls } from "./exchange-calls.ts";
import { type LedgerCalls, ledgerCalls } from "./ledger-calls.ts";
import { type RegistryCalls, registryCalls } from "./registry-calls.ts";
import { CALL_DEADLINE_MS } from "./unary-call.ts";

/** Where to, and as whom. */
export interface ConnectOptions {
  /** "host:port" of a server of the bus. */
  readonly address: string;
  /** The authorities trusted, and the system's own certificate and key, PEM. */
  readonly tls: TlsMaterial;
  /** Span that a call may take unless it says otherwise, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number;
  readonly channel?: GrpcChannelOptions;
}

/** A connection to one server. Which services answer depends on the server; the others say UNIMPLEMENTED. */
export interface Connection {
  readonly address: string;
  readonly exchange: ExchangeCalls;
  readonly registry: RegistryCalls;
  readonly delivery: DeliveryCalls;
  readonly documents: DocumentCalls;
  readonly ledger: LedgerCalls;
  readonly audit: AuditCalls;
  /** Ends the connection; calls under way finish first. */
  close(): void;
}

/**
 * Prepares a connection; the network is first used by the first call, and again after it was lost.
 * @throws the crypto library's error if the TLS material is no PEM or key and certificate do not belong together.
 */
export function connect({ address, tls, deadlineMs = CALL_DEADLINE_MS, channel }: ConnectOptions): Connection {
  const credentials = createGrpcCredentials(tls);
  // A certificate for this machine names it "localhost"; TLS allows no address as a server's name (RFC 6066 section 3).
  const serverName = /^(?:127(?:\.\d+){3}|\[::1\]):/.test(address) ? { serverName: "localhost" } : {};
  const options = grpcChannelOptions({ ...serverName, ...channel });
  const channelOverride = new Channel(address, credentials, options);
  const on = { channelOverride };
  const defaults = { deadlineMs };
  return {
    address,
    exchange: exchangeCalls(new ExchangeServiceClient(address, credentials, on), defaults),
    registry: registryCalls(new RegistryServiceClient(address, credentials, on), defaults),
    delivery: deliveryCalls(new DeliveryServiceClient(address, credentials, on), defaults),
    documents: documentCalls(new DocumentServiceClient(address, credentials, on), defaults),
    ledger: ledgerCalls(new LedgerServiceClient(address, credentials, on), defaults),
    audit: auditCalls(new AuditServiceClient(address, credentials, on)),
    close: () => channelOverride.close(),
  };
}
