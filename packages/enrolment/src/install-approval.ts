import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { certificateKeyDigest, readFileIfAny, replacePrivateFile, systemIdOf } from "@lienthong/chassis";
import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { hexOf } from "@lienthong/registry-state";
import { keyIdOf } from "@lienthong/statement";
import { hashesEqual } from "@lienthong/tlog";
import { type AgencyFolder, agencyFolder, putInUse, readSeal } from "./agency-folder.ts";
import { type Approval, readApprovalFile } from "./approval-file.ts";
import { type JsonField, readJsonFile } from "./json-fields.ts";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";
import { askedKey, type EnrolmentRequest, readRequestFile } from "./request-file.ts";

/** What was laid down. */
export interface Installed {
  readonly approval: Approval;
  /** Key id of the seal in use from now on; null if the folder has none. */
  readonly keyId: string | null;
  readonly system: string | null;
  readonly certificateValidUntil: Date | null;
}

/** The network that a folder belongs to; null before the first approval. */
export async function networkOfFolder(folder: AgencyFolder): Promise<Uint8Array | null> {
  if (!existsSync(folder.networkFile)) return null;
  return (await readJsonFile(folder.networkFile, "network file")).at("network").hex(32);
}

/**
 * Checks an approval against the request made in the folder and lays down what it brings: the seal comes into use, the certificate and
 * the authority are stored, and the folder becomes a data folder for `--data`. Nothing is written before everything was checked. Again,
 * after a crash or for certainty, it does what is missing.
 */
export async function installApproval(path: string, file: string): Promise<Installed> {
  const folder = agencyFolder(path);
  if (!existsSync(folder.requestFile)) throw new EnrolmentRefusedError("NO_REQUEST", { folder: folder.root });
  const request = await readRequestFile(folder.requestFile);
  const approval = await readApprovalFile(file, request.network);
  if (!hashesEqual(approval.requestDigest, request.digest) || approval.agency !== request.agency) {
    throw new EnrolmentRefusedError("APPROVAL_OF_ANOTHER", {
      field: "request",
      found: approval.requestFingerprint,
      expected: request.fingerprint,
    });
  }
  checkRecorded(request, approval);
  const certificate = checkCertificate(request, approval);
  await layDown(folder, request, approval, await certificatesKnown(folder));
  const seal = await readSeal(folder.sealFile(request.agency));
  return {
    approval,
    keyId: seal === null ? null : hexOf(seal.keyId),
    system: approval.system,
    certificateValidUntil: certificate === null ? null : new Date(certificate.validTo),
  };
}

/** Every record of the request is in the registry, byte for byte. */
function checkRecorded(request: EnrolmentRequest, approval: Approval): void {
  const recorded = approval.recorded.map(({ signedEntry }) =>
    RegistryEntry.decode(SignedRegistryEntry.decode(signedEntry).payload),
  );
  for (const [index, { bytes, content }] of request.records.entries()) {
    if (recorded.some(({ record }) => hashesEqual(record, bytes))) continue;
    // The same delegation may have been recorded before, from other bytes; a key never.
    const id = content.$case === "delegation" ? `${content.value.agency}/${content.value.system}` : null;
    if (id !== null && recorded.some((entry) => entry.id === id)) continue;
    throw refusedContent("recorded", `lack what the request asked for in records[${index}]`, "all that was asked for");
  }
}

/** The certificate is for the TLS key here, names the system, and is vouched for by the authority that comes with it. */
function checkCertificate(request: EnrolmentRequest, approval: Approval): X509Certificate | null {
  if (request.certificate === null) return null;
  const { certificatePem, chainPem, system } = approval;
  if (certificatePem === null || chainPem === null || system !== request.system?.id) {
    throw refusedContent("certificate", "is missing", `a certificate for the system ${request.system?.id}`);
  }
  let certificate: X509Certificate;
  let authority: X509Certificate;
  try {
    certificate = new X509Certificate(certificatePem);
    authority = new X509Certificate(chainPem);
  } catch {
    throw refusedContent("certificate", "cannot be read", "certificates in PEM");
  }
  if (Buffer.from(certificateKeyDigest(certificatePem)).toString("hex") !== request.certificate.keyDigestHex) {
    throw refusedContent("certificate", "is for another key", "the TLS key that was made in this folder");
  }
  if (systemIdOf(certificate) !== system) {
    throw refusedContent("certificate", `names ${systemIdOf(certificate) ?? "no system"}`, `the system ${system}`);
  }
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    throw refusedContent("certificate", "is not vouched for by the authority that comes with it", "one that it issued");
  }
  return certificate;
}

