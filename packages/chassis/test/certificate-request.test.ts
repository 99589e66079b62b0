import "../src/reflect-metadata.ts";
import { createHash, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { afterAll, expect, test } from "vitest";
import {
  CertificateRequestRefusedError,
  certificateKeyDigest,
  makeCertificateRequest,
  makeTlsKey,
  openDevelopmentAuthority,
  readCertificateRequest,
  SimulatedClock,
  systemIdOf,
  timestampFromMs,
} from "../src/index.ts";

const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), "lienthong-request-"));
afterAll(() => rmSync(root, { recursive: true }));

const inDays = (days: number) => new SimulatedClock(timestampFromMs(Date.now() + days * DAY_MS), () => 0);

test("a request names the system and proves possession of its key, and shows nothing of it", async () => {
  const keyPem = makeTlsKey();
  const pem = await makeCertificateRequest("so-y-te", keyPem);
  expect(pem).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n/);
  expect(pem).not.toContain("PRIVATE");
  const read = await readCertificateRequest(pem);
  const spki = createPublicKey(keyPem).export({ type: "spki", format: "der" });
  expect(read).toMatchObject({ systemId: "so-y-te", keyDigestHex: createHash("sha256").update(spki).digest("hex") });
});

test("every bit of what a request signs counts, and is missed with a sentence", async () => {
  const { der } = await readCertificateRequest(await makeCertificateRequest("a", makeTlsKey()));
  // Outer header of 3 bytes, then what is signed, with a header of 3 bytes that ends in its length.
  for (let bit = 3 * 8; bit < (6 + der[5]!) * 8; bit += 1) {
    const changed = Uint8Array.from(der);
    const at = bit >> 3;
    changed[at] = changed[at]! ^ (1 << (bit & 7));
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(changed).toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(readCertificateRequest(pem), `bit ${bit}`).rejects.toThrow(CertificateRequestRefusedError);
  }
});

test("what is no request, names no system or several, or is for another kind of key is refused with a sentence", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const signed = async (names: x509.JsonGeneralName[]) =>
    (
      await x509.Pkcs10CertificateRequestGenerator.create({
        name: "CN=a",
        keys,
        signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
        extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
      })
    ).toString("pem");
  const url = (value: string) => ({ type: "url" as const, value });
  for (const names of [
    [],
    [url("urn:lienthong:system:A")],
    [url("urn:lienthong:system:a"), url("urn:lienthong:system:b")],
    [url("urn:lienthong:system:a"), { type: "dns" as const, value: "localhost" }],
    [{ type: "dns" as const, value: "urn:lienthong:system:a" }],
  ]) {
    await expect(readCertificateRequest(await signed(names))).rejects.toThrow("must name one system");
  }
  await expect(readCertificateRequest("hello")).rejects.toThrow(CertificateRequestRefusedError);
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
  const pem = p384.export({ format: "pem", type: "pkcs8" }).toString();
  await expect(makeCertificateRequest("a", pem)).rejects.toThrow("not a P-256 key");
});

test("the authority issues for a key it never sees, the same certificate to the same request, a new one near its end", async () => {
  const folder = join(root, "authority");
  const authority = await openDevelopmentAuthority({ folder });
  const request = await makeCertificateRequest("so-y-te", makeTlsKey());
  const issued = await authority.issue(request);
  const certificate = new X509Certificate(issued.certPem);
  expect(issued.isNew).toBe(true);
  expect(certificate.verify(new X509Certificate(issued.caPem).publicKey)).toBe(true);
  expect(certificate.checkIssued(new X509Certificate(issued.caPem))).toBe(true);
  expect(systemIdOf(certificate)).toBe("so-y-te");
  const { keyDigestHex } = await readCertificateRequest(request);
  expect(Buffer.from(certificateKeyDigest(issued.certPem)).toString("hex")).toBe(keyDigestHex);
  expect(await authority.issue(request)).toEqual({ ...issued, isNew: false });
  const later = await openDevelopmentAuthority({ folder, clock: inDays(61) });
  const renewed = await later.issue(request);
  expect(renewed.isNew).toBe(true);
  expect(renewed.validUntil.getTime()).toBeGreaterThan(issued.validUntil.getTime());
  const otherKey = await authority.issue(await makeCertificateRequest("so-y-te", makeTlsKey()));
  expect(otherKey.isNew).toBe(true);
});

test("a certificate says whether its private key lies with the operator", async () => {
  const authority = await openDevelopmentAuthority({ folder: join(root, "labels") });
  const subjectOf = (pem: string) => new X509Certificate(pem).subject;
  expect(subjectOf((await authority.system("demo")).certPem)).toContain("O=lienthong demonstration");
  expect(subjectOf((await authority.system("operator", { operatorsOwn: true })).certPem)).toBe("CN=operator");
  const issued = await authority.issue(await makeCertificateRequest("so-y-te", makeTlsKey()));
  expect(subjectOf(issued.certPem)).toBe("CN=so-y-te");
});
