import { timestampToIso } from "@lienthong/chassis/timestamp";
import { DocumentRejectedError } from "@lienthong/client";
import { DocumentState } from "@lienthong/contracts/exchange/v1/document_service";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import { documentsNamedBy, readEvent } from "@lienthong/statement";
import { lookUpNames } from "../bus/names.ts";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { documentStateWords } from "../contract-words.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { hex } from "../json-shapes.ts";
import { localTime } from "../render/local-time.ts";
import { renderTable } from "../render/table.ts";
import { sizeIn, transferDisplay } from "../render/transfer-display.ts";
import { prepare } from "./dossier-at-hand.ts";
import { type DocumentsOf, namedDocuments } from "./named-documents.ts";
import { putFile } from "./put-file.ts";

/** `document put FILE --dossier CODE --kind KIND`: prints the id that statements name, alone on stdout. */
export async function documentPut(
  context: CommandContext,
  file: string,
  options: { readonly dossier: string; readonly kind: string; readonly type?: string },
): Promise<void> {
  await withSession(context, async (session) => {
    const prepared = await prepare(session, context);
    const of = { ...prepared, dossier: { dossier: options.dossier } };
    const put = await putFile(session, of, { file, kind: options.kind, type: options.type });
    const { document } = put.prepared;
    if (context.json) {
      const { saltsFile, repeated } = put;
      context.printJson({ ...documentJson(document), dossier: options.dossier, saltsFile, repeated });
      return;
    }
    const { messages, language } = context;
    if (put.repeated) context.talk(messages.document.repeated);
    context.talk(messages.document.put(sizeIn(language)(Number(document.sizeBytes)), put.saltsFile));
    context.print(document.documentId);
    context.talk(messages.document.nameIt(options.dossier, document.documentId, of.agency));
  });
}

/** `document get ID --dossier CODE`: the file appears whole and verified, or not at all. */
export async function documentGet(
  context: CommandContext,
  id: string,
  options: { readonly dossier: string; readonly output?: string },
): Promise<void> {
  const { messages } = context;
  await withSession(context, async (session) => {
    const prepared = await prepare(session, context);
    const of = { ...prepared, dossier: { dossier: options.dossier } };
    const path = options.output ?? id;
    const signed = await signedDocument(prepared, options.dossier, id);
    // What no event names yet is described by the service alone; only its uploader is told of it.
    const document = signed ?? ((await namedDocuments(session, of, [id]))[0] as Document);
    const { documents } = await session.documents(of.agency);
    const display = transferDisplay(context);
    try {
      await documents.downloadDocument({
        document,
        path,
        shard: of.shard.shard,
        agency: of.agency,
        signal: context.signal,
        onProgress: display.update,
        keepEncrypted: true,
      });
    } catch (error) {
      if (error instanceof DocumentRejectedError)
        throw new CliError(EXIT.refused, messages.document.rejected(error.message));
      throw error;
    } finally {
      display.end();
    }
    if (context.json) {
      context.printJson({ ...documentJson(document), dossier: options.dossier, path, signed: signed !== null });
      return;
    }
    const size = sizeIn(context.language)(Number(document.sizeBytes));
    context.talk(signed === null ? messages.document.gotUnsigned(size) : messages.document.got(size));
    context.print(path);
  });
}

/** `document list --dossier CODE` */
export async function documentList(context: CommandContext, options: { readonly dossier: string }): Promise<void> {
  await withSession(context, async (session) => {
    const { agency, shard, registry } = await prepare(session, context);
    const { documents } = await session.documents(agency);
    const stored = await documents.describeDocuments({ shard: shard.shard, agency, dossier: options.dossier });
    if (context.json) {
      context.printJson(
        stored.map(({ document, agency: uploader, state, stateTime }) => ({
          ...documentJson(document),
          dossier: options.dossier,
          agency: uploader,
          state: documentStateWords.nameOf(state),
          stateTime: stateTime === undefined ? null : timestampToIso(stateTime),
        })),
      );
      return;
    }
    const { messages, language, columns, style } = context;
    const { headings } = messages.document;
    const names = await lookUpNames(
      registry.registry,
      stored.map((each) => each.agency),
      undefined,
    );
    if (stored.length > 0) {
      context.print(
        renderTable(
          [
            { heading: headings.id },
            { heading: headings.kind, share: 1, columnsMin: 10 },
            { heading: headings.size, align: "right" },
            { heading: headings.from, share: 1.5, columnsMin: 10 },
            { heading: headings.state, share: 1, columnsMin: 10 },
          ],
          stored.map(({ document, agency: uploader, state, stateTime }) => ({
            cells: [
              document?.documentId ?? "",
              document?.kind ?? "",
              sizeIn(language)(Number(document?.sizeBytes ?? 0n)),
              names.office(uploader),
              stateText(context, state, localTime(stateTime, language)),
            ],
          })),
          columns,
          style,
        ),
      );
    }
    context.talk(messages.document.count(stored.length));
  });
}

function stateText({ messages }: CommandContext, state: DocumentState, time: string): string {
  const word = messages.documentStates[documentStateWords.nameOf(state)] ?? String(state);
  return state === DocumentState.DOCUMENT_STATE_COMPLETE ? word : `${word}, ${time}`;
}

/** The document as an event names it, whose author signed its digests; null if no event that the agency may read does. */
async function signedDocument(
  { exchange, shard, agency }: Omit<DocumentsOf, "dossier"> & Awaited<ReturnType<typeof prepare>>,
  dossier: string,
  id: string,
): Promise<Document | null> {
  const entries = await exchange.exchange.getTrail({ shard: shard.shard, dossier, agency });
  for (const { event } of entries) {
    if (event.length === 0) continue;
    const { body } = readEvent(event);
    if (body.$case !== "statement") continue;
    const named = documentsNamedBy(body.statement).find(({ document }) => document.documentId === id);
    if (named !== undefined) return named.document;
  }
  return null;
}

function documentJson(document: Document | undefined) {
  return {
    documentId: document?.documentId ?? "",
    kind: document?.kind ?? "",
    mediaType: document?.mediaType ?? "",
    sizeBytes: Number(document?.sizeBytes ?? 0n),
    contentDigest: hex(document?.contentDigest ?? new Uint8Array(0)),
    transferDigest: hex(document?.transferDigest ?? new Uint8Array(0)),
  };
}
