import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { type PublicKey, RecordStatus, RegistryRecord } from "@lienthong/contracts/registry/v1/record";
import { hexOf } from "@lienthong/registry-state";
import {
  importVerifyingKey,
  payloadTypes,
  type SigningKey,
  type VerifyingKey,
  verifyPayloadSync,
} from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import { type FileSignature, fileTypes, isFileSignature, signFile } from "./file-signature.ts";
import { digestOfParts, fingerprintOf } from "./fingerprint.ts";
import { idAllowed, idForm, readJsonFile } from "./json-fields.ts";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";
import { readSignature } from "./request-file.ts";

const format = "lienthong-enrolment-approval-v1";

/** What an approval says. */
export interface ApprovalContent {
  readonly network: Uint8Array;
  readonly agency: string;
  /** Set where a certificate was issued. */
  readonly system: string | null;
  readonly requestDigest: Uint8Array;
  readonly certificatePem: string | null;
  /** Authorities whose servers the agency trusts, PEM. */
  readonly chainPem: string | null;
  /** Addresses, "host:port", and the shard that is open. */
  readonly registry: string;
  readonly exchange: string;
  /** Empty where no document service runs. */
  readonly documents: string;
  readonly shard: string;
  /** Entry 0, byte for byte: its hash is the network, and it names the registrar's first keys. */
  readonly genesis: Uint8Array;
  /** Later entries about registrar keys, in order. */
  readonly registrarKeys: readonly Uint8Array[];
  /** What the registry has of the request, byte for byte. */
  readonly recorded: readonly { readonly number: bigint; readonly signedEntry: Uint8Array }[];
  /** Head of the registry when it was approved. */
  readonly head: { readonly size: bigint; readonly root: Uint8Array };
}

/** An approval, signed by the registrar. */
export interface Approval extends ApprovalContent {
  /** Of the request it answers. */
  readonly requestFingerprint: string;
  readonly signature: FileSignature;
}

function digestOf(content: ApprovalContent): Uint8Array {
  return digestOfParts([
    format,
    content.network,
    content.agency,
    content.system ?? "",
    content.requestDigest,
    content.certificatePem ?? "",
    content.chainPem ?? "",
    content.registry,
    content.exchange,
    content.documents,
    content.shard,
    content.genesis,
    String(content.head.size),
    content.head.root,
    String(content.registrarKeys.length),
    ...content.registrarKeys,
    ...content.recorded.flatMap(({ number, signedEntry }) => [String(number), signedEntry]),
  ]);
}

