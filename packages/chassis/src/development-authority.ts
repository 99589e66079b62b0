import "./reflect-metadata.ts";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate as NodeCertificate,
  randomBytes,
  webcrypto,
} from "node:crypto";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { systemUri, type TlsMaterial } from "./certificate.ts";
import { readCertificateRequest } from "./certificate-request.ts";
import { type Clock, realClock } from "./clock.ts";
import { keepPrivateFile, makePrivate, readFileIfAny, replacePrivateFile } from "./private-file.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_NAME = "CN=lienthong development authority";
const SIGNING = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Certificates begin this long before they are made, for clocks that lag. */
const BACKDATE_MS = 3_600_000;

const AUTHORITY_LIFE = { lifeMs: 3_650 * DAY_MS, renewBeforeMs: 365 * DAY_MS };
const LEAF_LIFE = { lifeMs: 90 * DAY_MS, renewBeforeMs: 30 * DAY_MS };

/** Names a development server answers to unless told otherwise. */
export const DEVELOPMENT_SERVER_NAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/** How an authority is opened. */
export interface DevelopmentAuthorityOptions {
  /** Folder for keys and certificates; made if missing, readable by its owner only. */
  readonly folder: string;
  /** Host names and IP addresses of the server certificate; `DEVELOPMENT_SERVER_NAMES` by default. */
  readonly serverNames?: readonly string[];
  /** Real time; certificates know no other. */
  readonly clock?: Clock;
}

/** Where material lies, for programs that want files. */
export interface TlsFiles {
  readonly caPath: string;
  readonly certPath: string;
  readonly keyPath: string;
}

/** Material and where it lies. */
export interface StoredTlsMaterial extends TlsMaterial {
  readonly files: TlsFiles;
}

/** An authority for one machine, for development and tests. In production certificates come from the state's authorities. */
export interface DevelopmentAuthority {
  readonly folder: string;
  /** Certificate of the authority, PEM. */
  readonly caPem: string;
  /** Certificate for servers. The same until it is close to its end. */
  server(): Promise<StoredTlsMaterial>;
  /** Certificate of a member of a cluster of servers, as client and as server, under the hosts at which the others reach it. */
  member(name: string, hosts: readonly string[]): Promise<StoredTlsMaterial>;
  /**
   * Client certificate of a system, which names it as `urn:lienthong:system:<id>`. Renewed for the same key, so the digest that
   * the registry lists keeps its value. The key lies in this folder, with the operator: the certificate says so (O=lienthong demonstration)
   * unless the system is the operator's own.
   */
  system(systemId: string, options?: { readonly operatorsOwn?: boolean }): Promise<StoredTlsMaterial>;
  /**
   * Client certificate for a key that is elsewhere. The same request again gives the same certificate until it is close to its end, then a
   * new one. Whether the asker may have it is decided before.
   * @throws CertificateRequestRefusedError if the request does not verify.
   */
  issue(requestPem: string): Promise<IssuedCertificate>;
}

/** A certificate for somebody else's key. */
export interface IssuedCertificate {
  readonly certPem: string;
  readonly caPem: string;
  /** Whether it was made now. */
  readonly isNew: boolean;
  readonly validUntil: Date;
}

/** Organisation in certificates whose private key lies with the operator, for demonstrations. */
export const DEMONSTRATION_ORGANISATION = "lienthong demonstration";

interface Subject {
  /** File name without ending. */
  readonly file: string;
  readonly name: string;
  readonly alternativeNames: readonly x509.JsonGeneralName[];
  readonly purposes: readonly string[];
}

function isIpAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}

async function importKeys(
  keyPem: string,
): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }> {
  const key = createPrivateKey(keyPem);
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const jwk = key.export({ format: "jwk" });
  const publicJwk = { kty: jwk.kty!, crv: jwk.crv!, x: jwk.x!, y: jwk.y! };
  return {
    privateKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, SIGNING, false, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("jwk", publicJwk, SIGNING, true, ["verify"]),
  };
}

/** The key in the file, made on first use. A crash before it is written leaves nothing; after it, the same key is found again. */
async function ensureKey(path: string): Promise<string> {
  const present = await readFileIfAny(path);
  if (present !== null) {
    await makePrivate(path);
    return present;
  }
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return keepPrivateFile(path, privateKey);
}

