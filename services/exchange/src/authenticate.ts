import { type BusError, busError, type PeerIdentity } from "@lienthong/chassis";
import type { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { KeyPurpose, RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { hexOf, type RegistryState } from "@lienthong/registry-state";
import type { SignatureCheck } from "./signature-check.ts";

/** The system that calls, as the registry knows it. Throws SYSTEM_UNKNOWN. */
export function authenticateSystem(registry: RegistryState, identity: PeerIdentity | null): string {
  const system =
    identity === null ? undefined : registry.systemByCertificateKeyDigest(identity.certificateKeyDigestHex);
  if (
    identity === null ||
    system === undefined ||
    system.record.id !== identity.systemId ||
    system.record.status !== RecordStatus.RECORD_STATUS_ACTIVE
  ) {
    throw busError("SYSTEM_UNKNOWN", identity === null ? {} : { system: identity.systemId });
  }
  return system.record.id;
}

/** Why a system may not speak or read for an agency; null if it may. */
export function delegationRefusal(
  registry: RegistryState,
  system: string,
  agency: string,
  field: string,
): BusError | null {
  if (registry.isDelegated(agency, system)) return null;
  if (registry.agency(agency) === undefined) return busError("AGENCY_UNKNOWN", { field, agency });
  return busError("DELEGATION_MISSING", { field, agency, system });
}

/**
 * Why the keys that signed may not sign for this author at this head; null if they may. A pure look-up: it is asked again
 * when the statement is decided, because the head may have moved since the signatures were verified.
 */
export function keyRefusal(registry: RegistryState, envelope: StatementEnvelope, author: string): BusError | null {
  let sealed = false;
  for (const [index, { keyId }] of envelope.signatures.entries()) {
    const field = `envelope.signatures[${index}].key_id`;
    const key = registry.key(hexOf(keyId));
    if (key === undefined) return busError("KEY_UNKNOWN", { field });
    if (key.record.agency !== author) return busError("KEY_NOT_OF_AUTHOR", { field, author });
    if (key.revoked !== null) return busError("KEY_REVOKED", { field, author });
    sealed ||= key.record.purpose === KeyPurpose.KEY_PURPOSE_SEAL;
  }
  return sealed ? null : busError("KEY_NOT_OF_AUTHOR", { field: "envelope.signatures", author });
}

/** Verifies every signature. Throws KEY_UNKNOWN, FIELD_DUPLICATED or SIGNATURE_INVALID, naming the signature. */
export async function verifySignatures(
  registry: RegistryState,
  envelope: StatementEnvelope,
  signatureCheck: SignatureCheck,
): Promise<void> {
  const { signatures, payload } = envelope;
  const valid = await Promise.all(
    signatures.map(({ keyId, signature }, index) => {
      const id = hexOf(keyId);
      if (signatures.findIndex((other) => hexOf(other.keyId) === id) !== index) {
        throw busError("FIELD_DUPLICATED", { field: `envelope.signatures[${index}].key_id` });
      }
      const key = registry.key(id);
      if (key === undefined) throw busError("KEY_UNKNOWN", { field: `envelope.signatures[${index}].key_id` });
      return signatureCheck.check(key.verifyingKey, payload, signature);
    }),
  );
  const invalid = valid.indexOf(false);
  if (invalid >= 0) throw busError("SIGNATURE_INVALID", { field: `envelope.signatures[${invalid}].signature` });
}