/** Signs an approval with a registrar key. */
export function signApproval(key: SigningKey, content: ApprovalContent): Approval {
  return {
    ...content,
    requestFingerprint: fingerprintOf(content.requestDigest),
    signature: signFile(key, fileTypes.approval, digestOf(content)),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The file's text. Nothing in it is secret. */
export function approvalText(approval: Approval): string {
  const file = {
    format,
    request: approval.requestFingerprint,
    requestDigest: hexOf(approval.requestDigest),
    network: hexOf(approval.network),
    agency: approval.agency,
    system: approval.system,
    certificate: approval.certificatePem,
    chain: approval.chainPem,
    registry: approval.registry,
    exchange: approval.exchange,
    documents: approval.documents,
    shard: approval.shard,
    recorded: approval.recorded.map(({ number, signedEntry }) => {
      const { kind, id } = RegistryEntry.decode(SignedRegistryEntry.decode(signedEntry).payload);
      return { number: Number(number), kind, id, signedEntry: base64(signedEntry) };
    }),
    head: { size: Number(approval.head.size), root: hexOf(approval.head.root) },
    genesis: base64(approval.genesis),
    registrarKeys: approval.registrarKeys.map(base64),
    signature: { keyId: approval.signature.keyId, signature: base64(approval.signature.signature) },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

const entryBytesMax = 61_440;
const address = /^[^\s/]{1,255}:\d{1,5}$/;

/**
 * Reads an approval for a network that is trusted: entry 0 has that hash, the entries are signed by the registrar it names, and so is the
 * whole. Throws EnrolmentRefusedError naming the field.
 */
export async function readApprovalFile(file: string, trustedNetwork: Uint8Array): Promise<Approval> {
  const root = await readJsonFile(file, "enrolment approval");
  root.at("format").oneOf(format);
  const pem = /^[\s\S]{1,65536}$/;
  const head = root.at("head");
  const approval: Approval = {
    network: root.at("network").hex(32),
    agency: root.at("agency").text(idForm, idAllowed),
    system: root.at("system").nullable((field) => field.text(idForm, idAllowed)),
    requestDigest: root.at("requestDigest").hex(32),
    requestFingerprint: root.at("request").text(/^[0-9A-Z-]{1,64}$/, "a fingerprint"),
    certificatePem: root.at("certificate").nullable((field) => field.text(pem, "PEM")),
    chainPem: root.at("chain").nullable((field) => field.text(pem, "PEM")),
    registry: root.at("registry").text(address, "host:port"),
    exchange: root.at("exchange").text(address, "host:port"),
    documents: root.at("documents").text(/^(?:[^\s/]{1,255}:\d{1,5})?$/, "host:port or nothing"),
    shard: root.at("shard").text(/^[a-z0-9-]{1,32}$/, "the name of a shard"),
    genesis: root.at("genesis").bytes(entryBytesMax),
    registrarKeys: root
      .at("registrarKeys")
      .items(64)
      .map((field) => field.bytes(entryBytesMax)),
    recorded: root
      .at("recorded")
      .items(16)
      .map((field) => ({
        number: field.at("number").number(),
        signedEntry: field.at("signedEntry").bytes(entryBytesMax),
      })),
    head: { size: head.at("size").number(), root: head.at("root").hex(32) },
    signature: readSignature(root.at("signature")),
  };
  if (!hashesEqual(approval.network, trustedNetwork) || !hashesEqual(leafHash(approval.genesis), trustedNetwork)) {
    throw new EnrolmentRefusedError("NETWORK_OTHER", {
      field: "network",
      found: hexOf(leafHash(approval.genesis)),
      expected: hexOf(trustedNetwork),
    });
  }
  const keys = registrarKeysOf(approval);
  const signer = keys.get(approval.signature.keyId);
  if (
    signer === undefined ||
    !isFileSignature(signer, fileTypes.approval, digestOf(approval), approval.signature.signature)
  ) {
    throw new EnrolmentRefusedError("SIGNATURE_WRONG", {
      field: "signature",
      key: approval.signature.keyId,
      allowed: "a signature over the whole approval by a key of the registrar in force",
    });
  }
  for (const [index, { signedEntry, number }] of approval.recorded.entries()) {
    const entry = checkedEntry(signedEntry, keys, `recorded[${index}].signedEntry`);
    if (entry.number !== number || !hashesEqual(entry.network, approval.network)) {
      throw refusedContent(`recorded[${index}].number`, `is ${number}`, `${entry.number}, as the entry says`);
    }
  }
  return approval;
}

/** Keys of the registrar in force after the entries about them, by key id. */
function registrarKeysOf({ genesis, registrarKeys }: Approval): Map<string, VerifyingKey> {
  const keys = new Map<string, VerifyingKey>();
  const add = (field: string, publicKey: PublicKey | undefined): VerifyingKey => {
    try {
      const key = importVerifyingKey(publicKey?.algorithm ?? 0, publicKey?.publicKey ?? new Uint8Array(0));
      keys.set(hexOf(key.keyId), key);
      return key;
    } catch (cause) {
      throw refusedContent(
        field,
        `holds no usable key: ${(cause as Error).message.replace(/\.$/, "")}`,
        "registry entries",
      );
    }
  };
  // Entry 0 needs no signature to be believed here: its hash is what is trusted.
  const first = recordOf(RegistryEntry.decode(SignedRegistryEntry.decode(genesis).payload));
  if (first?.$case !== "genesis") throw refusedContent("genesis", "is another record", "entry 0 of the registry");
  for (const publicKey of first.value.registrarKeys) add("genesis", publicKey);
  for (const [index, signedEntry] of registrarKeys.entries()) {
    const field = `registrarKeys[${index}]`;
    const record = recordOf(checkedEntry(signedEntry, keys, field));
    if (record?.$case !== "registrarKey")
      throw refusedContent(field, "is another record", "entries about registrar keys");
    const key = add(field, record.value.publicKey);
    if (record.value.status !== RecordStatus.RECORD_STATUS_ACTIVE) keys.delete(hexOf(key.keyId));
  }
  return keys;
}

function recordOf(entry: RegistryEntry): RegistryRecord["record"] {
  return RegistryRecord.decode(entry.record).record;
}

/** An entry that a key of the registrar signed. */
function checkedEntry(signedEntry: Uint8Array, keys: ReadonlyMap<string, VerifyingKey>, field: string): RegistryEntry {
  let signed: SignedRegistryEntry;
  let entry: RegistryEntry;
  try {
    signed = SignedRegistryEntry.decode(signedEntry);
    entry = RegistryEntry.decode(signed.payload);
  } catch {
    throw refusedContent(field, "is no registry entry", "entries as the registry has them");
  }
  const isSigned = signed.signatures.some(({ keyId, signature }) => {
    const key = keys.get(hexOf(keyId));
    return key !== undefined && verifyPayloadSync(key, payloadTypes.registryEntry, signed.payload, signature);
  });
  if (!isSigned) {
    throw new EnrolmentRefusedError("SIGNATURE_WRONG", {
      field,
      key: hexOf(signed.signatures[0]?.keyId ?? new Uint8Array(0)),
      allowed: "a signature by a key of the registrar",
    });
  }
  return entry;
}
