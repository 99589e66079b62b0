import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { busError } from "./bus-error.ts";

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
 * Walks the fields to the end. The generated decoder stops in silence at a zero tag or a stray end of group, and would hand over
 * the part before it as if that were all.
 */
function checkWhole(bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    reader.skip(wireType, fieldNumber);
  }
}

/**
 * Decodes one request.
 * @throws BusError MESSAGE_MALFORMED if the bytes are no such message.
 */
export function decodeRequest<Request>(bytes: Buffer, deserialize: (bytes: Buffer) => Request): Request {
  try {
    checkWhole(bytes);
    return deserialize(bytes);
  } catch (cause) {
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