/** The certificate if it may still be used: made for this key (PEM), by this authority, for these names, and not close to its end. */
function usable(
  certPem: string | null,
  keyPem: string,
  authority: NodeCertificate | null,
  alternativeNames: string | undefined,
  soonMs: number,
): certPem is string {
  if (certPem === null) return false;
  try {
    const certificate = new NodeCertificate(certPem);
    return (
      certificate.publicKey.equals(createPublicKey(keyPem)) &&
      certificate.verify((authority ?? certificate).publicKey) &&
      Date.parse(certificate.validTo) > soonMs &&
      certificate.subjectAltName === alternativeNames
    );
  } catch {
    // Not a certificate any more: make a new one for the same key.
    return false;
  }
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  // Positive and of full length: the first bit clear, the second set.
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function makeAuthorityCertificate(keyPem: string, nowMs: number): Promise<string> {
  const keys = await importKeys(keyPem);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: AUTHORITY_NAME,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE.lifeMs),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

async function makeLeafCertificate(
  subject: Subject,
  publicKey: webcrypto.CryptoKey,
  authorityPem: string,
  authorityKeyPem: string,
  nowMs: number,
): Promise<string> {
  const authorityKeys = await importKeys(authorityKeyPem);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subject.name,
    issuer: new x509.X509Certificate(authorityPem).subject,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + LEAF_LIFE.lifeMs),
    signingAlgorithm: SIGNING,
    publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...subject.purposes]),
      new x509.SubjectAlternativeNameExtension([...subject.alternativeNames]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

/** How Node prints these names; what a kept certificate is compared with. */
function printedNames(names: readonly x509.JsonGeneralName[]): string {
  const ip = (address: string): string =>
    address.includes(":") ? `IP Address:${longAddress(address)}` : `IP Address:${address}`;
  return names
    .map(({ type, value }) => (type === "ip" ? ip(value) : type === "dns" ? `DNS:${value}` : `URI:${value}`))
    .join(", ");
}

/** An IPv6 address as OpenSSL prints it: eight groups, no zeros in front. */
function longAddress(address: string): string {
  const [head = "", tail] = address.split("::");
  const before = head.split(":").filter((group) => group !== "");
  const after = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return groups.map((group) => Number.parseInt(group, 16).toString(16).toUpperCase()).join(":");
}

/**
 * Opens the authority of a folder, making key and certificate on first use. Keys are kept for good; certificates are made anew, for the
 * same key, when less than a third of their life is left (the authority's: a year).
 */
export async function openDevelopmentAuthority(options: DevelopmentAuthorityOptions): Promise<DevelopmentAuthority> {
  const { folder, serverNames = DEVELOPMENT_SERVER_NAMES, clock = realClock } = options;
  const caPath = join(folder, "authority.pem");
  const authorityKeyPem = await ensureKey(join(folder, "authority.key.pem"));
  const present = await readFileIfAny(caPath);
  let caPem: string;
  if (usable(present, authorityKeyPem, null, undefined, clock.nowMs() + AUTHORITY_LIFE.renewBeforeMs)) caPem = present;
  else {
    // Same name and same key as before: what the old certificate vouched for, the new one vouches for.
    caPem = await makeAuthorityCertificate(authorityKeyPem, clock.nowMs());
    await replacePrivateFile(caPath, caPem);
  }
  const authority = new NodeCertificate(caPem);

  async function ensure(subject: Subject): Promise<StoredTlsMaterial> {
    const certPath = join(folder, `${subject.file}.pem`);
    const keyPath = join(folder, `${subject.file}.key.pem`);
    const keyPem = await ensureKey(keyPath);
    const soonMs = clock.nowMs() + LEAF_LIFE.renewBeforeMs;
    const kept = await readFileIfAny(certPath);
    const files = { caPath, certPath, keyPath };
    if (usable(kept, keyPem, authority, printedNames(subject.alternativeNames), soonMs)) {
      return { caPem, certPem: kept, keyPem, files };
    }
    const { publicKey } = await importKeys(keyPem);
    const certPem = await makeLeafCertificate(subject, publicKey, caPem, authorityKeyPem, clock.nowMs());
    await replacePrivateFile(certPath, certPem);
    return { caPem, certPem, keyPem, files };
  }

  async function issue(requestPem: string): Promise<IssuedCertificate> {
    const { systemId, publicKey, keyDigestHex } = await readCertificateRequest(requestPem);
    const subject = systemSubject(systemId, `issued-${systemId}-${keyDigestHex.slice(0, 16)}`, null);
    const certPath = join(folder, `${subject.file}.pem`);
    const publicPem = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" })
      .export({ format: "pem", type: "spki" })
      .toString();
    const kept = await readFileIfAny(certPath);
    const soonMs = clock.nowMs() + LEAF_LIFE.renewBeforeMs;
    if (usable(kept, publicPem, authority, printedNames(subject.alternativeNames), soonMs)) return issued(kept, false);
    const imported = await webcrypto.subtle.importKey("spki", Buffer.from(publicKey), SIGNING, true, ["verify"]);
    const made = await makeLeafCertificate(subject, imported, caPem, authorityKeyPem, clock.nowMs());
    // Kept, so that asking twice, even at the same moment, gives one certificate; a crash before it is handed over costs nothing.
    if (kept !== null) await replacePrivateFile(certPath, made);
    const certPem = kept === null ? await keepPrivateFile(certPath, made) : made;
    return issued(certPem, certPem === made);
  }

  function issued(certPem: string, isNew: boolean): IssuedCertificate {
    return { certPem, caPem, isNew, validUntil: new Date(new NodeCertificate(certPem).validTo) };
  }

  return {
    folder,
    caPem,
    server: () =>
      ensure({
        file: "server",
        name: "CN=lienthong development server",
        alternativeNames: serverNames.map((name) => ({ type: isIpAddress(name) ? "ip" : "dns", value: name })),
        purposes: [x509.ExtendedKeyUsage.serverAuth],
      }),
    member: (name, hosts) =>
      ensure({
        file: `member-${name}`,
        name: `CN=${name}`,
        alternativeNames: hosts.map((host) => ({ type: isIpAddress(host) ? "ip" : "dns", value: host })),
        // A member of a cluster dials the others and is dialled by them.
        purposes: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
      }),
    system: async (systemId, { operatorsOwn = false } = {}) =>
      ensure(systemSubject(systemId, `system-${systemId}`, operatorsOwn ? null : DEMONSTRATION_ORGANISATION)),
    issue,
  };
}

function systemSubject(systemId: string, file: string, organisation: string | null): Subject {
  const alternativeNames = [{ type: "url" as const, value: systemUri(systemId) }];
  return {
    file,
    name: organisation === null ? `CN=${systemId}` : `CN=${systemId}, O=${organisation}`,
    alternativeNames,
    purposes: [x509.ExtendedKeyUsage.clientAuth],
  };
}
