import {
  keepPrivateFile,
  makeCertificateRequest,
  makeTlsKey,
  readCertificateRequest,
  readFileIfAny,
  replacePrivateFile,
} from "@lienthong/chassis";
import { EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import { KeyPurpose, type KeyRecord, RecordStatus, RevocationReason } from "@lienthong/contracts/registry/v1/record";
import { type AnyRecord, endorse, publicKeyOf, recordBytes } from "@lienthong/registry-state";
import type { SigningKey } from "@lienthong/statement";
import { type AgencyFolder, ensureSeal, makeAgencyFolder, readSeal, type SealAlgorithm } from "./agency-folder.ts";
import { fileTypes, signFile } from "./file-signature.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { EnrolmentRefusedError } from "./refused.ts";
import {
  type AskedRecord,
  type AskedSystem,
  type EnrolmentRequest,
  type RequestContent,
  type RequestKind,
  requestDigest,
  requestText,
} from "./request-file.ts";

const { ENDORSEMENT_ROLE_POSSESSION, ENDORSEMENT_ROLE_PREVIOUS_KEY, ENDORSEMENT_ROLE_AGENCY } = EndorsementRole;
const noBytes = new Uint8Array(0);

/** For whom, where. */
interface Asking {
  readonly folder: AgencyFolder;
  /** Hash of the registry's entry 0, 32 bytes, heard from the registrar. */
  readonly network: Uint8Array;
  readonly agency: string;
}

/** What to ask for beside a first seal. */
export interface EnrolOptions extends Asking {
  /** Kind of the seal, if one is made. Default ed25519. */
  readonly algorithm?: SealAlgorithm;
  /** A system of its own: gets a TLS key here and a certificate from the registrar, and the agency delegates to it. */
  readonly system?: { readonly id: string; readonly nameVi?: string; readonly nameEn?: string };
  /** Systems of others that shall speak for the agency. */
  readonly delegateTo?: readonly string[];
  /** Systems that shall not any more. */
  readonly endDelegationTo?: readonly string[];
}

/**
 * Asks for what an agency needs to take part. A seal is made unless one is in use in the folder; whatever else is asked for is signed by
 * the seal. Again, before the approval: the same keys, so a request that was lost can be made anew.
 */
export async function requestEnrolment(options: EnrolOptions): Promise<EnrolmentRequest> {
  const { folder, network, agency, system, delegateTo = [], endDelegationTo = [], algorithm = "ed25519" } = options;
  await makeAgencyFolder(folder);
  const inUse = await readSeal(folder.sealFile(agency));
  if (inUse !== null && system === undefined && delegateTo.length + endDelegationTo.length === 0) {
    throw new EnrolmentRefusedError("NOTHING_TO_ASK", { agency, folder: folder.root });
  }
  const seal = inUse ?? (await ensureSeal(folder.nextSealFile(agency), algorithm));
  const delegations = [...(system === undefined ? [] : [system.id]), ...delegateTo];
  const records = [
    ...(inUse === null ? [keyAsked(network, agency, seal, null)] : []),
    ...delegations.map((id) => delegationAsked(network, agency, id, seal, true)),
    // New ones first: whoever stops in between has two systems that speak for it, not none.
    ...endDelegationTo.map((id) => delegationAsked(network, agency, id, seal, false)),
  ];
  const named =
    system === undefined ? null : { id: system.id, nameVi: system.nameVi ?? system.id, nameEn: system.nameEn ?? "" };
  const tlsKey = named === null ? null : await tlsKeyFor(folder, named.id, false);
  return writeRequest(
    folder,
    { kind: "enrol", network, agency, records, ...(await certificateFor(named, tlsKey)) },
    seal,
  );
}

/** Asks for a new seal in place of the one in use, signed by both. The old one stays in use until the approval is installed. */
export async function requestRotation(
  options: Asking & { readonly algorithm?: SealAlgorithm },
): Promise<EnrolmentRequest> {
  const { folder, network, agency, algorithm = "ed25519" } = options;
  const old = await readSeal(folder.sealFile(agency));
  if (old === null) throw new EnrolmentRefusedError("NO_SEAL", { agency, folder: folder.root });
  const seal = await ensureSeal(folder.nextSealFile(agency), algorithm);
  const records = [keyAsked(network, agency, seal, old)];
  return writeRequest(folder, { kind: "rotate", network, agency, records, ...noCertificate }, seal);
}

/**
 * Asks for a system's certificate anew. For the same key, that key's signature on the request is enough; for a new one (`newKey`) the
 * agency's seal signs, because the registry must list the key.
 */
export async function requestRenewal(
  options: Asking & { readonly system: string; readonly newKey?: boolean },
): Promise<EnrolmentRequest> {
  const { folder, network, agency, system, newKey = false } = options;
  const present = await readFileIfAny(folder.tlsKeyFile(system));
  if (present === null) throw new EnrolmentRefusedError("NO_TLS_KEY", { system, folder: folder.root });
  const seal = await readSeal(folder.sealFile(agency));
  if (newKey && seal === null) throw new EnrolmentRefusedError("NO_SEAL", { agency, folder: folder.root });
  const tlsKey = newKey ? await tlsKeyFor(folder, system, true) : present;
  const named = { id: system, nameVi: system, nameEn: "" };
  const content = { kind: "renew" as const, network, agency, records: [], ...(await certificateFor(named, tlsKey)) };
  return writeRequest(folder, content, seal);
}

const noCertificate = { system: null, certificateRequest: null };

async function certificateFor(
  system: AskedSystem | null,
  tlsKey: string | null,
): Promise<Pick<RequestContent, "system" | "certificateRequest">> {
  if (system === null || tlsKey === null) return noCertificate;
  return { system, certificateRequest: await makeCertificateRequest(system.id, tlsKey) };
}

/** The TLS key in use, else (or with `another`) the one that waits, made here on first use. */
async function tlsKeyFor(folder: AgencyFolder, system: string, another: boolean): Promise<string> {
  const inUse = another ? null : await readFileIfAny(folder.tlsKeyFile(system));
  if (inUse !== null) return inUse;
  return (
    (await readFileIfAny(folder.nextTlsKeyFile(system))) ??
    (await keepPrivateFile(folder.nextTlsKeyFile(system), makeTlsKey()))
  );
}

function keyAsked(network: Uint8Array, agency: string, seal: SigningKey, old: SigningKey | null): AskedRecord {
  const value: KeyRecord = {
    agency,
    publicKey: publicKeyOf(seal),
    purpose: KeyPurpose.KEY_PURPOSE_SEAL,
    officerRef: "",
    replaces: old?.keyId ?? noBytes,
    status: RecordStatus.RECORD_STATUS_ACTIVE,
    revocationReason: RevocationReason.REVOCATION_REASON_UNSPECIFIED,
    doubtedSince: undefined,
    demonstration: false,
  };
  const content: AnyRecord = { $case: "key", value };
  const bytes = recordBytes(network, content);
  const endorsements = [endorse(ENDORSEMENT_ROLE_POSSESSION, seal, bytes)];
  if (old !== null) endorsements.push(endorse(ENDORSEMENT_ROLE_PREVIOUS_KEY, old, bytes));
  return { bytes, content, endorsements };
}

function delegationAsked(
  network: Uint8Array,
  agency: string,
  system: string,
  seal: SigningKey,
  given: boolean,
): AskedRecord {
  const status = given ? RecordStatus.RECORD_STATUS_ACTIVE : RecordStatus.RECORD_STATUS_REVOKED;
  const content: AnyRecord = { $case: "delegation", value: { agency, system, status } };
  const bytes = recordBytes(network, content);
  return { bytes, content, endorsements: [endorse(ENDORSEMENT_ROLE_AGENCY, seal, bytes)] };
}

async function writeRequest(
  folder: AgencyFolder,
  content: RequestContent & { readonly kind: RequestKind },
  seal: SigningKey | null,
): Promise<EnrolmentRequest> {
  const certificate =
    content.certificateRequest === null ? null : await readCertificateRequest(content.certificateRequest);
  const digest = requestDigest(content, certificate?.publicKey ?? noBytes);
  const request: EnrolmentRequest = {
    ...content,
    digest,
    fingerprint: fingerprintOf(digest),
    madeTime: new Date().toISOString(),
    certificate,
    signature: seal === null ? null : signFile(seal, fileTypes.request, digest),
  };
  // A crash before this leaves keys that nobody knows and the next request finds again.
  await replacePrivateFile(folder.requestFile, requestText(request));
  return request;
}
