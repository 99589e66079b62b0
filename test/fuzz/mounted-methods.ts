import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { Client, type ServiceError } from "@grpc/grpc-js";
import { createGrpcCredentials, grpcChannelOptions, type TlsMaterial } from "@lienthong/chassis/channel";
import { fileRegistry } from "@lienthong/contracts/descriptors";
import { encodeFields, parseFields } from "./wire-message.ts";

/** A method that a server answers. */
export interface MountedMethod {
  /** "/lienthong.exchange.v1.ExchangeService/GetShard". */
  readonly path: string;
  readonly kind: "unary" | "serverStream" | "bidi";
  readonly input: DescMessage;
  readonly output: DescMessage;
}

const reflectionPath = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const listServicesResponse = 6;

/** Full names of the services mounted at an address, as the server itself tells: nobody has to remember a new one. */
export async function mountedServices(address: string, tls: TlsMaterial): Promise<string[]> {
  const client = new Client(address, createGrpcCredentials(tls), grpcChannelOptions({ serverName: "localhost" }));
  try {
    const answer = await new Promise<Uint8Array>((resolve, reject) => {
      const call = client.makeBidiStreamRequest(
        reflectionPath,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes) => new Uint8Array(bytes),
      );
      call.on("data", resolve);
      call.on("error", (error: ServiceError) => reject(error));
      call.write(encodeFields([{ number: 7, wireType: 2, value: new TextEncoder().encode("*") }]));
      call.end();
    });
    const listed = parseFields(answer).find(({ number }) => number === listServicesResponse)?.value;
    if (!(listed instanceof Uint8Array)) throw new Error(`${address} does not tell its services.`);
    return parseFields(listed).map(({ value }) => {
      const name = parseFields(value as Uint8Array)[0]?.value;
      return new TextDecoder().decode(name as Uint8Array);
    });
  } finally {
    client.close();
  }
}

/** Their methods, as the contracts describe them. */
export async function mountedMethods(address: string, tls: TlsMaterial): Promise<MountedMethod[]> {
  const names = await mountedServices(address, tls);
  return names.flatMap((name) => {
    const service = fileRegistry().getService(name);
    if (service === undefined) throw new Error(`The contracts do not describe ${name}, which ${address} serves.`);
    return service.methods.map((method) => ({
      path: `/${name}/${method.name}`,
      kind: kindOf(method),
      input: method.input,
      output: method.output,
    }));
  });
}

function kindOf({ methodKind, name }: DescMethod): MountedMethod["kind"] {
  switch (methodKind) {
    case "unary":
      return "unary";
    case "server_streaming":
      return "serverStream";
    case "bidi_streaming":
      return "bidi";
    default:
      throw new Error(`${name} streams requests to a single response, which no contract of ours does.`);
  }
}
