import { busError, type PeerIdentity, realClock } from "@lienthong/chassis";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { legalDayAt, type RegistryState } from "@lienthong/registry-state";
import { registryLogName } from "./served-logs.ts";

/** The calling system as the registry knows it. Throws SYSTEM_UNKNOWN. */
export function knownSystem(registry: RegistryState, identity: PeerIdentity | null): string {
  const system =
    identity === null ? undefined : registry.systemByCertificateKeyDigest(identity.certificateKeyDigestHex);
  if (
    system === undefined ||
    system.record.id !== identity?.systemId ||
    system.record.status !== RecordStatus.RECORD_STATUS_ACTIVE
  ) {
    throw busError("SYSTEM_UNKNOWN", identity === null ? {} : { system: identity.systemId });
  }
  return system.record.id;
}

/** True if an agency audits a whole shard today: a scope in force without limits to agencies or procedures. */
export function auditsWholeShard(registry: RegistryState, agency: string, shard: string): boolean {
  return registry
    .auditScopesOf(agency, legalDayAt(realClock.nowMs()))
    .some(
      ({ record }) =>
        record.agencies.length === 0 &&
        record.procedures.length === 0 &&
        (record.shards.length === 0 || record.shards.includes(shard)),
    );
}

/** Throws unless the system may read the entries of a log on behalf of an agency. The registry's own entries every system may read. */
export function expectReaderOfEntries(registry: RegistryState, system: string, agency: string, log: string): void {
  if (log === registryLogName) return;
  if (!registry.isDelegated(agency, system)) {
    if (registry.agency(agency) === undefined) throw busError("AGENCY_UNKNOWN", { field: "agency", agency });
    throw busError("DELEGATION_MISSING", { field: "agency", agency, system });
  }
  if (!auditsWholeShard(registry, agency, log)) {
    throw busError("NOT_ENTITLED", {
      field: "agency",
      agency,
      message: `${agency} has no audit scope over the whole of ${log}, so it may not read the entries of that log.`,
    });
  }
}

/** True if a system speaks for any agency that audits the whole of a log: what an HTTP request with its certificate may read. */
export function speaksForAuditor(registry: RegistryState, system: string, log: string): boolean {
  if (log === registryLogName) return true;
  for (const { record } of registry.agencies()) {
    if (auditsWholeShard(registry, record.id, log) && registry.isDelegated(record.id, system)) return true;
  }
  return false;
}
