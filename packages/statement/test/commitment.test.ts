import { createHmac } from "node:crypto";
import { fileRegistry } from "@lienthong/contracts/descriptors";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commitmentHasher, commitmentsEqual, commitmentTo, documentsNamedBy, newSalt } from "../src/index.ts";

test("a commitment is HMAC-SHA-256 over kind, a zero byte and the bytes, keyed with the salt", () => {
  const salt = Uint8Array.from({ length: 32 }, (_, index) => index);
  const bytes = new TextEncoder().encode("Tờ khai");
  const expected = createHmac("sha256", salt).update("application-form\0Tờ khai").digest("hex");
  expect(Buffer.from(commitmentTo(salt, "application-form", bytes)).toString("hex")).toBe(expected);
  // Computed once with another implementation, so that a change of ours is noticed.
  expect(expected).toBe("4f3ad5c97baabea62e00e647fbcde569399cb69a86ab6545e8cd37d9fb268c13");
});

test("how the bytes come in pieces does not matter, their kind, salt and content do", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { maxLength: 8 }), fc.uint8Array({ minLength: 1 }), (pieces, more) => {
      const salt = newSalt();
      const whole = Buffer.concat(pieces);
      const hasher = commitmentHasher(salt, "form");
      for (const piece of pieces) hasher.update(piece);
      const commitment = hasher.digest();
      expect(commitmentsEqual(commitment, commitmentTo(salt, "form", whole))).toBe(true);
      expect(commitmentsEqual(commitment, commitmentTo(salt, "other", whole))).toBe(false);
      expect(commitmentsEqual(commitment, commitmentTo(newSalt(), "form", whole))).toBe(false);
      expect(commitmentsEqual(commitment, commitmentTo(salt, "form", Buffer.concat([whole, more])))).toBe(false);
    }),
  );
});

test("a salt of another length is refused", () => {
  expect(() => commitmentHasher(new Uint8Array(31), "form")).toThrow(RangeError);
});

test("every list of documents in the contract is found, under its path", () => {
  const document: Document = {
    documentId: "01969e0f-9d00-7000-8000-000000000001",
    kind: "form",
    mediaType: "application/pdf",
    sizeBytes: 1n,
    contentDigest: new Uint8Array(32),
    transferDigest: new Uint8Array(32),
  };
  const what = fileRegistry().getMessage("lienthong.exchange.v1.Statement")?.oneofs[0]?.fields ?? [];
  const fields: string[] = [];
  for (const field of what) {
    if (field.message === undefined) continue;
    const lists = field.message.fields.filter((inner) => inner.message?.name === "Document");
    if (lists.length > 0) fields.push(`statement.${field.name}.documents[0]`);
    if (field.message.fields.some((inner) => inner.message?.name === "ForwardBranch")) {
      fields.push(`statement.${field.name}.branches[0].documents[0]`);
    }
    for (const list of lists) expect(list.name).toBe("documents");
  }
  expect(fields.length).toBe(13);
  const found = what.flatMap((field) => {
    const value = { documents: [document], branches: [{ branch: "0", documents: [document] }] };
    const statement = { what: { $case: field.localName, value } } as unknown as Parameters<typeof documentsNamedBy>[0];
    return documentsNamedBy(statement).map((named) => named.field);
  });
  expect(found.sort()).toEqual(fields.sort());
});
