import type { Copy, EventName, Finding } from "./findings.ts";

const copyNames: Readonly<Record<Copy, string>> = {
  entries: "the entry bundles",
  tiles: "the hash tiles",
  stream: "the stream",
};

function named(index: number, event: EventName | null): string {
  if (event === null) return `entry ${index}`;
  const whose = event.dossier === null ? "the shard itself" : `dossier ${event.dossier}`;
  return `entry ${index} (${event.claimed ? "as it reads now " : ""}event ${event.number} of ${whose})`;
}

/** A finding in a sentence. */
export function findingSentence(finding: Finding): string {
  switch (finding.what) {
    case "head-missing":
      return "The head file is missing, though heads were signed.";
    case "head-unsigned":
      return `The head is not one that this log's key signed: ${finding.cause}`;
    case "head-old":
      return `The head is of size ${finding.size}, but one of size ${finding.signedSize} was signed: an old head was put back.`;
    case "entry-wrong": {
      const where = copyNames[finding.copy];
      const what = finding.missing ? "is missing from" : "is wrong in";
      const more = finding.count > 1 ? `, and ${finding.count - 1} more behind it` : "";
      return `${named(finding.index, finding.event)} ${what} ${where}${more}; the signed head proves another copy right.`.replace(
        /^e/,
        "E",
      );
    }
    case "copies-differ":
      return `${finding.copies.map((copy) => copyNames[copy]).join(" and ")} differ at ${named(finding.index, finding.event)}, and no copy as a whole leads to the signed root.`.replace(
        /^t/,
        "T",
      );
    case "all-changed":
      return `All copies agree but do not lead to the signed root: the change lies from ${named(finding.from, finding.event)} to entry ${finding.until - 1}, or the log is not the one that was signed.`;
    case "tile-wrong":
      return `The tile ${finding.path} ${finding.missing ? "is missing" : "holds another hash than the level below gives"}; it covers entries ${finding.from} to ${finding.until - 1}.`;
    case "bundle-malformed":
      return `The bundle ${finding.path} cannot be taken apart at entry ${finding.index}: ${finding.cause}.`;
    case "published-wrong":
      return `The published checkpoint is wrong: ${finding.cause}.`;
    case "kept-wrong":
      return `The kept checkpoint of size ${finding.size} is wrong: ${finding.cause}.`;
    case "kept-unreadable":
      return `The file of kept checkpoints cannot be read: ${finding.cause}.`;
    case "stream-short":
      return `The stream ends at entry ${finding.lastIndex}, but ${finding.size} entries were signed.`;
    case "message-odd":
      return `Entry ${finding.index} does not belong where it lies: ${finding.cause}`;
  }
}