/** Each step may be the last before a crash: the waiting keys stay until they are in use, and installing again goes on. */
async function layDown(
  folder: AgencyFolder,
  request: EnrolmentRequest,
  approval: Approval,
  known: Certificates,
): Promise<void> {
  const { agency } = request;
  const key = askedKey(request);
  if (key !== null) {
    const inUse = await readSeal(folder.sealFile(agency));
    const waiting = await readSeal(folder.nextSealFile(agency));
    const asked = hexOf(keyIdOf(key.publicKey?.publicKey ?? new Uint8Array(0)));
    if (waiting !== null && hexOf(waiting.keyId) === asked) {
      const retired = join(
        folder.keys,
        "retired",
        `${agency}-${inUse === null ? "none" : hexOf(inUse.keyId).slice(0, 16)}.pem`,
      );
      await putInUse(folder.nextSealFile(agency), folder.sealFile(agency), retired);
    } else if (inUse === null || hexOf(inUse.keyId) !== asked) {
      throw new EnrolmentRefusedError("NO_SEAL", { agency, folder: folder.root });
    }
  }
  const { system, certificatePem, chainPem } = approval;
  if (chainPem !== null) await replacePrivateFile(folder.authorityFile, chainPem);
  if (system !== null && certificatePem !== null) {
    const waiting = await readFileIfAny(folder.nextTlsKeyFile(system));
    if (waiting !== null && isKeyOf(waiting, certificatePem)) {
      const retired = join(folder.root, "tls", "retired", `${system}-${Date.now()}.key.pem`);
      await putInUse(folder.nextTlsKeyFile(system), folder.tlsKeyFile(system), retired);
    }
    await replacePrivateFile(folder.certificateFile(system), certificatePem);
  }
  const network = { network: hexOf(approval.network) };
  await replacePrivateFile(folder.networkFile, `${JSON.stringify(network, null, 2)}\n`);
  await writeRunFile(folder, request, approval, known);
}

function isKeyOf(keyPem: string, certificatePem: string): boolean {
  return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
}

type Certificates = Record<string, { certificate: string; key: string }>;

/** Certificates that the folder's `run.json` names; none before there is one. */
async function certificatesKnown({ runFile }: AgencyFolder): Promise<Certificates> {
  if (!existsSync(runFile)) return {};
  const listed = (await readJsonFile(runFile, "run.json")).at("tls").at("certificates");
  const path = (field: JsonField) => field.text(/^[^\0]{1,4096}$/, "a path");
  return Object.fromEntries(
    listed.names().map((system) => {
      const files = listed.at(system);
      return [system, { certificate: path(files.at("certificate")), key: path(files.at("key")) }];
    }),
  );
}

/** `run.json`, as a bus writes it on its own data folder: with it the commands find bus, certificate and seal. */
async function writeRunFile(
  folder: AgencyFolder,
  request: EnrolmentRequest,
  approval: Approval,
  known: Certificates,
): Promise<void> {
  const certificates = { ...known };
  const { registry, exchange, documents, shard, system } = approval;
  // What speaks for the agency no more is not tried any more.
  for (const { content } of request.records) {
    if (content.$case !== "delegation" || content.value.status !== RecordStatus.RECORD_STATUS_REVOKED) continue;
    delete certificates[content.value.system];
  }
  if (system !== null) {
    certificates[system] = { certificate: folder.certificateFile(system), key: folder.tlsKeyFile(system) };
  }
  const run = {
    grpc: { registry, exchange, documents },
    tls: { ca: folder.authorityFile, certificates },
    shard,
    keys: folder.keys,
    // Of no process here: the bus runs elsewhere.
    pid: 0,
  };
  await replacePrivateFile(folder.runFile, `${JSON.stringify(run, null, 2)}\n`);
}
