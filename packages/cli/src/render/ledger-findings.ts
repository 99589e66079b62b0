import type { EventName, Finding } from "@lienthong/ledger";
import type { Messages } from "../messages/messages.ts";

/** What was found in a log, in a sentence. */
export function ledgerFinding(finding: Finding, { ledger: text }: Messages): string {
  const { findings, copies } = text;
  const entry = (index: number, event: EventName | null): string =>
    event === null ? text.entry(index) : text.eventOf(index, event.number, event.dossier, event.claimed);
  switch (finding.what) {
    case "head-missing":
      return findings.headMissing;
    case "head-unsigned":
      return findings.headUnsigned(finding.cause);
    case "head-old":
      return findings.headOld(finding.size, finding.signedSize);
    case "entry-wrong":
      return findings.entryWrong(
        entry(finding.index, finding.event),
        copies[finding.copy],
        finding.missing,
        finding.count - 1,
      );
    case "copies-differ":
      return findings.copiesDiffer(
        entry(finding.index, finding.event),
        finding.copies.map((copy) => copies[copy]).join(", "),
      );
    case "all-changed":
      return findings.allChanged(entry(finding.from, finding.event), finding.until - 1);
    case "tile-wrong":
      return findings.tileWrong(finding.path, finding.missing, finding.from, finding.until - 1);
    case "bundle-malformed":
      return findings.bundleMalformed(finding.path, finding.index, finding.cause);
    case "published-wrong":
      return findings.publishedWrong(finding.cause);
    case "kept-wrong":
      return findings.keptWrong(finding.size, finding.cause);
    case "kept-unreadable":
      return findings.keptUnreadable(finding.cause);
    case "stream-short":
      return findings.streamShort(finding.lastIndex, finding.size);
    case "message-odd":
      return findings.messageOdd(finding.index, finding.cause);
  }
}
