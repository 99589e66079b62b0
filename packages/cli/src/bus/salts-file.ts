import { replacePrivateFile } from "@lienthong/chassis";
import { readTextFile } from "@lienthong/chassis/read-text-file";
import { Document } from "@lienthong/contracts/exchange/v1/statement";
import { type Applicant, saltBytes } from "@lienthong/statement";
import { hex } from "../json-shapes.ts";

/** What is kept beside a document's file: whoever has it can prove what was committed to. */
export interface DocumentSaltsFile {
  readonly what: "document";
  readonly document: Document;
  readonly contentSalt: Uint8Array;
  readonly transferSalt: Uint8Array;
}

/** The same for the applicant of a dossier. */
export interface ApplicantSaltsFile {
  readonly what: "applicant";
  readonly applicant: Applicant;
  readonly salt: Uint8Array;
}

/** Bytes of a salts file that anybody could have written by hand: more is none. */
const saltsFileBytesMax = 65_536;

/** Reads a salts file; null if it is none. Rejects if the file cannot be read. */
export async function readSaltsFile(path: string): Promise<DocumentSaltsFile | ApplicantSaltsFile | null> {
  const text = await readTextFile(path, saltsFileBytesMax);
  try {
    const kept = JSON.parse(text) as Record<string, unknown>;
    if ("applicant" in kept) {
      const { kind, identity, name, born } = kept.applicant as Record<string, unknown>;
      const texts = [kind, identity, name, born];
      const salt = fromHex(kept.salt);
      if (!texts.every((each) => typeof each === "string") || salt.length !== saltBytes) return null;
      return { what: "applicant", applicant: { kind, identity, name, born } as Applicant, salt };
    }
    const salts = { contentSalt: fromHex(kept.contentSalt), transferSalt: fromHex(kept.transferSalt) };
    if (salts.contentSalt.length !== saltBytes || salts.transferSalt.length !== saltBytes) return null;
    return { what: "document", document: Document.fromJSON(kept.document), ...salts };
  } catch {
    return null;
  }
}

/** Keeps salts, on the disk when it resolves: nobody else has them. Only the owner may read them. */
export async function writeSaltsFile(path: string, kept: DocumentSaltsFile | ApplicantSaltsFile): Promise<void> {
  const shown =
    kept.what === "applicant"
      ? { applicant: kept.applicant, salt: hex(kept.salt) }
      : {
          document: Document.toJSON(kept.document),
          contentSalt: hex(kept.contentSalt),
          transferSalt: hex(kept.transferSalt),
        };
  await replacePrivateFile(path, `${JSON.stringify(shown, null, 2)}\n`);
}

function fromHex(text: unknown): Uint8Array {
  return typeof text === "string" && /^(?:[0-9a-f]{2})*$/.test(text)
    ? Uint8Array.from(Buffer.from(text, "hex"))
    : new Uint8Array(0);
}
