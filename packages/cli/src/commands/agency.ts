import { AgencyLevel, type AgencyRecord } from "@lienthong/contracts/registry/v1/record";
import type { ValidRange } from "@lienthong/contracts/registry/v1/registry_service";
import { sha256 } from "@lienthong/tlog";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { agencyLevelWords, algorithmWords, keyPurposeWords, recordStatusWords, shareWords } from "../contract-words.ts";
import { hex } from "../json-shapes.ts";
import { localDay } from "../render/local-time.ts";
import { renderTable } from "../render/table.ts";
import { wrapText } from "../render/text-width.ts";
import { day, wordValue } from "./option-values.ts";

/** Options of `agency list`. */
export interface AgencyListOptions {
  readonly level?: string;
  readonly on?: string;
  readonly name?: string;
}

/** `agency list` */
export async function agencyList(context: CommandContext, options: AgencyListOptions): Promise<void> {
  const { messages, columns, style } = context;
  const level =
    options.level === undefined
      ? AgencyLevel.AGENCY_LEVEL_UNSPECIFIED
      : wordValue<AgencyLevel>("--level", options.level, agencyLevelWords, messages, messages.agency.levels);
  const onDate = options.on === undefined ? "" : day("--on", options.on, messages);
  await withSession(context, async (session) => {
    const registry = (await session.registry()).registry;
    const agencies = await registry.listAgencies({ level, onDate, nameContains: options.name ?? "" });
    if (context.json) {
      context.printJson(agencies.map(({ agency, valid }) => agencyJson(agency, valid)));
      return;
    }
    context.talk(messages.agency.count(agencies.length));
    if (agencies.length === 0) return;
    const { headings, levels } = messages.agency;
    context.print(
      renderTable(
        [
          { heading: headings.id },
          { heading: headings.name, share: 1, columnsMin: 20 },
          { heading: headings.level },
          { heading: headings.area },
          { heading: headings.valid, share: 0.6, columnsMin: 10 },
        ],
        agencies.map(({ agency, valid }) => ({
          cells: [
            agency?.id ?? "",
            agency?.name?.vi ?? "",
            levels[agencyLevelWords.nameOf(agency?.level ?? 0)] ?? "",
            agency?.areaCode ?? "",
            validity(valid, context),
          ],
        })),
        columns,
        style,
      ),
    );
  });
}

/** `agency show AGENCY` */
export async function agencyShow(context: CommandContext, id: string): Promise<void> {
  await withSession(context, async (session) => {
    const { agency, valid, units, keys, systems, succession, entry } = await (
      await session.registry()
    ).registry.getAgency(id);
    if (agency === undefined) throw new Error(`The registry answered nothing about ${id}.`);
    const successors = succession?.successors ?? [];
    if (context.json) {
      context.printJson({
        ...agencyJson(agency, valid),
        entry: hex(entry),
        competences: agency.competences.map(({ role, areaCodes, procedures }) => ({ role, areaCodes, procedures })),
        units: units.map((unit) => ({
          id: unit.id,
          nameVi: unit.name?.vi ?? "",
          kind: unit.kind,
          certain: unit.certain,
        })),
        keys: keys.map((key) => ({
          keyId: hex(sha256(key.publicKey?.publicKey ?? new Uint8Array(0))),
          algorithm: algorithmWords.nameOf(key.publicKey?.algorithm ?? 0),
          purpose: keyPurposeWords.nameOf(key.purpose),
          status: recordStatusWords.nameOf(key.status),
          demonstration: key.demonstration,
        })),
        systems,
        successors: successors.map(({ agency: successor, share, areaCodes }) => ({
          agency: successor,
          share: shareWords.nameOf(share),
          areaCodes,
        })),
      });
      return;
    }
    const { agency: text } = context.messages;
    const facts: [string, string[]][] = [
      [text.headings.id, [agency.id]],
      [text.headings.level, [`${text.levels[agencyLevelWords.nameOf(agency.level)] ?? ""} (${agency.kind})`]],
      [text.parent, [agency.parent]],
      [text.headings.area, [agency.areaCode]],
      [text.code, [agency.identifierCode === "" ? text.unknownCode : agency.identifierCode]],
      [text.headings.valid, [validity(valid, context)]],
      [text.competences, agency.competences.map(({ role, areaCodes }) => `${role}: ${areaCodes.join(", ")}`)],
      [text.units, units.map((unit) => `${unit.id}: ${unit.name?.vi ?? ""}`)],
      [
        text.keys,
        keys.map((key) =>
          [
            hex(sha256(key.publicKey?.publicKey ?? new Uint8Array(0))).slice(0, 16),
            text.algorithms[algorithmWords.nameOf(key.publicKey?.algorithm ?? 0)] ?? "",
            text.purposes[keyPurposeWords.nameOf(key.purpose)] ?? "",
            text.keyStatus[recordStatusWords.nameOf(key.status)] ?? "",
            ...(key.demonstration ? [text.demonstration] : []),
          ].join(", "),
        ),
      ],
      [text.systems, systems],
      [
        text.succession,
        successors.map(
          ({ agency: successor, share }) => `${successor} (${text.shares[shareWords.nameOf(share)] ?? ""})`,
        ),
      ],
      [text.note, [agency.note, ...(agency.certain ? [] : [text.inferred])]],
      [text.source, [agency.source]],
    ];
    context.print([context.style.bold(agency.name?.vi ?? id), ...factLines(facts, context.columns)].join("\n"));
  });
}

/** Facts under each other, the values aligned; what is empty is left out. */
function factLines(facts: readonly (readonly [string, readonly string[]])[], columns: number): string[] {
  const present = facts
    .map(([label, values]) => [label, values.filter((value) => value !== "")] as const)
    .filter(([, values]) => values.length > 0);
  const labelWidth = Math.max(...present.map(([label]) => [...label].length)) + 2;
  return present.flatMap(([label, values]) =>
    values
      .flatMap((value) => wrapText(value, Math.max(20, columns - labelWidth)))
      .map((line, index) => (index === 0 ? label : "").padEnd(labelWidth) + line),
  );
}

function validity(valid: ValidRange | undefined, { messages, language }: CommandContext): string {
  const { agency: text } = messages;
  const from = valid?.validFrom ?? "";
  const until = valid?.validUntil ?? "";
  if (from === "" && until === "") return text.always;
  if (until === "") return text.from(localDay(from, language));
  if (from === "") return text.until(localDay(until, language));
  return text.span(localDay(from, language), localDay(until, language));
}

function agencyJson(agency: AgencyRecord | undefined, valid: ValidRange | undefined) {
  return {
    id: agency?.id ?? "",
    nameVi: agency?.name?.vi ?? "",
    nameEn: agency?.name?.en ?? "",
    level: agencyLevelWords.nameOf(agency?.level ?? 0),
    kind: agency?.kind ?? "",
    parent: agency?.parent ?? "",
    areaCode: agency?.areaCode ?? "",
    identifierCode: agency?.identifierCode ?? "",
    validFrom: valid?.validFrom ?? "",
    validUntil: valid?.validUntil ?? "",
    certain: agency?.certain ?? false,
  };
}
