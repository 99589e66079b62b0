/** Who an applicant is: decides what `identity` may be. */
export type ApplicantKind = "citizen" | "foreigner" | "organisation";

/** The applicant of a dossier, as the identity paper has it. Never leaves the author but in a commitment. */
export interface Applicant {
  readonly kind: ApplicantKind;
  /**
   * Citizen: the personal identification number, 12 digits. Foreigner: country of the passport in three capitals, ":", its number in
   * capitals and digits. Organisation: tax code, 10 or 13 digits. Empty where there is none.
   */
  readonly identity: string;
  /** As the paper spells it, in whatever case and form it was typed. */
  readonly name: string;
  /** `YYYY-MM-DD`, or as much as is known; empty for an organisation, or where nothing is known. */
  readonly born: string;
}

/** An applicant that has no canonical bytes. The sentence names the field and never the value, which may be anybody's data. */
export class ApplicantRefusedError extends Error {
  override readonly name = "ApplicantRefusedError";
  /** Attribute of Applicant that is at fault. */
  readonly field: keyof Applicant;

  constructor(field: keyof Applicant, allowed: string) {
    super(`The applicant's ${field} must be ${allowed}.`);
    this.field = field;
  }
}

/** Kind of the commitment in `Open.applicant_digest`. */
export const applicantCommitmentKind = "applicant";

const label = "lienthong applicant v1";

const identities: Readonly<Record<ApplicantKind, { readonly pattern: RegExp; readonly allowed: string }>> = {
  citizen: { pattern: /^(?:\d{12})?$/, allowed: "empty, or the personal identification number, 12 digits" },
  foreigner: {
    pattern: /^(?:[A-Z]{3}:[0-9A-Z]{1,32})?$/,
    allowed: "empty, or country and passport number in capitals, such as FRA:12AB34567",
  },
  organisation: { pattern: /^(?:\d{10}|\d{13})?$/, allowed: "empty, or the tax code, 10 or 13 digits" },
};
const bornPattern = /^(?:\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?)?$/;
const nameCharactersMax = 400;
/** Tab to carriage return, space, no-break space: what people type between names. */
const whiteSpace = /[\t-\r \u00a0]+/u;
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u;

/**
 * The applicant's canonical bytes, docs/signed-bytes.md: whoever has the same paper makes the same bytes, however the name was typed. Commit to them with
 * `commitmentTo(salt, applicantCommitmentKind, bytes)`. Throws ApplicantRefusedError.
 */
export function applicantBytes(applicant: Applicant): Uint8Array {
  const { kind, identity, born } = applicant;
  if (!Object.hasOwn(identities, kind)) {
    throw new ApplicantRefusedError("kind", `one of ${Object.keys(identities).join(", ")}`);
  }
  const { pattern, allowed } = identities[kind];
  if (!pattern.test(identity)) throw new ApplicantRefusedError("identity", allowed);
  if (kind === "organisation" ? born !== "" : !bornPattern.test(born)) {
    throw new ApplicantRefusedError(
      "born",
      kind === "organisation" ? "empty for an organisation" : "YYYY-MM-DD, YYYY-MM, YYYY, or empty",
    );
  }
  const parts = [label, kind, identity, printedName(applicant.name), born].map((part) =>
    new TextEncoder().encode(part),
  );
  const bytes = new Uint8Array(parts.reduce((length, part) => length + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** The name as identity papers print it. `toUpperCase` is Unicode's full mapping, whatever the machine's language. */
function printedName(name: string): string {
  const printed = name
    .normalize("NFC")
    .split(whiteSpace)
    .filter((word) => word !== "")
    .join(" ")
    .toUpperCase()
    .normalize("NFC");
  const length = [...printed].length;
  if (length === 0 || length > nameCharactersMax || !name.isWellFormed() || unprintable.test(printed)) {
    throw new ApplicantRefusedError(
      "name",
      `1 to ${nameCharactersMax} characters without control or format characters`,
    );
  }
  return printed;
}
