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

/** What comes before the payload's length, by type. */
const heads = new Map<PayloadType, Uint8Array>();

function headOf(type: PayloadType): Uint8Array {
  let head = heads.get(type);
  if (head === undefined) {
    head = encoder.encode(`DSSEv1 ${type.length} ${type} `);
    heads.set(type, head);
  }
  return head;
}

/** The bytes that a signature covers: "DSSEv1" SP len(type) SP type SP len(payload) SP payload (DSSE v1, protocol.md). */
export function preAuthenticationEncoding(type: PayloadType, payload: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(preAuthenticationLength(type, payload));
  writePreAuthenticationEncoding(type, payload, encoded, 0);
  return encoded;
}

/** How many bytes they are. */
export function preAuthenticationLength(type: PayloadType, payload: Uint8Array): number {
  return headOf(type).length + `${payload.length} `.length + payload.length;
}

/** Writes them where there is room for them already. */
export function writePreAuthenticationEncoding(
  type: PayloadType,
  payload: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  const head = headOf(type);
  const length = `${payload.length} `;
  into.set(head, at);
  for (let digit = 0; digit < length.length; digit++) into[at + head.length + digit] = length.charCodeAt(digit);
  into.set(payload, at + head.length + length.length);
}
