import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type {
  MethodDefinition,
  Server,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { fileDescriptorSet } from "@lienthong/contracts/descriptors";
import { HealthImplementation } from "grpc-health-check";
import { busError } from "./bus-error.ts";
import { toServiceError } from "./service-error.ts";

type ServiceAdder = Pick<Server, "addService">;

interface HealthWatch {
  readonly request: { readonly service: string };
  write(response: { status: string }): unknown;
}

interface EndableCall {
  end(): void;
  once(event: "cancelled" | "close", listener: () => void): unknown;
}

/**
 * Adds services of libraries whose streams stay open until the caller leaves: a health watch would hold a drain up to its last
 * second. Remembers the open ones, so that they can be ended.
 */
export class OpenStreams {
  readonly #open = new Set<EndableCall>();

  /** A server that remembers the streams of what is added through it. */
  adder(server: Server): ServiceAdder {
    return {
      addService: (definition: ServiceDefinition, implementation: UntypedServiceImplementation) => {
        const readable = Object.fromEntries(
          Object.entries(definition).map(([name, method]) => [name, neverThrowing(method)]),
        );
        const tracked: UntypedServiceImplementation = {};
        for (const [name, handle] of Object.entries(implementation)) {
          const method = definition[name] ?? definition[name[0]!.toUpperCase() + name.slice(1)];
          const answered = method?.requestStream === true ? handle : refusingMalformed(handle);
          tracked[name] = method?.responseStream === true ? this.#track(answered) : answered;
        }
        server.addService(readable, tracked);
      },
    };
  }

  #track(handle: UntypedHandleCall): UntypedHandleCall {
    const run = handle as (call: EndableCall) => void;
    return ((call: EndableCall) => {
      this.#open.add(call);
      const forget = (): void => {
        this.#open.delete(call);
      };
      call.once("cancelled", forget);
      call.once("close", forget);
      run(call);
    }) as unknown as UntypedHandleCall;
  }

  /** Ends them all, after what was written to them. */
  endAll(): void {
    for (const call of this.#open) call.end();
    this.#open.clear();
  }
}

/** Stands for a request that could not be read. On a stream it is a message that asks for nothing. */
class MalformedRequest {}

/** grpc-js answers a request that the deserialiser refuses with INTERNAL, as if we were at fault. */
function neverThrowing(method: MethodDefinition<object, object>): MethodDefinition<object, object> {
  return {
    ...method,
    requestDeserialize(bytes) {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return new MalformedRequest();
      }
    },
  };
}

function refusingMalformed(handle: UntypedHandleCall): UntypedHandleCall {
  const run = handle as (call: unknown, callback?: unknown) => void;
  return ((call: { request: unknown; emit(name: "error", error: Error): void }, callback?: (error: Error) => void) => {
    if (!(call.request instanceof MalformedRequest)) return run(call, callback);
    const refusal = toServiceError(busError("MESSAGE_MALFORMED"));
    if (callback === undefined) call.emit("error", refusal);
    else callback(refusal);
  }) as unknown as UntypedHandleCall;
}

/** The health service, NOT_SERVING for all until told otherwise. The name "" stands for the whole server. */
export function addHealth(server: ServiceAdder, serviceNames: readonly string[]): HealthImplementation {
  const health = new HealthImplementation(
    Object.fromEntries(["", ...serviceNames].map((name) => [name, "NOT_SERVING"])),
  );
  const known = new Set(["", ...serviceNames]);
  const bounded: ServiceAdder = {
    addService(definition, implementation) {
      const { watch } = implementation as { watch: (call: HealthWatch) => void };
      // The library keeps a list for every name that anybody ever watched. Services that are not mounted never will be.
      const watchKnown = (call: HealthWatch): void => {
        if (known.has(call.request.service)) watch(call);
        else call.write({ status: "SERVICE_UNKNOWN" });
      };
      server.addService(definition, { ...implementation, watch: watchKnown as unknown as UntypedHandleCall });
    },
  };
  health.addToServer(bounded as Parameters<HealthImplementation["addToServer"]>[0]);
  return health;
}

/**
 * Server reflection, v1 and v1alpha, for the services mounted. Fed with the file descriptors of the contracts one by one: what
 * proto-loader would feed merges files by package and loses imports.
 */
export function addReflection(server: ServiceAdder, serviceNames: readonly string[]): void {
  const fileDescriptorProtos = fileDescriptorSet().file.map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  );
  const contracts = { contracts: { fileDescriptorProtos } } as unknown as ConstructorParameters<
    typeof ReflectionService
  >[0];
  new ReflectionService(contracts, { services: [...serviceNames] }).addToServer(server);
}
