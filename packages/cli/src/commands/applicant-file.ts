import { readTextFile } from "@lienthong/chassis/read-text-file";
import {
  type Applicant,
  ApplicantRefusedError,
  applicantBytes,
  applicantCommitmentKind,
  commitmentTo,
  newSalt,
} from "@lienthong/statement";
import { readSaltsFile, writeSaltsFile } from "../bus/salts-file.ts";
import type { CommandContext } from "../command-context.ts";
import { usageError } from "../exit-codes.ts";

/** A commitment to an applicant, and where its salt lies. */
export interface CommittedApplicant {
  readonly digest: Uint8Array;
  readonly saltsFile: string;
}

const applicantFileBytesMax = 16_384;

/**
 * Commits to the applicant that a JSON file describes (`kind`, `identity`, `name`, `born`). Salt and applicant are kept beside it from before
 * anything is sent; whoever repeats the line for the same dossier commits to the same.
 */
export async function commitToApplicant(
  { messages }: CommandContext,
  file: string,
  dossier: string,
): Promise<CommittedApplicant> {
  let text: string;
  try {
    text = await readTextFile(file, applicantFileBytesMax);
  } catch (error) {
    throw usageError(messages.usage.fileUnreadable(file, (error as NodeJS.ErrnoException).code ?? String(error)));
  }
  const applicant = applicantIn(text);
  if (applicant === null) throw usageError(messages.check.noApplicant(file));
  let bytes: Uint8Array;
  try {
    bytes = applicantBytes(applicant);
  } catch (error) {
    if (error instanceof ApplicantRefusedError) throw usageError(messages.check.applicantRefused(file, error.field));
    throw error;
  }
  const saltsFile = `${file}.${dossier}.salts.json`;
  const kept = await readSaltsFile(saltsFile).catch(() => null);
  const isSame = kept?.what === "applicant" && Buffer.compare(applicantBytesOrNone(kept.applicant), bytes) === 0;
  const salt = isSame ? kept.salt : newSalt();
  if (!isSame) await writeSaltsFile(saltsFile, { what: "applicant", applicant, salt });
  return { digest: commitmentTo(salt, applicantCommitmentKind, bytes), saltsFile };
}

/** The canonical bytes; none for what a file should not hold. */
export function applicantBytesOrNone(applicant: Applicant): Uint8Array {
  try {
    return applicantBytes(applicant);
  } catch {
    return new Uint8Array(0);
  }
}

function applicantIn(text: string): Applicant | null {
  try {
    const { kind, identity = "", name, born = "" } = JSON.parse(text) as Record<string, unknown>;
    const isText = [kind, identity, name, born].every((each) => typeof each === "string");
    return isText ? ({ kind, identity, name, born } as Applicant) : null;
  } catch {
    return null;
  }
}
