import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { bytesPassed } from "@lienthong/chassis/passing-bytes";
import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import {
  applicantCommitmentKind,
  commitmentHasher,
  commitmentsEqual,
  commitmentTo,
  documentsNamedBy,
  readEvent,
} from "@lienthong/statement";
import { checkChain } from "../bus/check-chain.ts";
import { type ApplicantSaltsFile, type DocumentSaltsFile, readSaltsFile } from "../bus/salts-file.ts";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { hex } from "../json-shapes.ts";
import { applicantBytesOrNone } from "./applicant-file.ts";
import { prepare } from "./dossier-at-hand.ts";

/** Where the trail commits to what is checked. */
interface Committed {
  readonly event: bigint;
  readonly hash: Uint8Array;
  readonly digest: Uint8Array;
  /** Author of the statement. */
  readonly agency: string;
}

/**
 * `dossier check CODE --salt FILE`: whether what lies on the desk is what the trail commits to. Needs nothing of the bus but the trail, so it answers
 * after erasure as before. Ends with 1 if it is not.
 */
export async function dossierCheck(
  context: CommandContext,
  code: string,
  options: { readonly salt: string; readonly file?: string },
): Promise<void> {
  const { messages } = context;
  const kept = await readKept(context, options.salt);
  const path = kept.what === "document" ? (options.file ?? fileBeside(options.salt, code, context)) : null;
  const digest = kept.what === "document" ? await digestOf(kept, path as string, context) : digestOfApplicant(kept);
  await withSession(context, async (session) => {
    const { exchange, shard, agency } = await prepare(session, context, code);
    const entries = await exchange.exchange.getTrail({ shard: shard.shard, dossier: code, agency });
    const chain = checkChain(code, entries);
    if (!chain.whole) throw new CliError(EXIT.refused, messages.check.chainBroken(String(chain.number)));
    const committed = commitmentsIn(entries, kept);
    const match = committed.find((each) => commitmentsEqual(each.digest, digest));
    if (context.json) {
      context.printJson({
        dossier: code,
        what: kept.what,
        documentId: kept.what === "document" ? kept.document.documentId : null,
        digest: hex(digest),
        matches: match !== undefined,
        event:
          match === undefined ? null : { number: Number(match.event), hash: hex(match.hash), agency: match.agency },
      });
    } else if (match !== undefined) {
      const number = String(match.event);
      context.print(
        kept.what === "document"
          ? messages.check.documentHolds(path as string, kept.document.kind, number, code, match.agency)
          : messages.check.applicantHolds(number, code, match.agency),
      );
    }
    if (match !== undefined) return;
    const withheld = entries.filter(({ event }) => event.length === 0).length;
    const { notCommitted, differs, someWithheld } = messages.check;
    const sentence = committed.length === 0 ? notCommitted(code) : differs(String(committed[0]?.event ?? ""), code);
    throw new CliError(EXIT.refused, withheld > 0 ? `${sentence} ${someWithheld(withheld, agency)}` : sentence);
  });
}

async function readKept({ messages }: CommandContext, path: string): Promise<DocumentSaltsFile | ApplicantSaltsFile> {
  const kept = await readSaltsFile(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(messages.usage.fileUnreadable(path, error.code ?? String(error)));
  });
  if (kept === null) throw usageError(messages.check.noSalts(path));
  return kept;
}

/** `document put` keeps `FILE.CODE.salts.json` beside FILE. */
function fileBeside(saltsPath: string, code: string, { messages }: CommandContext): string {
  const ending = `.${code}.salts.json`;
  if (!saltsPath.endsWith(ending)) throw usageError(messages.check.fileMissing(saltsPath));
  return saltsPath.slice(0, -ending.length);
}

async function digestOf(
  { document, contentSalt }: DocumentSaltsFile,
  path: string,
  { messages }: CommandContext,
): Promise<Uint8Array> {
  const hasher = commitmentHasher(contentSalt, document.kind);
  try {
    if (!(await stat(path)).isFile()) throw new Error(messages.document.noFile);
    for await (const piece of createReadStream(path) as AsyncIterable<Uint8Array>) {
      hasher.update(piece);
      bytesPassed(piece.length);
    }
  } catch (error) {
    throw usageError(messages.usage.fileUnreadable(path, (error as NodeJS.ErrnoException).code ?? String(error)));
  }
  return hasher.digest();
}

function digestOfApplicant({ applicant, salt }: ApplicantSaltsFile): Uint8Array {
  return commitmentTo(salt, applicantCommitmentKind, applicantBytesOrNone(applicant));
}

/** What the events commit to under the name of what is checked, in their order. */
function commitmentsIn(entries: readonly TrailEntry[], kept: DocumentSaltsFile | ApplicantSaltsFile): Committed[] {
  return entries.flatMap(({ number, hash, event }) => {
    if (event.length === 0) return [];
    const { body } = readEvent(event);
    if (body.$case !== "statement") return [];
    const { statement } = body;
    const base = { event: number, hash, agency: statement.author?.agency ?? "" };
    if (kept.what === "applicant") {
      const digest = statement.what?.$case === "open" ? statement.what.value.applicantDigest : new Uint8Array(0);
      return digest.length === 0 ? [] : [{ ...base, digest }];
    }
    return documentsNamedBy(statement)
      .filter(({ document }) => document.documentId === kept.document.documentId)
      .map(({ document }) => ({ ...base, digest: document.contentDigest }));
  });
}
