import { type DossierParties, evolveParties } from "@lienthong/domain";
import { documentsNamedBy, type NamedDocument, type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { sameBytes } from "./document-record.ts";

/** One naming of a document that travels, by an event. */
export interface Naming {
  readonly transferDigest: Uint8Array;
  /** Agencies that it was named for: they may open it. */
  readonly agencies: readonly string[];
}

/** The documents that a dossier's trail names, and for whom. */
export class TrailDocuments {
  readonly #namings = new Map<string, Naming[]>();

  /** `events`: the serialised events of one dossier, all, in order. */
  constructor(events: Iterable<Uint8Array>) {
    let parties: DossierParties | null = null;
    for (const bytes of events) {
      const event = readEvent(bytes);
      for (const { document, agencies } of namingsIn(event, parties)) {
        const known = this.#namings.get(document.documentId);
        const naming = { transferDigest: document.transferDigest, agencies };
        if (known === undefined) this.#namings.set(document.documentId, [naming]);
        else known.push(naming);
      }
      parties = evolveParties(parties, event, leafHash(bytes));
    }
  }

  /** Documents named at all, by id. */
  get documentIds(): Iterable<string> {
    return this.#namings.keys();
  }

  /** Whether an event names these very bytes; one that names the id alone, or other bytes, says nothing about them. */
  names(documentId: string, transferDigest: Uint8Array): boolean {
    return this.#of(documentId, transferDigest).length > 0;
  }

  /** Whether an event named these very bytes for the agency. */
  namesFor(agency: string, documentId: string, transferDigest: Uint8Array): boolean {
    return this.#of(documentId, transferDigest).some(({ agencies }) => agencies.includes(agency));
  }

  #of(documentId: string, transferDigest: Uint8Array): Naming[] {
    const namings = this.#namings.get(documentId) ?? [];
    return namings.filter((naming) => sameBytes(naming.transferDigest, transferDigest));
  }
}

/** Documents of an event that travel through the bus. */
export function travellingDocuments(event: ReadEvent): NamedDocument[] {
  if (event.body.$case !== "statement") return [];
  return documentsNamedBy(event.body.statement).filter(({ document }) => document.transferDigest.length > 0);
}

/**
 * Whom an event names its documents for. `before`: who had to do with the dossier up to then. Custody that moves later takes no document
 * along: a later holder sees one only if a forward names it again.
 */
function namingsIn(
  event: ReadEvent,
  before: DossierParties | null,
): { document: NamedDocument["document"]; agencies: string[] }[] {
  const named = travellingDocuments(event);
  if (named.length === 0 || event.body.$case !== "statement") return [];
  const { statement } = event.body;
  const { what } = statement;
  const author = statement.author?.agency ?? "";
  const acted = statement.prior
    .map(({ branch }) => before?.branches.get(branch))
    .filter((branch) => branch !== undefined);
  const holders = acted.map(({ holder }) => holder);
  const desk = before?.desk ?? "";
  const forAll = (agencies: readonly string[]) =>
    named.map(({ document }) => ({ document, agencies: agencies.filter((agency) => agency !== "") }));

  switch (what?.$case) {
    case "open":
      return forAll([author]);
    case "forward":
    case "consult": {
      const targets = new Map(
        what.value.branches.map(({ branch, receiver, copies }) => [
          branch,
          [receiver, ...copies].map((addressee) => addressee?.agency ?? "").filter((agency) => agency !== ""),
        ]),
      );
      return named.map(({ document, branch }) => ({ document, agencies: targets.get(branch ?? "") ?? [] }));
    }
    case "complete":
      return forAll([...what.value.resultsTo.map(({ agency }) => agency), desk, ...acted.map(({ asker }) => asker)]);
    // The sender still holds the branch that was handed over.
    case "refuse":
    case "bringSupplement":
      return forAll(holders);
    case "return":
    case "requestSupplement":
    case "pause":
    case "resume":
    case "extend":
    case "withdraw":
    case "stop":
      return forAll([desk, ...holders]);
    default:
      return [];
  }
}
