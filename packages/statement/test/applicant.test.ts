import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Applicant,
  ApplicantRefusedError,
  applicantBytes,
  applicantCommitmentKind,
  commitmentTo,
} from "../src/index.ts";

interface ApplicantVector {
  readonly name: string;
  readonly applicant: Applicant;
  readonly canonical_bytes: string;
  readonly salt: string;
  readonly commitment: string;
}
const vectors = JSON.parse(
  readFileSync(new URL("../../../test/conformance/vectors/applicant-commitments.json", import.meta.url), "utf8"),
) as ApplicantVector[];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const citizen: Applicant = { kind: "citizen", identity: "999199000001", name: "Nguyễn Thị Ánh", born: "1999-02-28" };

test.each(vectors)("the canonical bytes and the commitment of the vectors: $name", (vector) => {
  const bytes = applicantBytes(vector.applicant);
  expect(hex(bytes)).toBe(vector.canonical_bytes);
  const salt = new Uint8Array(Buffer.from(vector.salt, "hex"));
  expect(hex(commitmentTo(salt, applicantCommitmentKind, bytes))).toBe(vector.commitment);
});

test("one applicant has one form, however the name was typed", () => {
  const spaces = fc.array(fc.constantFrom(" ", "\t", "\u00a0", "\n"), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(spaces, spaces, fc.constantFrom("NFC", "NFD"), fc.boolean(), (around, between, form, lower) => {
      const typed = `${around.join("")}Nguyễn${between.join("")}Thị Ánh${around.join("")}`.normalize(form);
      const name = lower ? typed.toLowerCase() : typed;
      expect(hex(applicantBytes({ ...citizen, name }))).toBe(hex(applicantBytes(citizen)));
    }),
  );
});

test("two spellings of a name are two names: the place of a diacritic is kept", () => {
  expect(hex(applicantBytes({ ...citizen, name: "HOÀ" }))).not.toBe(hex(applicantBytes({ ...citizen, name: "HÒA" })));
});

test("what stands in one part cannot pass for another", () => {
  const parts = fc.record({
    identity: fc.constantFrom("", "999199000001", "999199000002"),
    name: fc.constantFrom("A", "A B", "AB"),
    born: fc.constantFrom("", "1999", "1999-02", "1999-02-28"),
  });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      const bytes = [one, other].map((each) => hex(applicantBytes({ kind: "citizen", ...each })));
      expect(bytes[0] === bytes[1]).toBe(same);
    }),
  );
});

describe("an applicant without canonical bytes is refused by its field, and its data is not repeated", () => {
  const odd: [keyof Applicant, Partial<Record<keyof Applicant, string>>][] = [
    ["kind", { kind: "person" }],
    ["kind", { kind: "constructor" }],
    ["identity", { identity: "99919900000" }],
    ["identity", { identity: "999 199 000 001" }],
    ["identity", { kind: "foreigner", identity: "XY9988776" }],
    ["identity", { kind: "organisation", identity: "0100109106-001", born: "" }],
    ["born", { born: "28/02/1999" }],
    ["born", { born: "1999-13" }],
    ["born", { kind: "organisation", identity: "0100109106", born: "1999" }],
    ["name", { name: " \t" }],
    ["name", { name: "Nguyễn\u200bÁnh" }],
    ["name", { name: "Nguyễn \ud800" }],
    ["name", { name: "a".repeat(401) }],
  ];
  test.each(odd)("%s: %j", (field, change) => {
    try {
      applicantBytes({ ...citizen, ...change } as Applicant);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ApplicantRefusedError)) throw error;
      expect(error.field).toBe(field);
      const told = change[field];
      if (told !== undefined && told.trim() !== "") expect(error.message).not.toContain(told);
    }
  });
});
