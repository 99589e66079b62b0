import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { fileDescriptorSet } from "@lienthong/contracts/descriptors";
import { HealthImplementation } from "grpc-health-check";

type ServiceAdder = Pick<Server, "addService">;

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
        const tracked: UntypedServiceImplementation = {};
        for (const [name, handle] of Object.entries(implementation)) {
          const method = definition[name] ?? definition[name[0]!.toUpperCase() + name.slice(1)];
          tracked[name] = method?.responseStream === true ? this.#track(handle) : handle;
        }
        server.addService(definition, tracked);
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

/** The health service, NOT_SERVING for all until told otherwise. The name "" stands for the whole server. */
export function addHealth(server: ServiceAdder, serviceNames: readonly string[]): HealthImplementation {
  const health = new HealthImplementation(
    Object.fromEntries(["", ...serviceNames].map((name) => [name, "NOT_SERVING"])),
  );
  health.addToServer(server as Parameters<HealthImplementation["addToServer"]>[0]);
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
