import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import type { Session } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { putFile } from "./put-file.ts";

/** Which dossier's documents, and for whom. */
export interface DocumentsOf {
  readonly context: CommandContext;
  readonly shard: { readonly shard: string };
  readonly agency: string;
  readonly dossier: { readonly dossier: string };
}

const documentId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Documents by their ids, as the document service describes them. Throws CliError naming those that the agency may not name. */
export async function namedDocuments(
  session: Session,
  of: DocumentsOf,
  ids: readonly string[] = [],
): Promise<Document[]> {
  if (ids.length === 0) return [];
  const { messages } = of.context;
  const { documents } = await session.documents(of.agency);
  const known = await documents.describeDocuments({
    shard: of.shard.shard,
    agency: of.agency,
    dossier: of.dossier.dossier,
    documentIds: ids.filter((id) => documentId.test(id)),
  });
  const byId = new Map(known.map(({ document }) => [document?.documentId, document]));
  return ids.map((id) => {
    const document = byId.get(id);
    if (document === undefined) {
      throw new CliError(EXIT.refused, messages.document.unknown(id, of.dossier.dossier, of.agency));
    }
    return document;
  });
}

/** Documents of `--document ID` for every receiver, and of `--document EDGE=ID` for the one along that edge. */
export async function documentsByEdge(
  session: Session,
  of: DocumentsOf,
  values: readonly string[] = [],
): Promise<(edge: string) => Document[]> {
  const wanted = values.map((value) => {
    const equals = value.indexOf("=");
    return { edge: value.slice(0, Math.max(0, equals)), id: value.slice(equals + 1) };
  });
  const documents = await namedDocuments(
    session,
    of,
    wanted.map(({ id }) => id),
  );
  return (edge) => documents.filter((_, index) => wanted[index]?.edge === "" || wanted[index]?.edge === edge);
}

/** A document by its id, or a file that is put first. */
export async function documentOrFile(
  session: Session,
  of: DocumentsOf,
  idOrFile: string,
  kind: string,
): Promise<Document> {
  if (documentId.test(idOrFile)) return (await namedDocuments(session, of, [idOrFile]))[0] as Document;
  const { prepared } = await putFile(session, of, { file: idOrFile, kind });
  return prepared.document;
}
