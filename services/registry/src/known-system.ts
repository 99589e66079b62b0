import { busError, type PeerIdentity } from "@lienthong/chassis";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";

/** The id of the calling system. Throws SYSTEM_UNKNOWN unless the registry lists its certificate's key, and it is active. */
export function requireKnownSystem(state: RegistryState, identity: PeerIdentity | null): string {
  const system = identity === null ? undefined : state.systemByCertificateKeyDigest(identity.certificateKeyDigestHex);
  if (
    system === undefined ||
    system.id !== identity?.systemId ||
    system.record.status !== RecordStatus.RECORD_STATUS_ACTIVE
  ) {
    throw busError("SYSTEM_UNKNOWN");
  }
  return system.id;
}
