// The vectors of this folder, and every byte string of docs/signed-bytes.md, held against each other and against our own code.
import { readdirSync, readFileSync } from "node:fs";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { commitmentTo, importVerifyingKey, type PayloadType, verifyPayloadSync } from "@lienthong/statement";
import { describe, expect, test } from "vitest";

const project = new URL("../../", import.meta.url);
const folders = [
  "packages/statement/test/vectors/",
  "packages/registry-state/test/vectors/",
  "test/conformance/vectors/",
];
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const vectorFiles = folders.flatMap((folder) =>
  readdirSync(new URL(folder, project))
    .filter((name) => name.endsWith(".json"))
    .map((name) => `${folder}${name}`),
);
const textOf = (path: string) => readFileSync(new URL(path, project), "utf8");

interface RefusedSignature {
  readonly name: string;
  readonly algorithm: keyof typeof SignatureAlgorithm;
  readonly public_key: string;
  readonly signature: string;
  readonly type: PayloadType;
  readonly payload: string;
}
const refused = JSON.parse(textOf("test/conformance/vectors/refused-signatures.json")) as RefusedSignature[];

test.each(refused)("does not verify: $name", ({ algorithm, public_key, signature, type, payload }) => {
  const key = importVerifyingKey(SignatureAlgorithm[algorithm], bytes(public_key));
  expect(verifyPayloadSync(key, type, bytes(payload), bytes(signature))).toBe(false);
});

interface Commitment {
  readonly name: string;
  readonly kind?: string;
  readonly salt: string;
  readonly bytes?: string;
  readonly bytes_length?: string;
  readonly bytes_modulus?: string;
  readonly canonical_bytes?: string;
  readonly commitment: string;
}
const commitments = ["document", "applicant"].flatMap(
  (about) => JSON.parse(textOf(`test/conformance/vectors/${about}-commitments.json`)) as Commitment[],
);

test.each(commitments)("commitment: $name", (vector) => {
  const { kind = "applicant", salt, bytes: shown = vector.canonical_bytes } = vector;
  const data =
    shown === undefined
      ? Uint8Array.from({ length: Number(vector.bytes_length) }, (_, at) => at % Number(vector.bytes_modulus))
      : bytes(shown);
  expect(Buffer.from(commitmentTo(bytes(salt), kind, data)).toString("hex")).toBe(vector.commitment);
});

test.each(vectorFiles)("%s needs no number type of any language", (path) => {
  const check = (value: unknown): void => {
    expect(["string", "boolean", "object"]).toContain(typeof value);
    if (typeof value === "object" && value !== null) for (const item of Object.values(value)) check(item);
  };
  check(JSON.parse(textOf(path)));
});

describe("docs/signed-bytes.md", () => {
  const page = textOf("docs/signed-bytes.md");

  test("names every vector file", () => {
    for (const path of vectorFiles) expect(page).toContain(`\`${path.slice(path.lastIndexOf("/") + 1)}\``);
  });

  test("shows no byte string that is not in a vector", () => {
    const known = vectorFiles.map(textOf).join("\n");
    const shown = [
      ...[...page.matchAll(/```text\n([^`]*)```/g)].map((match) => (match[1] ?? "").replaceAll(/\s/g, "")),
      ...[...page.matchAll(/`([0-9a-f]{32,})`/g)].map((match) => match[1] ?? ""),
    ];
    expect(shown.length).toBeGreaterThan(20);
    // Put together on the page from parts: the message of a commitment, and the data of a leaf.
    const derived = [/^6170706c69636174696f6e2d666f726d00(?=54e1)/, /^0000000100(?:07)67656e65736973/];
    for (const text of shown) {
      const found = derived.reduce((rest, part) => rest.replace(part, ""), text);
      expect({ text, known: known.includes(found) }).toEqual({ text, known: true });
    }
  });
});
