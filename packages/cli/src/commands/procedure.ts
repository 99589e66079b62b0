import type { ProcedureRecord } from "@lienthong/contracts/registry/v1/record";
import { EdgeKind, type RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { explainRoute } from "@lienthong/route";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { agencyLevelWords } from "../contract-words.ts";
import { enumWords } from "../enum-words.ts";
import { hex } from "../json-shapes.ts";
import { renderTable } from "../render/table.ts";
import { wrapText } from "../render/text-width.ts";

const edgeKindWords = enumWords(EdgeKind, "EDGE_KIND_");

/** `procedure list` */
export async function procedureList(context: CommandContext, options: { readonly withRoute?: boolean }): Promise<void> {
  await withSession(context, async (session) => {
    const registry = (await session.registry()).registry;
    const procedures = await registry.listProcedures({ withRouteOnly: options.withRoute === true });
    if (context.json) {
      context.printJson(procedures.map(({ procedure, routes }) => ({ ...procedureJson(procedure), routes })));
      return;
    }
    const { headings, count } = context.messages.procedure;
    const { levels } = context.messages.agency;
    // Keys are copied into other commands, so they are never broken; a narrow terminal goes without level and route.
    const wide = context.columns >= 110;
    context.print(
      renderTable(
        [
          { heading: headings.key },
          { heading: headings.code },
          { heading: headings.name, share: 1, columnsMin: 20 },
          ...(wide ? [{ heading: headings.level }, { heading: headings.routes }] : []),
        ],
        procedures.map(({ procedure, routes }) => ({
          cells: [
            procedure?.key ?? "",
            procedure?.code ?? "",
            procedure?.name?.vi ?? "",
            ...(wide ? [levels[agencyLevelWords.nameOf(procedure?.level ?? 0)] ?? "", routes.join("\n")] : []),
          ],
        })),
        context.columns,
        context.style,
      ),
    );
    context.talk(count(procedures.length));
  });
}

/** `procedure show KEY|CODE` */
export async function procedureShow(context: CommandContext, keyOrCode: string): Promise<void> {
  await withSession(context, async (session) => {
    const { procedure, entry, valid, routes, calendarEntry } = await (await session.registry()).registry.getProcedure(
      keyOrCode,
    );
    if (procedure === undefined) throw new Error(`The registry answered nothing about ${keyOrCode}.`);
    if (context.json) {
      context.printJson({
        ...procedureJson(procedure),
        entry: hex(entry),
        validFrom: valid?.validFrom ?? "",
        validUntil: valid?.validUntil ?? "",
        calendarEntry: hex(calendarEntry),
        routes: routes.map(({ route, entry: routeEntry }) => ({ ...routeJson(route), entry: hex(routeEntry) })),
      });
      return;
    }
    const { procedure: text, agency } = context.messages;
    const { style, columns, language } = context;
    const lines = (content: string) => wrapText(content, columns);
    const head = [procedure.key, procedure.code, agency.levels[agencyLevelWords.nameOf(procedure.level)] ?? ""];
    const out = [
      ...lines(procedure.name?.vi ?? procedure.key).map(style.bold),
      ...lines(`${head.filter((part) => part !== "").join(" · ")} · ${procedure.linked ? text.linked : text.single}`),
    ];
    if (procedure.field !== "") out.push(...lines(`${text.field}: ${procedure.field}`));
    if (procedure.status !== "") out.push(...lines(`${text.status}: ${procedure.status}`));
    if (!procedure.certain) out.push(...lines(agency.inferred));
    for (const { route } of routes) {
      if (route !== undefined) out.push("", ...wrapIndented(explainRoute(route, language).trimEnd(), columns));
    }
    if (routes.length === 0 && procedure.steps.length > 0) {
      out.push("", text.noRoute);
      for (const step of procedure.steps)
        out.push(...lines(`  ${step.sequence}. ${text.stepOf(step.role, step.does)}`));
    }
    context.print(out.join("\n"));
  });
}

/** Wraps each line under its own indentation. */
export function wrapIndented(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => {
    const indent = /^\s*(?:- )?/.exec(line)?.[0].length ?? 0;
    const first = line.slice(0, indent);
    return wrapText(line.slice(indent), Math.max(20, columns - indent)).map(
      (part, index) => (index === 0 ? first : " ".repeat(indent)) + part,
    );
  });
}

function procedureJson(procedure: ProcedureRecord | undefined) {
  return {
    key: procedure?.key ?? "",
    code: procedure?.code ?? "",
    nameVi: procedure?.name?.vi ?? "",
    nameEn: procedure?.name?.en ?? "",
    level: agencyLevelWords.nameOf(procedure?.level ?? 0),
    field: procedure?.field ?? "",
    linked: procedure?.linked ?? false,
    certain: procedure?.certain ?? false,
  };
}

function routeJson(route: RouteRecord | undefined) {
  return {
    id: route?.id ?? "",
    version: route?.version ?? 0,
    nameVi: route?.name?.vi ?? "",
    steps: (route?.steps ?? []).map(({ id, name, role, start, end, completionRequired, joinsFork }) => ({
      id,
      nameVi: name?.vi ?? "",
      role,
      start,
      end,
      completionRequired,
      joinsFork,
    })),
    edges: (route?.edges ?? []).map(({ id, from, to, kind, fork, optional }) => ({
      id,
      from,
      to,
      kind: edgeKindWords.nameOf(kind),
      fork,
      optional,
    })),
  };
}
