import { createHash, X509Certificate } from "node:crypto";

/** Key and certificates of one end of a connection, PEM. */
export interface TlsMaterial {
  /** Certificates of the authorities whose peers are trusted. */
  readonly caPem: string;
  /** Own certificate, then intermediate ones. */
  readonly certPem: string;
  /** Own private key, PKCS #8. */
  readonly keyPem: string;
}

const SYSTEM_URI_PREFIX = "urn:lienthong:system:";
const SYSTEM_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Whether a text has the form of a system id (SystemRecord.id in record.proto). */
export function isSystemId(text: string): boolean {
  return SYSTEM_ID.test(text);
}

/**
 * The URI that names a system in its certificate.
 * @throws RangeError with a sentence if the id is none.
 */
export function systemUri(systemId: string): string {
  if (!isSystemId(systemId)) {
    throw new RangeError(
      `"${systemId}" is no system id; allowed are 1 to 64 characters of a-z, 0-9 and "-", not beginning with "-".`,
    );
  }
  return SYSTEM_URI_PREFIX + systemId;
}

/**
 * SHA-256 over the SubjectPublicKeyInfo (DER) of a certificate: what SystemRecord.certificate_key_digests lists. It stays the same
 * when a certificate is renewed for the same key.
 * @param certificate PEM text or DER bytes.
 * @throws the crypto library's error if it is no certificate.
 */
export function certificateKeyDigest(certificate: string | Uint8Array): Uint8Array {
  const parsed = new X509Certificate(typeof certificate === "string" ? certificate : Buffer.from(certificate));
  return publicKeyDigest(parsed);
}

/** As `certificateKeyDigest`, for a certificate already parsed. */
export function publicKeyDigest(certificate: X509Certificate): Uint8Array {
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return new Uint8Array(createHash("sha256").update(spki).digest());
}

// Node prints names as `kind:value, kind:value` and puts values with special characters into JSON quotes. The quotes must be
// honoured: a DNS name holding ", URI:…" must not be taken for a URI.
const ALTERNATIVE_NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/gy;

/** The system that a certificate names: exactly one URI `urn:lienthong:system:<id>` among its alternative names; otherwise null. */
export function systemIdOf(certificate: X509Certificate): string | null {
  const names = certificate.subjectAltName ?? "";
  const ids: string[] = [];
  let end = 0;
  for (const match of names.matchAll(ALTERNATIVE_NAME)) {
    end = match.index + match[0].length;
    const [, kind, value = ""] = match;
    if (kind === "URI" && value.startsWith(SYSTEM_URI_PREFIX)) ids.push(value.slice(SYSTEM_URI_PREFIX.length));
  }
  const [id] = ids;
  return end === names.length && ids.length === 1 && id !== undefined && isSystemId(id) ? id : null;
}
