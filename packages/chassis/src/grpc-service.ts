import type { BidiHandler, ServerStreamHandler, UnaryHandler } from "./call-handlers.ts";
import type { AnyServiceDefinition } from "./raw-service-definition.ts";

interface MethodShape<RequestStream extends boolean, ResponseStream extends boolean> {
  readonly requestStream: RequestStream;
  readonly responseStream: ResponseStream;
}

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<Method> = Method extends { responseDeserialize: (bytes: Buffer) => infer Response } ? Response : never;

/** The kind of handler that a method of a generated definition needs. */
export type HandlerFor<Method> =
  Method extends MethodShape<false, false>
    ? UnaryHandler<RequestOf<Method>, ResponseOf<Method>>
    : Method extends MethodShape<false, true>
      ? ServerStreamHandler<RequestOf<Method>, ResponseOf<Method>>
      : Method extends MethodShape<true, true>
        ? BidiHandler<RequestOf<Method>, ResponseOf<Method>>
        : never;

/** A handler for each method of a definition. */
export type ImplementationOf<Definition> = { readonly [Name in keyof Definition]: HandlerFor<Definition[Name]> };

/** A handler whose types the server need not know. */
export type AnyHandler =
  | UnaryHandler<unknown, unknown>
  | ServerStreamHandler<unknown, unknown>
  | BidiHandler<unknown, unknown>;

/** A service ready to be mounted. Made by `grpcService`, which checks that handlers and definition fit. */
export interface GrpcService {
  readonly definition: AnyServiceDefinition;
  readonly implementation: Readonly<Record<string, AnyHandler>>;
  /** "lienthong.exchange.v1.ExchangeService". */
  readonly fullName: string;
}

/**
 * Puts a generated definition and its handlers together.
 * @throws an Error with a sentence if the definition has no methods or a method has no handler of its kind.
 */
export function grpcService<Definition extends { readonly [Name in keyof Definition]: { readonly path: string } }>(
  definition: Definition,
  implementation: ImplementationOf<Definition>,
): GrpcService {
  const methods = definition as unknown as AnyServiceDefinition;
  const handlers = implementation as unknown as Readonly<Record<string, AnyHandler | undefined>>;
  const [first] = Object.values(methods);
  if (first === undefined) throw new Error("A service definition without methods cannot be mounted.");
  for (const [name, method] of Object.entries(methods)) {
    const wanted = method.requestStream ? "bidi" : method.responseStream ? "serverStream" : "unary";
    const kind = handlers[name]?.kind;
    if (kind !== wanted || (method.requestStream && !method.responseStream)) {
      throw new Error(
        `The method ${method.path} needs a handler "${name}" of kind ${wanted} and has ${kind ?? "none"}; streams of requests with a single response are not part of our contracts.`,
      );
    }
  }
  return {
    definition: methods,
    implementation: handlers as Readonly<Record<string, AnyHandler>>,
    fullName: first.path.split("/")[1] ?? "",
  };
}
