import { setTimeout as delay } from "node:timers/promises";
import { DocumentState, type StoredDocument } from "@lienthong/contracts/exchange/v1/document_service";
import type { Session } from "../bus/session.ts";
import type { DocumentsOf } from "./named-documents.ts";

const waitMsMax = 20_000;
const pauseMs = 100;

/** How far erasure has come. */
export interface ErasureProgress {
  readonly erased: readonly string[];
  /** Documents of which the bus still has something. */
  readonly left: readonly string[];
}

/** Waits until the document service has done what an `erase` asks for, as far as the agency may see; not longer than 20 s. */
export async function awaitErasure(
  session: Session,
  of: DocumentsOf,
  documentIds: readonly string[],
): Promise<ErasureProgress> {
  const { documents } = await session.documents(of.agency);
  const question = { shard: of.shard.shard, agency: of.agency, dossier: of.dossier.dossier, documentIds };
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    const stored = await documents.describeDocuments(question);
    const isErased = ({ state }: StoredDocument) => state === DocumentState.DOCUMENT_STATE_ERASED;
    const ids = (which: readonly StoredDocument[]) => which.map(({ document }) => document?.documentId ?? "");
    const left = stored.filter((each) => !isErased(each));
    if (left.length === 0 || performance.now() > deadline) {
      return { erased: ids(stored.filter(isErased)), left: ids(left) };
    }
    await delay(pauseMs, undefined, { signal: of.context.signal });
  }
}
