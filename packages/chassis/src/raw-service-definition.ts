import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { BusError, busError } from "./bus-error.ts";
import type { RequestCheck } from "./check-request.ts";

/** Any service that ts-proto generates. */
export type AnyServiceDefinition = ServiceDefinition<UntypedServiceImplementation>;

function sameBytes(bytes: Buffer): Buffer {
  return bytes;
}

/**
 * The definition with requests and responses as bytes. grpc-js answers a request that its deserialiser refuses, and a response that its
 * serialiser refuses, with a bare INTERNAL, and neither handler nor interceptor hears of it; decoding and encoding beside the handler
 * lets us say, or log, what is wrong.
 */
export function rawServiceDefinition(definition: AnyServiceDefinition): AnyServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: sameBytes, responseSerialize: sameBytes },
    ]),
  );
}

/**
 * Decodes one request.
 * @throws BusError MESSAGE_MALFORMED if the bytes are no such message, TEXT_INVALID if a text in it is not UTF-8.
 */
export function decodeRequest<Request>(
  bytes: Buffer,
  check: RequestCheck,
  deserialize: (bytes: Buffer) => Request,
): Request {
  try {
    check(bytes);
    return deserialize(bytes);
  } catch (cause) {
    if (cause instanceof BusError) throw cause;
    throw busError(
      "MESSAGE_MALFORMED",
      {
        message:
          "The request cannot be decoded as the message that this method takes; send that message, serialised as protobuf.",
      },
      { cause },
    );
  }
}
