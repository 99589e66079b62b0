import { Channel } from "@grpc/grpc-js";
import {
  type GrpcChannelOptions,
  grpcChannelOptions,
  RenewableGrpcCredentials,
  type TlsMaterial,
} from "@lienthong/chassis/channel";
import { followTlsFiles, type TlsPaths } from "@lienthong/chassis/tls-files";
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
  /** "host:port" of a server of the bus, or several of one kind: "ipv4:10.0.0.1:7443,10.0.0.2:7443", see `channel.inTurn`. */
  readonly address: string;
  /** The authorities trusted, and the system's own certificate and key, PEM. */
  readonly tls: TlsMaterial;
  /** Where that lies, if it is renewed there: connections made after files were replaced use the new ones, and those that stand go on. */
  readonly tlsFiles?: TlsPaths;
  /** Told when files were replaced by some that cannot be used; the old ones stay in use. */
  readonly onTlsFilesRefused?: (error: Error) => void;
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
export function connect(to: ConnectOptions): Connection {
  const { address, tls, tlsFiles, deadlineMs = CALL_DEADLINE_MS, channel, onTlsFilesRefused = () => {} } = to;
  const credentials = new RenewableGrpcCredentials(tls);
  const following =
    tlsFiles === undefined
      ? null
      : followTlsFiles({
          paths: tlsFiles,
          present: tls,
          use: (material) => credentials.replace(material),
          onRefused: onTlsFilesRefused,
        });
  // A certificate for this machine names it "localhost"; TLS allows no address as a server's name (RFC 6066 section 3).
  const serverName = /^(?:ipv[46]:)?(?:127(?:\.\d+){3}|\[::1\]):/.test(address) ? { serverName: "localhost" } : {};
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
    close() {
      following?.stop();
      channelOverride.close();
    },
  };
}
