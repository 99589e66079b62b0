import type { Finding, Severity } from "./finding.ts";
import type { BundleReport, CheckpointFacts } from "./verify-bundle.ts";
import type { PromiseReport } from "./verify-promise.ts";
import type { WholeLogFacts } from "./whole-log.ts";
import { en, type Words } from "./words/en.ts";
import { vi } from "./words/vi.ts";

/** Languages in which a report can be told. */
export type ReportLanguage = "vi" | "en";

const catalogues: Readonly<Record<ReportLanguage, Words>> = { vi, en };

/** A line of a report: how it is meant, for who sets it off, and the sentence. */
export interface ReportLine {
  readonly tone: "good" | "bad" | "heading" | "plain" | "dim";
  /** 1 for what stands under a heading. */
  readonly indent: 0 | 1;
  readonly text: string;
}

/** What a bundle proves, in plain words. */
export function tellBundle(
  report: BundleReport & { readonly wholeLog?: WholeLogFacts | null },
  language: ReportLanguage,
): ReportLine[] {
  const words = catalogues[language];
  const lines: ReportLine[] = [];
  const say = (text: string, tone: ReportLine["tone"] = "plain", indent: 0 | 1 = 0) =>
    lines.push({ tone, indent, text });
  const { holds, dossier, completeTo, custody, wholeLog } = report;
  if (holds) say(words.verdict.holds(dossier), "good");
  else say(words.verdict.broken(dossier), "bad");
  sayFindings(report.findings, "broken", words, say);
  sayFindings(report.findings, "operator", words, say);
  if (completeTo !== null) {
    const { event, checkpoint } = completeTo;
    say(words.complete(event, grouped(checkpoint.size, language), checkpoint.origin));
    sayWitnesses(checkpoint, language, say);
    if (wholeLog == null) say(words.laterPossible, "dim");
    else {
      const size = grouped(wholeLog.checkpoint.size, language);
      say(wholeLog.entriesRead ? words.wholeLog(size) : words.wholeLogHashes(size));
    }
  }
  if (report.since?.consistent === true) {
    say(words.sinceHolds(grouped(report.since.size, language), report.since.origin));
  }
  // What was found wrong may be who held it: then nothing is said of custody.
  if (holds && custody.length > 0) {
    say(words.custody, "heading");
    const who = (agency: string, unit: string) => {
      // Vietnamese in both languages, as everywhere; clerks write UBND.
      const name = (id: string) => (report.names[id]?.vi ?? id).normalize("NFC").replaceAll("Ủy ban nhân dân", "UBND");
      const place = name(agency).replace(/^UBND /, "");
      if (unit === "") return name(agency);
      // Most units are named with their place already.
      return name(unit).includes(place) ? name(unit) : `${name(unit)}, ${name(agency)}`;
    };
    for (const { branch, agency, unit, from, fromEvent, until, untilEvent } of custody) {
      const named = [words.branch(branch), who(agency, unit), localTime(from, language), fromEvent] as const;
      say(
        until === null || untilEvent === null
          ? words.holds_(...named)
          : words.held(...named, localTime(until, language), untilEvent),
        "plain",
        1,
      );
    }
    if (report.withheld.length > 0) say(words.uncertain, "dim", 1);
    if (report.ended === true) say(words.ended, "plain", 1);
    if (report.simulatedClock) say(words.scenario, "dim", 1);
  }
  if (holds) saySealed(report, language, say);
  for (const { event, documents } of report.erasures) {
    say(words.erased(event, documents.length === 0 ? words.erasedAll : documents.join(", ")));
  }
  sayFindings(
    report.findings.filter(({ code }) => code !== "contentErased"),
    "remark",
    words,
    say,
  );
  return lines;
}

/** What became of a promise, in plain words. */
export function tellPromise(report: PromiseReport, language: ReportLanguage): ReportLine[] {
  const words = catalogues[language];
  const { promise } = words;
  const lines: ReportLine[] = [];
  const say = (text: string, tone: ReportLine["tone"] = "plain", indent: 0 | 1 = 0) =>
    lines.push({ tone, indent, text });
  const event = `${report.event ?? "?"} (${report.dossier})`;
  const by = localTime(report.includeBy, language);
  const size = grouped(report.checkpoint?.size ?? 0, language);
  switch (report.outcome) {
    case "kept":
      say(promise.kept(event, grouped(report.leafIndex ?? 0, language), size), "good");
      break;
    case "pending":
      say(promise.pending(event, by), "good");
      break;
    case "broken":
      say(promise.broken(event, by, size), "bad");
      break;
    case "overdue":
      say(promise.overdue(event, by), "bad");
      break;
    case "unchecked":
      say(promise.unchecked(event, by));
      break;
    case "invalid":
      say(promise.invalid, "bad");
      break;
  }
  for (const severity of ["broken", "operator"] as const) sayFindings(report.findings, severity, words, say);
  if (report.checkpoint !== null) sayWitnesses(report.checkpoint, language, say);
  sayFindings(report.findings, "remark", words, say);
  return lines;
}

/** One finding as a sentence. */
export function tellFinding(finding: Finding, language: ReportLanguage): string {
  return sentenceOf(finding, catalogues[language]);
}

type Say = (text: string, tone?: ReportLine["tone"], indent?: 0 | 1) => void;

function sentenceOf({ code, event, values }: Finding, words: Words): string {
  const sentence = words.findings[code](values);
  return event === null ? sentence.replace(/^./u, (first) => first.toUpperCase()) : words.event(event, sentence);
}

function sayFindings(findings: readonly Finding[], severity: Severity, words: Words, say: Say): void {
  const of = findings.filter((finding) => finding.severity === severity);
  if (of.length === 0) return;
  const tone = severity === "remark" ? "dim" : "bad";
  say(words.severity[severity], tone);
  for (const finding of of) say(sentenceOf(finding, words), "plain", 1);
}

function sayWitnesses({ witnesses, missingWitnesses }: CheckpointFacts, language: ReportLanguage, say: Say): void {
  const words = catalogues[language];
  if (witnesses.length > 0) {
    const names = witnesses.map(({ name, time }) => words.witnessAt(name, localTime(time, language)));
    say(words.witnessed(names.join(", ")));
  }
  if (missingWitnesses.length > 0) say(words.missing(missingWitnesses.join(", ")), "dim");
}

function saySealed({ times }: BundleReport, language: ReportLanguage, say: Say): void {
  const words = catalogues[language];
  const earliest = times[0]?.sealedAfter ?? null;
  const latest = times.at(-1)?.sealedBy ?? null;
  if (latest === null) return;
  const by = localTime(latest, language);
  say(earliest === null ? words.sealedBy(by) : words.sealed(localTime(earliest, language), by));
}

/** "1.234" in Vietnamese, "1,234" in English. */
function grouped(count: number, language: ReportLanguage): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, language === "vi" ? "." : ",");
}

/** Việt Nam's time to the second: "05/05/2025 08:00:00" or "2025-05-05 08:00:00"; empty for no instant. */
function localTime(iso: string, language: ReportLanguage): string {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return "";
  const local = new Date(ms + 7 * 3_600_000).toISOString();
  const [year, month, day] = local.slice(0, 10).split("-");
  const time = local.slice(11, 19);
  return language === "vi" ? `${day}/${month}/${year} ${time}` : `${local.slice(0, 10)} ${time}`;
}
