import { localDate } from "@lienthong/chassis/timestamp";
import type { Channel } from "@lienthong/contracts/exchange/v1/statement";
import type { ListedRoute } from "@lienthong/contracts/registry/v1/registry_service";
import type { RouteStep } from "@lienthong/contracts/registry/v1/route";
import { shortOfficeName } from "../bus/names.ts";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { channelWords } from "../contract-words.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { commitToApplicant } from "./applicant-file.ts";
import { prepare } from "./dossier-at-hand.ts";
import { namedDocuments } from "./named-documents.ts";
import { instant, wordValue } from "./option-values.ts";
import { submitAndTell } from "./submit-statement.ts";

/** Options of `dossier open`. */
export interface OpenOptions {
  readonly procedure: string;
  readonly area?: string;
  readonly route?: string;
  readonly step?: string;
  readonly channel: string;
  readonly received?: string;
  readonly choose?: readonly string[];
  readonly applicant?: string;
  readonly document?: readonly string[];
}

/** `dossier open CODE` */
export async function dossierOpen(context: CommandContext, code: string, options: OpenOptions): Promise<void> {
  const { messages } = context;
  const channel = wordValue<Channel>("--channel", options.channel, channelWords, messages, messages.channels);
  const receivedTime = options.received === undefined ? undefined : instant("--received", options.received, messages);
  await withSession(context, async (session) => {
    const prepared = await prepare(session, context);
    const { registry, shard, agency, actor } = prepared;
    const procedure = await registry.registry.getProcedure(options.procedure);
    const key = procedure.procedure?.key ?? options.procedure;
    const route = pickRoute(procedure.routes, options.route, key, context);
    const step = pickStart(route, options.step, context);
    if (procedure.calendarEntry.length === 0) throw new CliError(EXIT.refused, messages.pick.noCalendar);
    const areaCode = options.area ?? (await registry.registry.getAgency(agency)).agency?.areaCode ?? "";
    if (areaCode === "") throw usageError(messages.pick.areaMissing(agency));

    // The author's unit is the desk of receipt: unless named, the unit of this agency that plays the first step's role.
    let desk = actor.unit;
    if (desk === "") {
      const onDate = shard.now === undefined ? "" : localDate(shard.now);
      const question = { role: step.role, areaCode, procedure: key, onDate };
      const { candidates } = await registry.registry.resolveRole(question);
      const own = candidates.find((candidate) => candidate.agency === agency && candidate.unit !== "");
      if (own !== undefined) {
        desk = own.unit;
        context.talk(messages.done.desk(shortOfficeName(own.why?.[context.language] || own.why?.vi || "")));
      }
    }
    const documents = await namedDocuments(session, { ...prepared, dossier: { dossier: code } }, options.document);
    const applicant =
      options.applicant === undefined ? null : await commitToApplicant(context, options.applicant, code);
    const pen = await prepared.penFor(desk);
    const signed = pen.open({
      dossier: code,
      areaCode,
      procedureEntry: procedure.entry,
      routeEntry: route.entry,
      calendarEntry: procedure.calendarEntry,
      step: step.id,
      channel,
      ...(receivedTime === undefined ? {} : { receivedTime }),
      documents,
      chosenEdges: options.choose ?? [],
      ...(applicant === null ? {} : { applicantDigest: applicant.digest }),
    });
    if (applicant === null) return submitAndTell(signed, prepared);
    const { saltsFile } = applicant;
    await submitAndTell(signed, { ...prepared, more: { saltsFile } });
    if (!context.json) context.talk(messages.check.applicantKept(saltsFile));
  });
}

function pickRoute(
  routes: readonly ListedRoute[],
  named: string | undefined,
  procedure: string,
  { messages }: CommandContext,
): ListedRoute {
  if (routes.length === 0) throw new CliError(EXIT.refused, messages.pick.noRoute(procedure));
  const ids = routes.map(({ route }) => route?.id ?? "");
  if (named === undefined && routes.length > 1) throw usageError(messages.pick.severalRoutes(ids.join(", ")));
  const picked = named === undefined ? routes[0] : routes.find(({ route }) => route?.id === named);
  if (picked === undefined) {
    throw usageError(messages.usage.valueNotAllowed("--route", named ?? "", ids.join(", ")));
  }
  return picked;
}

function pickStart({ route }: ListedRoute, named: string | undefined, { messages }: CommandContext): RouteStep {
  const starts = route?.steps.filter((step) => step.start) ?? [];
  const ids = starts.map(({ id }) => id).join(", ");
  if (named === undefined && starts.length > 1) throw usageError(messages.pick.severalSteps(ids));
  const picked = named === undefined ? starts[0] : starts.find(({ id }) => id === named);
  if (picked === undefined) throw usageError(messages.usage.valueNotAllowed("--step", named ?? "", ids));
  return picked;
}
