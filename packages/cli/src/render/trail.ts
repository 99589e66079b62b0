import type { TrailContent, TrailEvent, TrailTarget } from "../bus/trail-events.ts";
import type { TrailView } from "../bus/trail-view.ts";
import { type Language, messagesIn } from "../messages/language.ts";
import type { Messages } from "../messages/messages.ts";
import { branchSentence } from "./branch-sentence.ts";
import { localTime } from "./local-time.ts";
import { saidPhrase, type Telling } from "./said.ts";
import { createStyle } from "./style.ts";
import { type Column, type Row, renderTable } from "./table.ts";
import { wrapText } from "./text-width.ts";

/** How a trail is shown. */
export interface RenderOptions {
  readonly language: Language;
  /** Width of the terminal. From 110 on every fact has its column; below, what happened is one sentence. */
  readonly columns: number;
  readonly color: boolean;
}

const wideFromColumns = 110;
const columnsMin = 60;

/** A trail as a table a clerk can read, who holds each branch since when, and whether the chain holds. Ends with a newline. */
export function renderTrail(view: TrailView, { language, columns, color }: RenderOptions): string {
  const messages = messagesIn(language);
  const style = createStyle(color);
  const width = Math.max(columnsMin, columns);
  const { dossier, events, names, simulated } = view;
  const context: Context = { names, language, messages, simulated };
  const table = width >= wideFromColumns ? wideTable(events, context) : narrowTable(events, context);
  const branches = dossier.branches.map((branch) => branchSentence(branch, dossier.branches, context));
  const indented = (text: string) => wrapText(text, width - 2).map((line) => `  ${line}`);
  return [
    ...wrapText(messages.trail.title(dossier.dossier), width).map(style.bold),
    ...wrapText(messages.trail.procedure(view.procedureName), width),
    ...wrapText(simulated ? messages.time.scenarioClock : messages.time.realClock, width).map(style.dim),
    renderTable(table.columns, table.rows, width, style),
    style.bold(messages.trail.heldBy),
    ...branches.flatMap(indented),
    ...wrapText(chainSentence(view, messages), width).map(view.chain.whole ? style.good : style.bad),
    "",
  ].join("\n");
}

interface Context extends Telling {
  readonly simulated: boolean;
}

interface TableContent {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

function wideTable(events: readonly TrailEvent[], context: Context): TableContent {
  const { names, messages } = context;
  const { headings } = messages.trail;
  const rows = events.flatMap(({ number, content }): Row[] => {
    if (content === null) return [{ cells: [String(number), "", "", messages.said.withheld, "", "", ""], tone: "dim" }];
    const tone = content.agency === "" ? ({ tone: "dim" } as const) : {};
    return targetsOf(content).map((target, index) => ({
      cells: [
        ...(index === 0
          ? [String(number), timeOf(content, context), whoOf(content, context), saidPhrase(content, context)]
          : ["", "", "", ""]),
        target.agency === "" ? "" : names.office(target.agency, target.unit),
        names.step(target.step),
        target.branch,
      ],
      ...tone,
      continues: index > 0,
    }));
  });
  return {
    columns: [
      { heading: headings.number, align: "right" },
      { heading: timeHeading(context) },
      { heading: headings.who, share: 3 },
      { heading: headings.what, share: 3, columnsMin: 12 },
      { heading: headings.to, share: 3 },
      { heading: headings.step, share: 2.5 },
      { heading: headings.branch },
    ],
    rows,
  };
}

function narrowTable(events: readonly TrailEvent[], context: Context): TableContent {
  const { names, messages } = context;
  const { headings } = messages.trail;
  const rows = events.flatMap(({ number, content }): Row[] => {
    if (content === null) return [{ cells: [String(number), "", messages.said.withheld, "", ""], tone: "dim" }];
    const tone = content.agency === "" ? ({ tone: "dim" } as const) : {};
    return targetsOf(content).map((target, index) => {
      const to = target.agency === "" ? "" : `→ ${names.office(target.agency, target.unit)}`;
      const sentence = `${whoOf(content, context)} ${saidPhrase(content, context)}`;
      return {
        cells: [
          index === 0 ? String(number) : "",
          index === 0 ? timeOf(content, context).replace(" ", "\n") : "",
          [index === 0 ? sentence : "", to].filter((part) => part !== "").join("\n"),
          names.step(target.step),
          target.branch,
        ],
        ...tone,
        continues: index > 0,
      };
    });
  });
  return {
    columns: [
      { heading: headings.number, align: "right" },
      { heading: timeHeading(context).replace(" ", "\n") },
      { heading: headings.event, share: 3 },
      { heading: headings.step, share: 1.4 },
      { heading: headings.branch },
    ],
    rows,
  };
}

function timeHeading({ simulated, messages }: Context): string {
  return simulated ? messages.trail.headings.scenarioTime : messages.trail.headings.time;
}

function timeOf({ recordedTime }: TrailContent, { language }: Context): string {
  return localTime(recordedTime, language);
}

function whoOf({ agency, unit }: TrailContent, { names, messages }: Context): string {
  return agency === "" ? messages.trail.bus : names.office(agency, unit);
}

/** An event that acts on several branches without sending them anywhere is one row all the same. */
function targetsOf({ targets, branches }: TrailContent): readonly TrailTarget[] {
  if (targets.length > 0) return targets;
  return [{ branch: branches.join(", "), step: "", edge: "", agency: "", unit: "" }];
}

/** What the check of the chain found, in a sentence. */
export function chainSentence({ chain }: TrailView, { trail }: Messages): string {
  if (chain.whole) return trail.chainWhole(chain.events, chain.withheld);
  const why = chain.fault === "numberWrong" ? trail.numberWrong(Number(chain.number)) : trail[chain.fault];
  return trail.chainBroken(Number(chain.number), why);
}
