import type { Document, Statement } from "@lienthong/contracts/exchange/v1/statement";

/** A document that a statement names. */
export interface NamedDocument {
  readonly document: Document;
  /** Where, e.g. "statement.forward.branches[0].documents[1]". */
  readonly field: string;
  /** Branch that it is named for; null where the statement names none. */
  readonly branch: string | null;
}

/** Every document that a statement names, in its order. */
export function documentsNamedBy(statement: Statement): NamedDocument[] {
  const { what } = statement;
  switch (what?.$case) {
    case "open":
    case "refuse":
    case "complete":
    case "return":
    case "requestSupplement":
    case "bringSupplement":
    case "pause":
    case "resume":
    case "extend":
    case "withdraw":
    case "stop": {
      const { documents } = what.value;
      return documents.length === 0 ? none : named(documents, `statement.${protoName(what.$case)}`, null);
    }
    case "forward":
    case "consult":
      return what.value.branches.flatMap(({ documents, branch }, index) =>
        documents.length === 0 ? none : named(documents, `statement.${what.$case}.branches[${index}]`, branch),
      );
    default:
      return none;
  }
}

const none: NamedDocument[] = [];

function named(documents: readonly Document[], field: string, branch: string | null): NamedDocument[] {
  return documents.map((document, index) => ({ document, field: `${field}.documents[${index}]`, branch }));
}

/** "requestSupplement" as the proto has it. */
function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
