/**
 * The status codes of gRPC by name. Kept here, and not taken from @grpc/grpc-js, so that the door `./status` needs no
 * transport: an auditor's tool or a browser can read our refusals too.
 */
export const GRPC_CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** A status code by name. */
export type GrpcCodeName = keyof typeof GRPC_CODE;

const NAMES = new Map<number, GrpcCodeName>(
  (Object.entries(GRPC_CODE) as [GrpcCodeName, number][]).map(([name, code]) => [code, name]),
);

/** The name of a code; "UNKNOWN" for a number that gRPC does not define. */
export function grpcCodeName(code: number): GrpcCodeName {
  return NAMES.get(code) ?? "UNKNOWN";
}
