import { type Endorsement, EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import {
  type DelegationRecord,
  KeyPurpose,
  type KeyRecord,
  RecordStatus,
  RevocationReason,
} from "@lienthong/contracts/registry/v1/record";
import { type HeldKey, hexOf, type RegistryState } from "@lienthong/registry-state";
import { importVerifyingKey, keyIdOf, payloadTypes, type VerifyingKey, verifyPayloadSync } from "@lienthong/statement";
import { hashesEqual } from "@lienthong/tlog";
import { fileTypes, isFileSignature } from "./file-signature.ts";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";
import { type AskedRecord, askedKey, type EnrolmentRequest } from "./request-file.ts";

const { RECORD_STATUS_ACTIVE, RECORD_STATUS_REVOKED } = RecordStatus;

/** What the registrar knows beside the registry. */
export interface RequestPolicy {
  /** Key ids of demonstration seals that lie on the operator's disk. */
  readonly keysOnOperatorsDisk: ReadonlySet<string>;
  /** True for the network of a demonstration (`lienthong up`), the only one where such a key may be recorded. */
  readonly isDemonstration: boolean;
}

/** A request that holds: signatures, keys, names. `key` is ready to verify with. */
export interface CheckedRequest {
  readonly request: EnrolmentRequest;
  readonly key: {
    readonly record: KeyRecord;
    readonly asked: AskedRecord;
    readonly verifying: VerifyingKey;
    readonly id: string;
  } | null;
  readonly delegations: readonly { readonly record: DelegationRecord; readonly asked: AskedRecord }[];
}

/** Holds a request against itself and the registry. Throws EnrolmentRefusedError naming the field; writes nothing. */
export function checkRequest(request: EnrolmentRequest, state: RegistryState, policy: RequestPolicy): CheckedRequest {
  const { agency, network } = request;
  if (!hashesEqual(network, state.network)) {
    throw new EnrolmentRefusedError("NETWORK_OTHER", {
      field: "network",
      found: hexOf(network),
      expected: hexOf(state.network),
    });
  }
  if (state.agency(agency) === undefined)
    throw new EnrolmentRefusedError("AGENCY_UNKNOWN", { field: "agency", agency });
  const key = checkKey(request, state, policy);
  const delegations = request.records.flatMap((asked, index) => {
    const { content } = asked;
    if (content.$case !== "delegation") return [];
    return [{ record: checkDelegation(request, content.value, `records[${index}]`, state), asked }];
  });
  if (request.kind === "rotate" && (key === null || key.record.replaces.length === 0)) {
    throw refusedContent("records", "hold no key that replaces another", "a rotation's new key, signed by the old one");
  }
  if (request.kind === "renew" && (request.records.length > 0 || request.certificate === null)) {
    throw refusedContent("records", "are more than a certificate", "a certificate request and nothing else");
  }
  if (request.records.length === 0 && request.certificate === null) {
    throw refusedContent("records", "are empty", "a key, a delegation or a certificate request");
  }
  checkEndorsements(request, state, key?.verifying ?? null);
  const isListed = checkSystem(request, state);
  checkWhole(request, state, key?.verifying ?? null, isListed);
  return { request, key, delegations };
}

function checkKey(request: EnrolmentRequest, state: RegistryState, policy: RequestPolicy): CheckedRequest["key"] {
  const { agency } = request;
  const index = request.records.findIndex(({ content }) => content.$case === "key");
  const record = askedKey(request);
  if (record === null) return null;
  const field = `records[${index}].record.key`;
  const more = request.records.findIndex(({ content }, at) => at > index && content.$case === "key");
  if (more >= 0) throw refusedContent(`records[${more}]`, "is a second key", "one key in a request");
  if (record.agency !== agency)
    throw refusedContent(`${field}.agency`, `is "${record.agency}"`, `"${agency}", who asks`);
  if (record.status !== RECORD_STATUS_ACTIVE) throw refusedContent(`${field}.status`, `is ${record.status}`, "ACTIVE");
  if (record.purpose !== KeyPurpose.KEY_PURPOSE_SEAL) {
    throw refusedContent(`${field}.purpose`, `is ${record.purpose}`, "SEAL");
  }
  if (record.revocationReason !== RevocationReason.REVOCATION_REASON_UNSPECIFIED || record.doubtedSince !== undefined) {
    throw refusedContent(`${field}.revocation_reason`, "is set on a new key", "none");
  }
  const publicKey = record.publicKey;
  if (publicKey === undefined) throw refusedContent(`${field}.public_key`, "is not set", "a public key");
  let verifying: VerifyingKey;
  try {
    verifying = importVerifyingKey(publicKey.algorithm, publicKey.publicKey);
  } catch (error) {
    throw refusedContent(
      `${field}.public_key`,
      `cannot be used: ${(error as Error).message.replace(/\.$/, "")}`,
      "Ed25519, P-256, or RSA of 2,048 to 4,096 bits, as its algorithm says",
    );
  }
  const id = hexOf(keyIdOf(publicKey.publicKey));
  // A label that is missing is worse than one that is there: such a key would be taken for the agency's own.
  if (record.demonstration ? !policy.isDemonstration : policy.keysOnOperatorsDisk.has(id)) {
    throw new EnrolmentRefusedError("DEMONSTRATION_KEY", { field: `${field}.demonstration`, key: id, agency });
  }
  const known = state.key(id);
  if (known?.revoked) {
    throw new EnrolmentRefusedError("KEY_REVOKED", { field, key: id, number: String(known.revoked.number) });
  }
  return { record, asked: request.records[index]!, verifying, id };
}

function checkDelegation(
  request: EnrolmentRequest,
  record: DelegationRecord,
  at: string,
  state: RegistryState,
): DelegationRecord {
  const field = `${at}.record.delegation`;
  if (record.agency !== request.agency) {
    throw refusedContent(`${field}.agency`, `is "${record.agency}"`, `"${request.agency}", who asks`);
  }
  if (record.status !== RECORD_STATUS_ACTIVE && record.status !== RECORD_STATUS_REVOKED) {
    throw refusedContent(`${field}.status`, `is ${record.status}`, "ACTIVE or REVOKED");
  }
  if (record.system !== request.system?.id && state.system(record.system) === undefined) {
    throw new EnrolmentRefusedError("SYSTEM_UNKNOWN", { field: `${field}.system`, system: record.system });
  }
  return record;
}

/** Seals of an agency that are not revoked, by key id. */
export function sealsInForce(state: RegistryState, agency: string): HeldKey[] {
  return state
    .keysOfAgency(agency)
    .filter(({ revoked, record }) => revoked === null && record.purpose === KeyPurpose.KEY_PURPOSE_SEAL);
}

function checkEndorsements(request: EnrolmentRequest, state: RegistryState, own: VerifyingKey | null): void {
  for (const [index, { bytes, content, endorsements }] of request.records.entries()) {
    const at = `records[${index}].endorsements`;
    const roles = new Set<EndorsementRole>();
    for (const [place, endorsement] of endorsements.entries()) {
      const field = `${at}[${place}]`;
      const keyId = hexOf(endorsement.signature!.keyId);
      const key = endorser(request, state, content.$case === "key" ? content.value : null, endorsement, own, field);
      if (!verifyPayloadSync(key, payloadTypes.registryRecord, bytes, endorsement.signature!.signature)) {
        throw new EnrolmentRefusedError("SIGNATURE_WRONG", {
          field: `${field}.signature`,
          key: keyId,
          allowed: "a signature over the record as it stands in the request",
        });
      }
      roles.add(endorsement.role);
    }
    const needed: [EndorsementRole, boolean, string][] = [
      [
        EndorsementRole.ENDORSEMENT_ROLE_POSSESSION,
        content.$case === "key",
        "POSSESSION, by the key that is asked for",
      ],
      [
        EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY,
        content.$case === "key" && content.value.replaces.length > 0,
        "PREVIOUS_KEY, by the key that is replaced",
      ],
      [EndorsementRole.ENDORSEMENT_ROLE_AGENCY, content.$case === "delegation", "AGENCY, by a seal of the agency"],
    ];
    for (const [role, isNeeded, allowed] of needed) {
      if (isNeeded && !roles.has(role)) throw refusedContent(at, "lack a signature", `one of role ${allowed}`);
    }
  }
}

/** The key that may sign in this role; refuses another. */
function endorser(
  request: EnrolmentRequest,
  state: RegistryState,
  keyRecord: KeyRecord | null,
  { role, signature }: Endorsement,
  own: VerifyingKey | null,
  field: string,
): VerifyingKey {
  const keyId = hexOf(signature!.keyId);
  const isOwn = own !== null && hashesEqual(own.keyId, signature!.keyId);
  if (role === EndorsementRole.ENDORSEMENT_ROLE_POSSESSION && keyRecord !== null && own !== null) {
    if (isOwn) return own;
    throw refusedContent(`${field}.keyId`, `is ${keyId}`, `${hexOf(own.keyId)}, the key that is asked for`);
  }
  if (role === EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY && keyRecord !== null) {
    const old = state.key(hexOf(keyRecord.replaces));
    if (old !== undefined && old.keyIdHex === keyId && old.record.agency === request.agency) return old.verifyingKey;
    throw refusedContent(`${field}.keyId`, `is ${keyId}`, `a key of ${request.agency} that the new one replaces`);
  }
  if (role === EndorsementRole.ENDORSEMENT_ROLE_AGENCY && keyRecord === null) {
    if (isOwn) return own;
    const seal = sealsInForce(state, request.agency).find(({ keyIdHex }) => keyIdHex === keyId);
    if (seal !== undefined) return seal.verifyingKey;
    throw refusedContent(`${field}.keyId`, `is ${keyId}`, `a seal of ${request.agency} in force, or the one asked for`);
  }
  throw refusedContent(`${field}.role`, `is ${role}, which means nothing here`, "the roles that the record asks for");
}

/** Whether the TLS key is the system's already. Refuses a key for somebody else's system. */
function checkSystem(request: EnrolmentRequest, state: RegistryState): boolean {
  const { system, certificate, agency } = request;
  if (system === null || certificate === null) return false;
  const holder = state.systemByCertificateKeyDigest(certificate.keyDigestHex);
  if (holder !== undefined && holder.id !== system.id) {
    throw refusedContent(
      "certificateRequest",
      `is for a key of the system ${holder.id}`,
      "a key that no other system uses",
    );
  }
  const known = state.system(system.id);
  if (known === undefined) {
    if (request.kind === "renew") {
      throw new EnrolmentRefusedError("SYSTEM_UNKNOWN", { field: "system.id", system: system.id });
    }
    return false;
  }
  if (known.record.status !== RECORD_STATUS_ACTIVE) {
    throw refusedContent("system.id", `is ${system.id}, which entry ${known.number} revoked`, "a system in force");
  }
  if (holder !== undefined) return true;
  const responsible = known.record.responsibleAgency;
  if (responsible !== agency) {
    throw new EnrolmentRefusedError("SYSTEM_OF_ANOTHER", {
      field: "system.id",
      system: system.id,
      responsible: responsible === "" ? "the operator" : responsible,
      agency,
    });
  }
  return false;
}

/** The signature over the whole request: without it somebody could put another certificate request into an agency's file. */
function checkWhole(
  request: EnrolmentRequest,
  state: RegistryState,
  own: VerifyingKey | null,
  isListed: boolean,
): void {
  const { signature, agency, digest } = request;
  if (signature === null) {
    // The certificate request itself is signed by the TLS key that the registry lists for this system.
    if (request.kind === "renew" && isListed) return;
    throw refusedContent("signature", "is missing", `a signature by a seal of ${agency}`);
  }
  const seal = sealsInForce(state, agency).find(({ keyIdHex }) => keyIdHex === signature.keyId)?.verifyingKey;
  const key = own !== null && hexOf(own.keyId) === signature.keyId ? own : seal;
  if (key === undefined) {
    throw refusedContent(
      "signature.keyId",
      `is ${signature.keyId}`,
      `a seal of ${agency} in force, or the one asked for`,
    );
  }
  if (own !== null && key !== own) {
    throw refusedContent("signature.keyId", `is ${signature.keyId}`, `${hexOf(own.keyId)}, the key that is asked for`);
  }
  if (!isFileSignature(key, fileTypes.request, digest, signature.signature)) {
    throw new EnrolmentRefusedError("SIGNATURE_WRONG", {
      field: "signature.signature",
      key: signature.keyId,
      allowed: "a signature over the whole request",
    });
  }
}
