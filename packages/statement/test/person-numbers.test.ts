import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Assign, Author, Channel, Document, Open, RequestSupplement } from "@lienthong/contracts/exchange/v1/statement";
import { expect, test } from "vitest";
import { MessageRefusedError, strictMessage } from "../src/index.ts";

const hash = new Uint8Array(32).fill(1);
const document = {
  documentId: "01969e0f-9d00-7000-8000-000000000001",
  kind: "form",
  mediaType: "application/pdf",
  sizeBytes: 1n,
  contentDigest: hash,
};
const open = {
  ...{ areaCode: "00004", procedureEntry: hash, routeEntry: hash, calendarEntry: hash, step: "receive" },
  channel: Channel.CHANNEL_ONLINE,
  receivedTime: { seconds: 1n, nanos: 0 },
};

/** A field that its author fills with a word of its own, in a message that is right but for it. */
const fields: [field: string, message: string, encode: (word: string) => Uint8Array][] = [
  ["officer_ref", "Author", (officerRef) => Author.encode(Author.fromPartial({ agency: "a", officerRef })).finish()],
  ["officer_ref", "Assign", (officerRef) => Assign.encode(Assign.fromPartial({ officerRef })).finish()],
  ["kind", "Document", (kind) => Document.encode(Document.fromPartial({ ...document, kind })).finish()],
  [
    "media_type",
    "Document",
    (word) => Document.encode(Document.fromPartial({ ...document, mediaType: `application/${word}` })).finish(),
  ],
  [
    "document_kinds[0]",
    "RequestSupplement",
    (word) => RequestSupplement.encode(RequestSupplement.fromPartial({ reason: 1, documentKinds: [word] })).finish(),
  ],
  ["helped_at", "Open", (helpedAt) => Open.encode(Open.fromPartial({ ...open, helpedAt })).finish()],
  [
    "competent_agency",
    "Open",
    (competentAgency) => Open.encode(Open.fromPartial({ ...open, competentAgency })).finish(),
  ],
];

test.each(fields)("%s of %s takes a word, and no number of a person, a paper or a telephone", (field, name, encode) => {
  const strict = strictMessage(messageDescriptor(`lienthong.exchange.v1.${name}`));
  for (const word of ["cb-042", "form-20250505", "a12345678b"]) strict.check(encode(word), "it");
  for (const number of ["079099000001", "cccd-079099000001", "123456789", "x0912345678"]) {
    try {
      strict.check(encode(number), "it");
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      expect({ reason: error.reason, field: error.field }).toEqual({ reason: "FIELD_INVALID", field: `it.${field}` });
    }
  }
});
