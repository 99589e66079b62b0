import "./reflect-metadata.ts";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { isSystemId, systemUri } from "./certificate.ts";

const SIGNING = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate request that nothing may be issued for; the message says why. */
export class CertificateRequestRefusedError extends Error {
  override readonly name = "CertificateRequestRefusedError";
}

/** A request whose signature holds: whoever made it has the private key. */
export interface ReadCertificateRequest {
  /** The system it names by its URI `urn:lienthong:system:<id>`. */
  readonly systemId: string;
  /** SubjectPublicKeyInfo of the key, DER. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of `publicKey`, 64 lower-case hexadecimal characters: what SystemRecord.certificate_key_digests lists. */
  readonly keyDigestHex: string;
  /** The whole request, DER. */
  readonly der: Uint8Array;
}

/** A new TLS key: P-256, PKCS #8 PEM. */
export function makeTlsKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
}

/**
 * A certificate request (PKCS #10, PEM) for a system's TLS key. It proves possession of the key and shows nothing of it.
 * @param keyPem P-256, PKCS #8.
 * @throws RangeError if the id is none.
 */
export async function makeCertificateRequest(systemId: string, keyPem: string): Promise<string> {
  const uri = systemUri(systemId);
  const key = createPrivateKey(keyPem);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new CertificateRequestRefusedError("The TLS key is not a P-256 key; make a new one.");
  }
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${systemId}`,
    keys: {
      privateKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, SIGNING, false, ["sign"]),
      publicKey: await webcrypto.subtle.importKey("spki", spki, SIGNING, true, ["verify"]),
    },
    signingAlgorithm: SIGNING,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "url", value: uri }])],
  });
  return `${request.toString("pem")}\n`;
}

/**
 * Reads a request and checks its signature, its key (P-256, as TLS here asks for) and its name (exactly one, a system's URI).
 * @throws CertificateRequestRefusedError with a sentence.
 */
export async function readCertificateRequest(pem: string): Promise<ReadCertificateRequest> {
  const { request, publicKey, names } = partsOf(pem);
  if (curveOf(publicKey) !== "prime256v1") {
    throw new CertificateRequestRefusedError("The certificate request is for another kind of key than P-256.");
  }
  if (!(await request.verify().catch(() => false))) {
    throw new CertificateRequestRefusedError("The signature of the certificate request does not verify.");
  }
  const [only, ...more] = names;
  const systemId =
    only?.type === "url" && only.value.startsWith(systemUriPrefix) ? only.value.slice(systemUriPrefix.length) : "";
  if (more.length > 0 || !isSystemId(systemId)) {
    throw new CertificateRequestRefusedError(
      `The certificate request must name one system, ${systemUriPrefix}<id>, and nothing else.`,
    );
  }
  const keyDigestHex = createHash("sha256").update(publicKey).digest("hex");
  return { systemId, publicKey, keyDigestHex, der: new Uint8Array(request.rawData) };
}

/** The parts that are looked at. The library reads each only when it is asked for, so each may be the one that it cannot read. */
function partsOf(pem: string) {
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    const alternatives = request.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
    const names = alternatives === undefined ? [] : alternatives.names.toJSON();
    return { request, publicKey: new Uint8Array(request.publicKey.rawData), names };
  } catch (cause) {
    throw new CertificateRequestRefusedError("This is no certificate request (PKCS #10, PEM).", { cause });
  }
}

/** Curve of a key as OpenSSL names it; undefined for a key of another kind and for bytes that are no key. */
function curveOf(spki: Uint8Array): string | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return key.asymmetricKeyDetails?.namedCurve;
  } catch {
    return undefined;
  }
}

const systemUriPrefix = systemUri("a").slice(0, -1);
