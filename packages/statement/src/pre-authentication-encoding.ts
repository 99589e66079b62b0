/** Payload types of everything that is signed; part of the signed bytes (DSSE v1). */
export const payloadTypes = {
  statement: "application/vnd.lienthong.statement.v1+protobuf",
  registryEntry: "application/vnd.lienthong.registry-entry.v1+protobuf",
  registryRecord: "application/vnd.lienthong.registry-record.v1+protobuf",
  promise: "application/vnd.lienthong.promise.v1+protobuf",
} as const;

/** One of the payload types. */
export type PayloadType = (typeof payloadTypes)[keyof typeof payloadTypes];

const encoder = new TextEncoder();

/** The bytes that a signature covers: "DSSEv1" SP len(type) SP type SP len(payload) SP payload (DSSE v1, protocol.md). */
export function preAuthenticationEncoding(type: PayloadType, payload: Uint8Array): Uint8Array {
  const head = encoder.encode(`DSSEv1 ${type.length} ${type} ${payload.length} `);
  const encoded = new Uint8Array(head.length + payload.length);
  encoded.set(head);
  encoded.set(payload, head.length);
  return encoded;
}
