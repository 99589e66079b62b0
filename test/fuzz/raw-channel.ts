import { setImmediate } from "node:timers/promises";
import { Client, type ClientDuplexStream, type ClientReadableStream, type Metadata } from "@grpc/grpc-js";
import { STATUS_DETAILS_KEY } from "@lienthong/chassis";
import { createGrpcCredentials, grpcChannelOptions, type TlsMaterial } from "@lienthong/chassis/channel";
import { Status } from "@lienthong/contracts/google/rpc/status";

/** How a call ended. */
export interface CallEnd {
  readonly status: Status;
  /** Bytes of the responses, in order; of a long stream the first ones. */
  readonly responses: readonly Uint8Array[];
}

const asIs = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asTheyCame = (bytes: Buffer) => new Uint8Array(bytes);
const responsesKeptMax = 50;

/** A stream that is under way. */
export interface OpenCall {
  write(request: Uint8Array): void;
  /** Says that nothing more is sent. */
  halfClose(): void;
  cancel(): void;
  /** How it ended; never rejects. */
  readonly ended: Promise<CallEnd>;
  /** Settles with the first response or the end. */
  readonly answered: Promise<void>;
  isOver(): boolean;
}

/** One connection on which bytes of any kind are sent, and answers read without the client's own reading of errors. */
export class RawChannel {
  readonly #client: Client;

  constructor(address: string, tls: TlsMaterial) {
    this.#client = new Client(
      address,
      createGrpcCredentials(tls),
      grpcChannelOptions({ sharedConnection: false, serverName: "localhost" }),
    );
  }

  unary(path: string, request: Uint8Array, deadlineMs: number): Promise<CallEnd> {
    return new Promise((resolve) => {
      let response: Uint8Array | undefined;
      const call = this.#client.makeUnaryRequest(
        path,
        asIs,
        asTheyCame,
        request,
        { deadline: Date.now() + deadlineMs },
        (_error, value) => {
          response = value;
        },
      );
      call.on("status", ({ code, details, metadata }) => {
        resolve({ status: statusOf(code, details, metadata), responses: response === undefined ? [] : [response] });
      });
    });
  }

  serverStream(path: string, request: Uint8Array): OpenCall {
    const call = this.#client.makeServerStreamRequest(path, asIs, asTheyCame, request);
    return openCall(call, { write: () => {}, halfClose: () => {} });
  }

  bidi(path: string): OpenCall {
    const call: ClientDuplexStream<Uint8Array, Uint8Array> = this.#client.makeBidiStreamRequest(path, asIs, asTheyCame);
    return openCall(call, {
      write: (request) => void call.write(request),
      halfClose: () => void call.end(),
    });
  }

  close(): void {
    this.#client.close();
  }
}

function openCall(call: ClientReadableStream<Uint8Array>, send: Pick<OpenCall, "write" | "halfClose">): OpenCall {
  const responses: Uint8Array[] = [];
  const ended = Promise.withResolvers<CallEnd>();
  const answered = Promise.withResolvers<void>();
  let over = false;
  call.on("data", (bytes: Uint8Array) => {
    if (responses.length < responsesKeptMax) responses.push(bytes);
    answered.resolve();
  });
  call.on("error", () => {});
  // grpc-js 1.14 opens a stream for a call that was cancelled in the turn in which it was made, and nobody ever ends that stream.
  const begun = setImmediate();
  call.on("status", ({ code, details, metadata }) => {
    over = true;
    answered.resolve();
    ended.resolve({ status: statusOf(code, details, metadata), responses });
  });
  return {
    write: (request) => {
      if (!over) send.write(request);
    },
    halfClose: () => {
      if (!over) send.halfClose();
    },
    cancel: () => void begun.then(() => call.cancel()),
    ended: ended.promise,
    answered: answered.promise,
    isOver: () => over,
  };
}

/** The status of a call; its details must agree with the call's own code, else the code is given as -1. */
function statusOf(code: number, message: string, metadata: Metadata): Status {
  const [details, ...more] = metadata.get(STATUS_DETAILS_KEY);
  if (!(details instanceof Buffer)) return { code, message, details: [] };
  const status = Status.decode(details);
  if (status.code === code && more.length === 0) return status;
  return {
    ...status,
    code: -1,
    message: `The call ended with ${code}, its ${more.length + 1} details say ${status.code}.`,
  };
}
