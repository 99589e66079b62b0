import { createHmac } from "node:crypto";
import { Document } from "@lienthong/contracts/exchange/v1/statement";
import { uuidV7Of } from "./names.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A kind of paper. */
interface Paper {
  readonly kind: string;
  readonly mediaType: string;
}

/** The papers of a procedure. */
interface Paperwork {
  /** What the citizen files. */
  readonly filed: readonly Paper[];
  /** What comes of a step, by step id. */
  readonly results: Readonly<Record<string, readonly Paper[]>>;
  /** Kinds that a step is shown, by step id; steps that are not named are shown everything there is. */
  readonly shownAt: Readonly<Record<string, readonly string[]>>;
}

const pdf = (kind: string): Paper => ({ kind, mediaType: "application/pdf" });
const form = (kind: string): Paper => ({ kind, mediaType: "application/xml" });
const scan = (kind: string): Paper => ({ kind, mediaType: "image/tiff" });

/** Papers by procedure key, after the texts the routes cite. */
const paperworkOf: Readonly<Record<string, Paperwork>> = {
  "birth-group-nd63": {
    filed: [form("linked-application-form"), scan("birth-notification"), pdf("residence-proof")],
    results: {
      "birth-registration": [pdf("birth-certificate")],
      residence: [pdf("residence-notice")],
      "health-insurance": [pdf("health-insurance-card")],
    },
    // Each office is given what its own task needs.
    shownAt: {
      residence: ["linked-application-form", "birth-certificate", "residence-proof", "supplement"],
      "health-insurance": ["linked-application-form", "birth-certificate", "supplement"],
    },
  },
  "social-allowance-3tier": {
    filed: [form("application-form"), scan("circumstances-statement"), scan("disability-certificate")],
    results: {
      "ward-review": [pdf("review-minutes"), pdf("posting-record")],
      "district-appraisal": [pdf("appraisal-report")],
      "department-opinion": [pdf("department-opinion")],
      "district-decision": [pdf("allowance-decision")],
    },
    shownAt: {},
  },
  "social-home-admission": {
    filed: [form("application-form"), scan("circumstances-statement"), scan("health-examination")],
    results: {
      ward: [pdf("ward-request")],
      department: [pdf("appraisal-report")],
      home: [pdf("admission-decision")],
    },
    shownAt: {},
  },
};

const otherPaperwork: Paperwork = { filed: [form("application-form")], results: {}, shownAt: {} };

/** The papers the citizen files. */
export function filedDocuments(procedure: string, random: SeededRandom, atMs: number): Document[] {
  return (paperworkOf[procedure] ?? otherPaperwork).filed.map((paper) => documentOf(paper, random, atMs));
}

/** The papers that come of a step. */
export function resultDocuments(procedure: string, step: string, random: SeededRandom, atMs: number): Document[] {
  return ((paperworkOf[procedure] ?? otherPaperwork).results[step] ?? []).map((paper) =>
    documentOf(paper, random, atMs),
  );
}

/** The paper with which a sender puts right what a receiver refused. */
export function supplementDocument(random: SeededRandom, atMs: number): Document {
  return documentOf(scan("supplement"), random, atMs);
}

/** The documents that a step is shown. */
export function documentsShownAt(procedure: string, step: string, documents: readonly Document[]): Document[] {
  const kinds = paperworkOf[procedure]?.shownAt[step];
  return documents.filter((document) => kinds === undefined || kinds.includes(document.kind));
}

/**
 * A commitment as real authors make it, over bytes that stand for a person: nobody is behind it. HMAC-SHA-256(salt of 32 random bytes,
 * kind ‖ 0x00 ‖ bytes); salt and bytes are drawn from the scenario's source, so a repeated play commits to the same.
 */
export function commitment(kind: string, random: SeededRandom): Uint8Array {
  const salt = random.bytes(32);
  return Uint8Array.from(createHmac("sha256", salt).update(`${kind}\0`).update(random.bytes(48)).digest());
}

function documentOf(paper: Paper, random: SeededRandom, atMs: number): Document {
  return Document.fromPartial({
    documentId: uuidV7Of(atMs, "document", paper.kind, random.uint32(), random.uint32()),
    kind: paper.kind,
    mediaType: paper.mediaType,
    sizeBytes: BigInt(random.integer(18_000, 2_400_000)),
    contentDigest: commitment(paper.kind, random),
  });
}
