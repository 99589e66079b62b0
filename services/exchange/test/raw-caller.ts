import { Client, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import { STATUS_DETAILS_KEY } from "@lienthong/chassis";
import { createGrpcCredentials, grpcChannelOptions, type TlsMaterial } from "@lienthong/chassis/channel";
import {
  type AcceptedStatement,
  StreamStatementsRequest,
  StreamStatementsResponse,
  SubmitStatementRequest,
  SubmitStatementResponse,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { Status } from "@lienthong/contracts/google/rpc/status";

/** What came back for a statement: an acceptance, or exactly one status. */
export type RawAnswer = { readonly accepted: AcceptedStatement } | { readonly status: Status };

const submitPath = "/lienthong.exchange.v1.ExchangeService/SubmitStatement";
const streamPath = "/lienthong.exchange.v1.ExchangeService/StreamStatements";
const asIs = (bytes: Uint8Array) => Buffer.from(bytes);

/** Calls the exchange with request bytes of any kind over one connection, and reads answers without the client's own reading of errors. */
export class RawCaller {
  readonly #client: Client;
  #stream: ClientDuplexStream<Uint8Array, StreamStatementsResponse> | null = null;
  #correlation = 0n;
  readonly #waiting = new Map<bigint, (answer: RawAnswer) => void>();

  constructor(address: string, tls: TlsMaterial) {
    this.#client = new Client(
      address,
      createGrpcCredentials(tls),
      grpcChannelOptions({ sharedConnection: false, serverName: "localhost" }),
    );
  }

  /** SubmitStatement with an envelope. */
  submit(envelope: Uint8Array): Promise<RawAnswer> {
    return this.submitRequest(SubmitStatementRequest.encode({ envelope }).finish());
  }

  /** SubmitStatement with the bytes of a request. */
  submitRequest(request: Uint8Array): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        submitPath,
        asIs,
        (bytes) => SubmitStatementResponse.decode(bytes),
        request,
        (error, response) => {
          if (error !== null) resolve({ status: statusOf(error) });
          else if (response?.accepted === undefined) reject(new Error("The answer is empty."));
          else resolve({ accepted: response.accepted });
        },
      );
    });
  }

  /** A statement on the one open stream. */
  stream(envelope: Uint8Array): Promise<RawAnswer> {
    this.#stream ??= this.#open();
    const correlation = ++this.#correlation;
    return new Promise((resolve) => {
      this.#waiting.set(correlation, resolve);
      this.#stream?.write(StreamStatementsRequest.encode({ statements: [{ correlation, envelope }] }).finish());
    });
  }

  /** A stream of its own on the same connection, with one message of any bytes; the status that ends it. */
  streamRequest(request: Uint8Array): Promise<Status> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeBidiStreamRequest(streamPath, asIs, (bytes) =>
        StreamStatementsResponse.decode(bytes),
      );
      call.on("data", () => {});
      call.on("error", (error) => resolve(statusOf(error as ServiceError)));
      call.on("end", () => reject(new Error("The stream ended without a refusal.")));
      call.write(request);
    });
  }

  /** True while the stream has not been ended by the other side. */
  get streamStands(): boolean {
    return this.#stream !== null;
  }

  close(): void {
    this.#stream?.end();
    this.#client.close();
  }

  #open(): ClientDuplexStream<Uint8Array, StreamStatementsResponse> {
    const call = this.#client.makeBidiStreamRequest(streamPath, asIs, (bytes) =>
      StreamStatementsResponse.decode(bytes),
    );
    const over = (status: Status) => {
      this.#stream = null;
      for (const settle of this.#waiting.values()) settle({ status });
      this.#waiting.clear();
    };
    call.on("data", ({ answers }: StreamStatementsResponse) => {
      for (const { correlation, outcome } of answers) {
        const settle = this.#waiting.get(correlation);
        this.#waiting.delete(correlation);
        if (outcome?.$case === "accepted") settle?.({ accepted: outcome.value });
        else if (outcome?.$case === "refused") settle?.({ status: outcome.value });
      }
    });
    call.on("error", (error) => over(statusOf(error as ServiceError)));
    call.on("end", () => over({ code: 0, message: "", details: [] }));
    return call;
  }
}

/** The status of a failed call; its details must agree with the call's own code. */
function statusOf(error: ServiceError): Status {
  const [details, ...more] = error.metadata.get(STATUS_DETAILS_KEY);
  if (more.length > 0) throw new Error("The call ended with more than one set of details.");
  if (!(details instanceof Buffer)) return { code: error.code, message: error.details, details: [] };
  const status = Status.decode(details);
  if (status.code !== error.code) throw new Error(`The call ended with ${error.code}, its details say ${status.code}.`);
  return status;
}
