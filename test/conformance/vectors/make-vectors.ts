// Writes the vectors of this folder anew: `node test/conformance/vectors/make-vectors.ts`. Everything in them is fixed, so a second run
// changes nothing. What is signed or committed to cannot change later: a difference is a change of the format and needs a decision.
import { createHash, createHmac, createPrivateKey, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const write = (name: string, vectors: unknown) =>
  writeFileSync(new URL(`./${name}.json`, import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
const statementVectors = <T>(name: string): T =>
  JSON.parse(
    readFileSync(new URL(`../../../packages/statement/test/vectors/${name}.json`, import.meta.url), "utf8"),
  ) as T;

/** Salts that anybody can write down; real ones are random. */
const salt = (byte: number) => new Uint8Array(32).fill(byte);

function commitment(saltBytes: Uint8Array, kind: string, bytes: Uint8Array): Uint8Array {
  return createHmac("sha256", saltBytes).update(kind).update(Uint8Array.of(0)).update(bytes).digest();
}

const documents: [name: string, kind: string, bytes: Uint8Array, salt: number][] = [
  ["plain text with diacritics", "application-form", Buffer.from("Tờ khai đăng ký khai sinh"), 0x61],
  [
    "the same under another salt, as the bytes that travel",
    "application-form",
    Buffer.from("Tờ khai đăng ký khai sinh"),
    0x62,
  ],
  ["an empty file", "birth-certificate", new Uint8Array(0), 0x61],
  ["bytes that begin with 00", "birth-certificate", Uint8Array.of(0, 1, 2, 255), 0x61],
  [
    "1,000,003 bytes: byte i is i mod 251",
    "map-extract",
    Uint8Array.from({ length: 1_000_003 }, (_, i) => i % 251),
    0x63,
  ],
];
write(
  "document-commitments",
  documents.map(([name, kind, bytes, saltByte]) => ({
    name,
    kind,
    salt: hex(salt(saltByte)),
    // A long document is told by its rule, so that the file stays readable.
    ...(bytes.length <= 64 ? { bytes: hex(bytes) } : { bytes_length: String(bytes.length), bytes_modulus: "251" }),
    commitment: hex(commitment(salt(saltByte), kind, bytes)),
  })),
);

interface Applicant {
  readonly kind: string;
  readonly identity: string;
  readonly name: string;
  readonly born: string;
}

function applicantBytes({ kind, identity, name, born }: Applicant): Uint8Array {
  const printed = name
    .normalize("NFC")
    .split(/[\t-\r \u00a0]+/u)
    .filter(Boolean)
    .join(" ")
    .toUpperCase()
    .normalize("NFC");
  const parts = ["lienthong applicant v1", kind, identity, printed, born].map((part) => Buffer.from(part));
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

const applicants: [name: string, applicant: Applicant][] = [
  ["a citizen", { kind: "citizen", identity: "999199000001", name: "Nguyễn Thị Ánh", born: "1999-02-28" }],
  [
    "the same, typed with decomposed letters, small letters and stray spaces",
    { kind: "citizen", identity: "999199000001", name: " nguyễn  thị ánh ".normalize("NFD"), born: "1999-02-28" },
  ],
  ["only the year of birth is known", { kind: "citizen", identity: "999034000002", name: "Đỗ Văn Ước", born: "1934" }],
  ["a foreigner", { kind: "foreigner", identity: "FRA:12AB34567", name: "Amélie Œuvrard", born: "1988-11-03" }],
  ["an organisation", { kind: "organisation", identity: "0000000000", name: "Hợp tác xã Hoà Bình", born: "" }],
];
write(
  "applicant-commitments",
  applicants.map(([name, applicant]) => {
    const bytes = applicantBytes(applicant);
    return {
      name,
      applicant,
      canonical_bytes: hex(bytes),
      salt: hex(salt(0x64)),
      commitment: hex(commitment(salt(0x64), "applicant", bytes)),
    };
  }),
);

interface VerifyOnly {
  readonly algorithm: string;
  readonly public_key: string;
  readonly payload: string;
  readonly signature: string;
}

/** `r ‖ s` of a signature in DER: what some libraries give by themselves. */
function rawForm(der: Buffer): Buffer {
  const integer = (at: number) => der.subarray(at + 2, at + 2 + (der[at + 1] as number));
  const r = integer(2);
  const s = integer(4 + r.length);
  const fixed = (number: Buffer) => Buffer.concat([Buffer.alloc(32), number]).subarray(-32);
  return Buffer.concat([fixed(r), fixed(s)]);
}

const [seal] = statementVectors<{ seed: string; public_key: string; algorithm: string }[]>("keys");
const [p256, rsa] = statementVectors<VerifyOnly[]>("verify-only-signatures");
if (seal === undefined || p256 === undefined || rsa === undefined)
  throw new Error("The statement's vectors lack keys.");
const sealKey = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${seal.seed}`, "hex"),
  format: "der",
  type: "pkcs8",
});
const payload = Buffer.from(p256.payload, "hex");
const statementType = "application/vnd.lienthong.statement.v1+protobuf";
const pae = (type: string) => Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
const bySeal = (bytes: Buffer) => ({
  algorithm: seal.algorithm,
  public_key: seal.public_key,
  signature: hex(sign(null, bytes, sealKey)),
});
const byOther = ({ algorithm, public_key }: VerifyOnly, signature: Buffer) => ({
  algorithm,
  public_key,
  signature: hex(signature),
});
const rsaSignature = Buffer.from(rsa.signature, "hex");
write(
  "refused-signatures",
  [
    {
      name: "P-256 as r and s of 32 bytes each instead of DER",
      ...byOther(p256, rawForm(Buffer.from(p256.signature, "hex"))),
    },
    { name: "P-256 in DER with a byte behind it", ...byOther(p256, Buffer.from(`${p256.signature}00`, "hex")) },
    { name: "Ed25519 over the payload without the encoding", ...bySeal(payload) },
    {
      name: "Ed25519 over the SHA-256 of the encoding",
      ...bySeal(createHash("sha256").update(pae(statementType)).digest()),
    },
    {
      name: "Ed25519 over the same payload under another type",
      ...bySeal(pae("application/vnd.lienthong.promise.v1+protobuf")),
    },
    { name: "RSA shortened by its first byte", ...byOther(rsa, rsaSignature.subarray(1)) },
    {
      name: "RSA with its first byte changed",
      ...byOther(rsa, Buffer.concat([Buffer.of(rsaSignature.readUInt8(0) ^ 1), rsaSignature.subarray(1)])),
    },
  ].map((vector) => ({ ...vector, type: statementType, payload: hex(payload) })),
);
