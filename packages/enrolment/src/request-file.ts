import { type ReadCertificateRequest, readCertificateRequest } from "@lienthong/chassis";
import { type Endorsement, EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import { type KeyRecord, RegistryRecord } from "@lienthong/contracts/registry/v1/record";
import { type AnyRecord, hexOf } from "@lienthong/registry-state";
import type { FileSignature } from "./file-signature.ts";
import { digestOfParts, fingerprintOf } from "./fingerprint.ts";
import { idAllowed, idForm, type JsonField, readJsonFile } from "./json-fields.ts";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";

const format = "lienthong-enrolment-request-v1";
const recordsMax = 8;

/** What is asked for: a first or another key, a system, a delegation; a key in place of another; a certificate anew. */
export type RequestKind = "enrol" | "rotate" | "renew";

/** A record that the agency wrote, with its signatures; the registrar's entry carries these very bytes. */
export interface AskedRecord {
  /** A serialised RegistryRecord. */
  readonly bytes: Uint8Array;
  readonly content: AnyRecord;
  readonly endorsements: readonly Endorsement[];
}

/** A system of the agency's own. */
export interface AskedSystem {
  readonly id: string;
  readonly nameVi: string;
  readonly nameEn: string;
}

/** What a request says. */
export interface RequestContent {
  readonly kind: RequestKind;
  /** Hash of the registry's entry 0, 32 bytes. */
  readonly network: Uint8Array;
  readonly agency: string;
  readonly records: readonly AskedRecord[];
  /** Set where a TLS certificate is asked for. */
  readonly system: AskedSystem | null;
  /** PKCS #10, PEM; set exactly where `system` is. */
  readonly certificateRequest: string | null;
}

/** A request as it was read: whole, and not yet held against the registry. */
export interface EnrolmentRequest extends RequestContent {
  readonly digest: Uint8Array;
  readonly fingerprint: string;
  /** RFC 3339; for people only. */
  readonly madeTime: string;
  readonly certificate: ReadCertificateRequest | null;
  /** By the seal that is asked for, else by one in force; null where a certificate is renewed for the same key, which that key signs. */
  readonly signature: FileSignature | null;
}

/** SHA-256 over everything a request asks for; made again, a request for the same keys has the same digest, whatever its signatures. */
export function requestDigest(content: RequestContent, tlsPublicKey: Uint8Array): Uint8Array {
  const { kind, network, agency, records, system } = content;
  return digestOfParts([
    format,
    kind,
    network,
    agency,
    system?.id ?? "",
    system?.nameVi ?? "",
    system?.nameEn ?? "",
    tlsPublicKey,
    ...records.map(({ bytes }) => bytes),
  ]);
}

const roleNames = new Map<EndorsementRole, string>([
  [EndorsementRole.ENDORSEMENT_ROLE_POSSESSION, "POSSESSION"],
  [EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY, "PREVIOUS_KEY"],
  [EndorsementRole.ENDORSEMENT_ROLE_AGENCY, "AGENCY"],
]);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The file's text. */
export function requestText(request: Omit<EnrolmentRequest, "certificate">): string {
  const { kind, network, agency, system, certificateRequest, records, signature } = request;
  const file = {
    format,
    fingerprint: request.fingerprint,
    kind,
    network: hexOf(network),
    agency,
    system: system === null ? null : { id: system.id, nameVi: system.nameVi, nameEn: system.nameEn },
    records: records.map(({ bytes, content, endorsements }) => ({
      about: aboutRecord(content),
      record: base64(bytes),
      endorsements: endorsements.map((endorsement) => ({
        role: roleNames.get(endorsement.role) ?? "",
        keyId: hexOf(endorsement.signature!.keyId),
        signature: base64(endorsement.signature!.signature),
      })),
    })),
    certificateRequest,
    madeTime: request.madeTime,
    signature: signature === null ? null : { keyId: signature.keyId, signature: base64(signature.signature) },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** For whoever opens the file; nothing reads it. */
function aboutRecord(record: AnyRecord): string {
  if (record.$case === "key") return `seal key of ${record.value.agency}`;
  if (record.$case === "delegation") {
    const verb = record.value.status === 1 ? "delegates to" : "ends its delegation to";
    return `${record.value.agency} ${verb} ${record.value.system}`;
  }
  return record.$case;
}

/** Reads a request. Throws EnrolmentRefusedError naming the field; signatures by keys are not looked at yet. */
export async function readRequestFile(file: string): Promise<EnrolmentRequest> {
  const root = await readJsonFile(file, "enrolment request");
  root.at("format").oneOf(format);
  const certificateRequest = root.at("certificateRequest").nullable((pem) => pem.text(/^[\s\S]{1,16384}$/, "PEM"));
  const system = root.at("system").nullable(readSystem);
  if ((system === null) !== (certificateRequest === null)) {
    throw refusedContent(
      "certificateRequest",
      certificateRequest === null ? "is missing" : "is set",
      "set exactly where a system is",
    );
  }
  const content: RequestContent = {
    kind: root.at("kind").oneOf("enrol", "rotate", "renew"),
    network: root.at("network").hex(32),
    agency: root.at("agency").text(idForm, idAllowed),
    records: root.at("records").items(recordsMax).map(readRecord),
    system,
    certificateRequest,
  };
  const certificate = certificateRequest === null ? null : await readCertificate(certificateRequest);
  if (certificate !== null && certificate.systemId !== system?.id) {
    throw refusedContent("certificateRequest", `names the system ${certificate.systemId}`, system?.id ?? "none");
  }
  const digest = requestDigest(content, certificate?.publicKey ?? new Uint8Array(0));
  const fingerprint = fingerprintOf(digest);
  const stated = root.at("fingerprint").text(/^[0-9A-Z-]{1,64}$/, "a fingerprint");
  if (stated !== fingerprint) {
    throw new EnrolmentRefusedError("FINGERPRINT_WRONG", {
      file,
      field: "fingerprint",
      found: fingerprint,
      expected: stated,
    });
  }
  return {
    ...content,
    digest,
    fingerprint,
    madeTime: root.at("madeTime").text(/^\d{4}-\d\d-\d\dT[\d:.]{8,18}Z$/, "an instant, RFC 3339 in UTC"),
    certificate,
    signature: root.at("signature").nullable(readSignature),
  };
}

export function readSignature(field: JsonField): FileSignature {
  return { keyId: hexOf(field.at("keyId").hex(32)), signature: field.at("signature").bytes(1_024) };
}

async function readCertificate(pem: string): Promise<ReadCertificateRequest> {
  return readCertificateRequest(pem).catch((cause: Error) => {
    throw refusedContent("certificateRequest", cause.message.replace(/\.$/, ""), "a request for this system's TLS key");
  });
}

function readSystem(field: JsonField): AskedSystem {
  // Published with the registry: the number of a person must not slip in with a name.
  const name = /^(?!.*\d{9})[^\p{C}]{0,400}$/u;
  return {
    id: field.at("id").text(idForm, idAllowed),
    nameVi: field
      .at("nameVi")
      .text(/^(?!.*\d{9})[^\p{C}]{1,400}$/u, "a name of 1 to 400 characters without 9 digits in a row"),
    nameEn: field.at("nameEn").text(name, "a name of 0 to 400 characters without 9 digits in a row"),
  };
}

function readRecord(field: JsonField): AskedRecord {
  const bytes = field.at("record").bytes(60_000);
  let content: AnyRecord | undefined;
  try {
    content = RegistryRecord.decode(bytes).record;
  } catch {
    content = undefined;
  }
  if (content?.$case !== "key" && content?.$case !== "delegation") {
    throw refusedContent(`${field.path}.record`, "is neither a key nor a delegation", "what an agency may ask for");
  }
  const endorsements = field
    .at("endorsements")
    .items(8)
    .map((each): Endorsement => {
      const name = each.at("role").oneOf("POSSESSION", "PREVIOUS_KEY", "AGENCY");
      const role = [...roleNames].find(([, known]) => known === name)![0];
      const { keyId, signature } = readSignature(each);
      return { role, signature: { keyId: new Uint8Array(Buffer.from(keyId, "hex")), signature } };
    });
  return { bytes, content, endorsements };
}

/** The key that a request asks for; null if it asks for none. */
export function askedKey(request: Pick<RequestContent, "records">): KeyRecord | null {
  for (const { content } of request.records) if (content.$case === "key") return content.value;
  return null;
}
