import { Document } from "@lienthong/contracts/exchange/v1/statement";
import { commitmentTo } from "@lienthong/statement";
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

const civilStatus = {
  filed: [form("application-form"), scan("identity-copy")],
  // A ward that is asked about somebody gets the question alone.
  shownAt: { "other-ward": ["opinion-request", "supplement"] },
};

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
  "death-group-2026": {
    filed: [form("linked-application-form"), scan("death-notification"), scan("bank-details")],
    results: {
      "death-registration": [pdf("death-extract")],
      "residence-removal": [pdf("residence-notice")],
      "funeral-allowance": [pdf("allowance-decision")],
      "survivor-benefit": [pdf("benefit-decision")],
    },
    shownAt: {
      "residence-removal": ["linked-application-form", "death-extract", "supplement"],
      "funeral-allowance": ["linked-application-form", "death-extract", "bank-details", "supplement"],
      "survivor-benefit": ["linked-application-form", "death-extract", "bank-details", "supplement"],
    },
  },
  birth: { ...civilStatus, results: { registration: [pdf("birth-certificate")] } },
  "marital-status": { ...civilStatus, results: { certificate: [pdf("marital-status-certificate")] } },
  residence: {
    filed: [form("application-form"), scan("residence-proof")],
    results: { registration: [pdf("residence-notice")] },
    shownAt: {},
  },
  "land-change-transfer": {
    filed: [form("application-form"), scan("land-certificate"), scan("transfer-contract"), form("tax-return")],
    results: {
      "land-check": [pdf("map-extract"), pdf("tax-slip")],
      tax: [pdf("tax-notice")],
      "land-registration": [pdf("land-certificate-new")],
    },
    // Tax sees what the duty is reckoned from.
    shownAt: { tax: ["tax-return", "transfer-contract", "tax-slip", "supplement"] },
  },
  "land-allocation-ward": {
    filed: [form("application-form"), scan("land-documents")],
    results: {
      "ward-decision": [pdf("allocation-decision"), pdf("tax-slip")],
      tax: [pdf("tax-notice")],
      "land-registration": [pdf("land-certificate-new")],
    },
    shownAt: {
      tax: ["allocation-decision", "tax-slip", "supplement"],
      "land-data": ["opinion-request", "land-documents", "supplement"],
    },
  },
  "land-security": {
    filed: [form("application-form"), scan("mortgage-contract"), scan("land-certificate")],
    results: { registration: [pdf("security-registration")] },
    shownAt: {},
  },
  "construction-permit": {
    filed: [form("application-form"), scan("land-certificate"), pdf("design-drawings")],
    results: { ward: [pdf("construction-permit")] },
    shownAt: { opinions: ["opinion-request", "design-drawings", "supplement"] },
  },
  "investment-policy": {
    filed: [form("application-form"), pdf("investment-proposal"), pdf("financial-capacity")],
    results: { appraisal: [pdf("appraisal-report")], decision: [pdf("policy-decision")] },
    shownAt: {
      "departments-opinion": ["opinion-request", "investment-proposal", "supplement"],
      "ward-opinion": ["opinion-request", "investment-proposal", "supplement"],
      "police-opinion": ["opinion-request", "investment-proposal", "supplement"],
      "military-opinion": ["opinion-request", "investment-proposal", "supplement"],
    },
  },
  "religious-seat": {
    filed: [form("application-form"), scan("land-documents")],
    results: { department: [pdf("appraisal-report")], city: [pdf("approval")] },
    shownAt: {},
  },
  "copy-original-register": {
    filed: [form("application-form")],
    results: { "holding-agency": [pdf("copy-of-original")] },
    shownAt: {},
  },
  "social-housing-condition": {
    filed: [form("application-form"), scan("identity-copy")],
    results: {
      ownership: [pdf("ownership-confirmation")],
      area: [pdf("area-confirmation")],
      income: [pdf("income-confirmation")],
    },
    shownAt: {},
  },
  "funeral-allowance-3tier": {
    filed: [form("application-form"), scan("death-extract")],
    results: { ward: [pdf("ward-request")], district: [pdf("allowance-decision")] },
    shownAt: {},
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

/** Papers that come of what happens on the way, whatever the procedure; scanned where the citizen brings them. */
const officePapers = {
  supplement: scan("supplement"),
  "supplement-request": pdf("supplement-request"),
  "tax-notice": pdf("tax-notice"),
  "payment-proof": form("payment-proof"),
  apology: pdf("apology"),
  "stop-notice": pdf("stop-notice"),
  "withdrawal-request": scan("withdrawal-request"),
  "return-slip": pdf("return-slip"),
  "opinion-request": pdf("opinion-request"),
  opinion: pdf("opinion"),
} as const;

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

/** A paper of this kind: what the citizen brought, a slip (Mẫu 02), an apology (Mẫu 04), a notice (Mẫu 05), an opinion. */
export function officePaper(kind: keyof typeof officePapers, random: SeededRandom, atMs: number): Document {
  return documentOf(officePapers[kind], random, atMs);
}

/** The documents that a step is shown. */
export function documentsShownAt(procedure: string, step: string, documents: readonly Document[]): Document[] {
  const kinds = paperworkOf[procedure]?.shownAt[step];
  return documents.filter((document) => kinds === undefined || kinds.includes(document.kind));
}

/**
 * A commitment as real authors make it, over bytes that stand for a person: nobody is behind it. Salt
 * and bytes are drawn from the scenario's source, so a repeated play commits to the same.
 */
export function commitment(kind: string, random: SeededRandom): Uint8Array {
  const salt = random.bytes(32);
  return commitmentTo(salt, kind, random.bytes(48));
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
