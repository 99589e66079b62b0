import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemIdOf } from "../src/certificate.ts";
import { certificateKeyDigest, openDevelopmentAuthority, SimulatedClock, timestampFromMs } from "../src/index.ts";

const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), "lienthong-authority-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
function newFolder(): string {
  folders += 1;
  return join(root, `authority-${folders}`);
}

/** A clock that stands `days` from now. */
function inDays(days: number): SimulatedClock {
  return new SimulatedClock(timestampFromMs(Date.now() + days * DAY_MS), () => 0);
}

describe("the development authority", () => {
  it("vouches for a server of this machine and for systems by their URI, with P-256 keys", async () => {
    const authority = await openDevelopmentAuthority({ folder: newFolder() });
    const ca = new X509Certificate(authority.caPem);
    const server = new X509Certificate((await authority.server()).certPem);
    const system = new X509Certificate((await authority.system("so-tu-phap")).certPem);
    expect(ca.ca).toBe(true);
    for (const leaf of [server, system]) {
      expect(leaf.verify(ca.publicKey)).toBe(true);
      expect(leaf.checkIssued(ca)).toBe(true);
      expect(leaf.ca).toBe(false);
      expect(leaf.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    }
    expect(["localhost", "nope.example"].map((name) => server.checkHost(name))).toEqual(["localhost", undefined]);
    expect([server.checkIP("127.0.0.1"), server.checkIP("::1")]).toEqual(["127.0.0.1", "::1"]);
    expect(system.subjectAltName).toBe("URI:urn:lienthong:system:so-tu-phap");
    expect(systemIdOf(system)).toBe("so-tu-phap");
    expect(systemIdOf(server)).toBeNull();
  });

  it("keeps keys and certificates across starts, readable by their owner only", async () => {
    const folder = newFolder();
    const first = await openDevelopmentAuthority({ folder });
    const materials = [await first.server(), await first.system("a")];
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    chmodSync(materials[1]!.files.keyPath, 0o644);
    const second = await openDevelopmentAuthority({ folder });
    expect([await second.server(), await second.system("a")]).toEqual(materials);
    expect(statSync(materials[1]!.files.keyPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(
      ["authority", "server", "system-a"].flatMap((name) => [`${name}.key.pem`, `${name}.pem`]),
    );
  });

  it("renews certificates close to their end for the same key, so that the registry's digest stays true", async () => {
    const folder = newFolder();
    const before = await (await openDevelopmentAuthority({ folder })).system("a");
    const same = await (await openDevelopmentAuthority({ folder, clock: inDays(59) })).system("a");
    expect(same.certPem).toBe(before.certPem);
    const renewed = await (await openDevelopmentAuthority({ folder, clock: inDays(61) })).system("a");
    expect(renewed.certPem).not.toBe(before.certPem);
    expect(certificateKeyDigest(renewed.certPem)).toEqual(certificateKeyDigest(before.certPem));
    const nineYears = await openDevelopmentAuthority({ folder, clock: inDays(3_300) });
    expect(nineYears.caPem).not.toBe(before.caPem);
    // What the old authority certificate vouched for, the new one vouches for.
    expect(new X509Certificate(before.certPem).verify(new X509Certificate(nineYears.caPem).publicKey)).toBe(true);
  });

  it("makes anew what is missing, broken or for other names, and keeps the key", async () => {
    const folder = newFolder();
    const authority = await openDevelopmentAuthority({ folder });
    const server = await authority.server();
    rmSync(server.files.certPath);
    const again = await authority.server();
    writeFileSync(again.files.certPath, "not a certificate");
    const third = await authority.server();
    const renamed = await openDevelopmentAuthority({ folder, serverNames: ["truc.example", "fd00::1:2"] });
    const fourth = await renamed.server();
    expect((await renamed.server()).certPem).toBe(fourth.certPem);
    expect(new X509Certificate(fourth.certPem).checkHost("truc.example")).toBe("truc.example");
    const digests = [server, again, third, fourth].map(({ certPem }) =>
      Buffer.from(certificateKeyDigest(certPem)).toString("hex"),
    );
    expect(new Set(digests).size).toBe(1);
  });

  it("is one authority when several processes start it at the same moment", async () => {
    const folder = newFolder();
    const materials = await Promise.all(
      Array.from({ length: 8 }, async () => (await openDevelopmentAuthority({ folder })).system("a")),
    );
    const [first] = materials;
    for (const { keyPem, certPem, caPem } of materials) {
      expect(keyPem).toBe(first!.keyPem);
      expect(new X509Certificate(certPem).verify(new X509Certificate(caPem).publicKey)).toBe(true);
      expect(certificateKeyDigest(caPem)).toEqual(certificateKeyDigest(first!.caPem));
    }
  });

  it("refuses an id that is none, with a sentence", async () => {
    const authority = await openDevelopmentAuthority({ folder: newFolder() });
    for (const id of ["", "-a", "A", "../a", "a".repeat(65)]) {
      await expect(authority.system(id)).rejects.toThrow("is no system id; allowed are");
    }
  });
});

describe("a certificate", () => {
  it("has the digest of its public key, from PEM and from DER", async () => {
    const { certPem } = await (await openDevelopmentAuthority({ folder: newFolder() })).system("a");
    const certificate = new X509Certificate(certPem);
    const spki = createPublicKey(certPem).export({ type: "spki", format: "der" });
    expect(certificate.raw.includes(spki)).toBe(true);
    const expected = new Uint8Array(createHash("sha256").update(spki).digest());
    expect(certificateKeyDigest(certPem)).toEqual(expected);
    expect(certificateKeyDigest(new Uint8Array(certificate.raw))).toEqual(expected);
  });

  it.each([
    ["URI:urn:lienthong:system:a", "a"],
    ["DNS:x.example, URI:urn:lienthong:system:so-y-te", "so-y-te"],
    ["URI:urn:lienthong:system:a, URI:urn:lienthong:system:b", null],
    ['DNS:"x, URI:urn:lienthong:system:a, y"', null],
    ['URI:"urn:lienthong:system:a"', null],
    ["DNS:urn:lienthong:system:a", null],
    ["URI:urn:lienthong:system:A", null],
    ["URI:urn:lienthong:system:", null],
    ["", null],
  ])("with the names %s is of the system %s", (subjectAltName, systemId) => {
    expect(systemIdOf({ subjectAltName } as X509Certificate)).toBe(systemId);
  });
});
