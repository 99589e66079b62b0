import { localDateOfMs, type Timestamp, timestampFromMs, timestampToMs } from "@lienthong/chassis/timestamp";
import { BusCallError } from "@lienthong/client";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { readEvent } from "@lienthong/statement";
import { Agenda, type AgendaItem } from "./agenda.ts";
import { caseChoices } from "./case-choices.ts";
import type { CasePlayer, CaseWorld } from "./case-file.ts";
import { CasePlay } from "./case-play.ts";
import type { Act } from "./case-record.ts";
import { OfficeBook } from "./office-book.ts";
import { type PlayScenarioOptions, ScenarioError, type ScenarioProgress } from "./play-options.ts";
import {
  agenciesReached,
  type PinnedProcedure,
  pinnedProcedures,
  SCENARIO_END_MS,
  SCENARIO_START_DATE,
  SCENARIO_START_MS,
  scenarioWards,
} from "./prepare-scenario.ts";
import { RoleBook } from "./role-book.ts";
import { isOpinion } from "./route-course.ts";
import { ScenarioFigures } from "./scenario-figures.ts";
import { ScenarioPens } from "./scenario-pens.ts";
import { type PlannedDossier, planScenario } from "./scenario-plan.ts";
import { type ScenarioSummary, summarise } from "./scenario-summary.ts";
import { SystemDeliveries } from "./system-deliveries.ts";
import { workingCalendar } from "./working-calendar.ts";

const msPerMinute = 60_000;
const deliveredWithinMs = 30_000;

interface AgendaEntry {
  readonly act: Act;
  readonly player: CasePlayer;
}

/**
 * Plays real procedures on a scenario shard, through the real API and with real signatures: plan, then one slot of simulated time
 * after the other until the agenda is empty. Nothing is slept away; a slot begins when everything the one before it caused has been
 * delivered.
 *
 * Every statement follows from the plan and from the events before it. If a play is cut short, the same play again gets the recorded
 * events for what was said already, and goes on from there.
 *
 * @throws ScenarioError where registry or shard do not fit; BusCallError where the bus refuses; DeliveryMissingError where it is silent;
 * the signal's reason when it is aborted.
 */
export async function playScenario(options: PlayScenarioOptions): Promise<ScenarioSummary> {
  const { seed, dossiers, shard, registry, systems, signal } = options;
  const startedMs = performance.now();
  const calendar = workingCalendar(options.calendar);
  const figures = new ScenarioFigures(calendar);
  const counted = { statements: 0, repeated: 0, clockAdvances: 0 };
  let simulatedNow: Timestamp = timestampFromMs(SCENARIO_START_MS);
  const report = (phase: ScenarioProgress["phase"]): void =>
    options.onProgress?.({
      phase,
      dossiersOpened: figures.dossiersOpened,
      dossiersFinished: figures.dossiersFinished,
      dossiersTotal: dossiers,
      statements: counted.statements,
      handoffs: figures.handoffs,
      simulatedNow,
    });

  report("preparing");
  const procedures = new Map((await pinnedProcedures(registry)).map((procedure) => [procedure.key, procedure]));
  const { wards, elsewhere } = await scenarioWards(registry, seed, options.wardsMax ?? 24);
  // Where any ward may be asked, one of the play is.
  const roles = new RoleBook(
    (question) => registry.resolveRole(question),
    SCENARIO_START_DATE,
    (agency) => !elsewhere.has(agency),
  );
  const plan = planScenario({
    seed,
    dossiers,
    openRatio: options.openRatio ?? 0.06,
    wards,
    procedures: [...procedures.values()],
    calendar,
    startMs: SCENARIO_START_MS,
    localDate: localDateOfMs,
  });
  for (const { key, name, route } of procedures.values()) figures.procedure(key, name, route);
  const reached = await agenciesReached(roles, plan, procedures);
  const first = systems.connectionFor([...reached][0] ?? wards[0]?.agency ?? "");
  const before = await first.exchange.getShard(shard);

  const planned = new Map(plan.map((dossier) => [dossier.code, dossier]));
  const deliveries = new SystemDeliveries({
    shard,
    subscription: options.subscription ?? "main",
    // Leaf 0 opens the shard. More than that is there: a play was cut short, and what it settled is needed again.
    ...(before.eventCount > 1n ? { fromLeafIndex: 0n } : {}),
    consider: (delivery) => considered(delivery, planned, procedures),
    deliveredWithinMs,
  });
  const pens = new ScenarioPens({
    seed,
    shard,
    network: before.network,
    connectionFor: (agency) => systems.connectionFor(agency),
    keysFor: (agency) => options.keysFor(agency),
    ...(signal === undefined ? {} : { signal }),
  });
  const agenda = new Agenda<AgendaEntry>();
  const world: CaseWorld = {
    roles,
    offices: new OfficeBook((agency) => registry.getAgency(agency)),
    pens,
    deliveries,
    figures,
    schedule: (dueMs, key, act, player) => agenda.add({ dueMs, key, what: { act, player } }),
    onSaid({ repeated }) {
      counted.statements++;
      if (repeated) counted.repeated++;
    },
  };
  const cases = plan.map((dossier) => {
    const procedure = procedures.get(dossier.procedure);
    if (procedure === undefined) throw new Error(`The plan names '${dossier.procedure}', which is not played.`);
    const { route, procedureEntry, routeEntry, calendarEntry } = procedure;
    const nobody = { agency: "", unit: "" };
    const play = new CasePlay(
      {
        plan: dossier,
        route,
        procedureEntry,
        routeEntry,
        calendarEntry,
        branches: new Map(),
        opener: nobody,
        desk: nobody,
        counts: new Map(),
        wentBack: false,
        extended: false,
        rejected: false,
        refusals: 0,
        ending: null,
      },
      caseChoices(seed, dossier.index, calendar, SCENARIO_END_MS),
      world,
    );
    play.begin();
    return play;
  });

  try {
    await deliveries.open(reached, (agency) => systems.connectionFor(agency));
    const windowMs = (options.slotMinutes ?? 30) * msPerMinute;
    for (let slot = agenda.takeSlot(windowMs); slot !== undefined; slot = agenda.takeSlot(windowMs)) {
      signal?.throwIfAborted();
      simulatedNow = timestampFromMs(slot.atMs);
      if (slot.atMs > timestampToMs(options.clock.now())) {
        await options.advanceClock(simulatedNow);
        counted.clockAdvances++;
      }
      await performSlot(slot.items, slot.atMs, options.concurrencyMax ?? 64);
      report("playing");
    }
    await deliveries.quiet();
  } finally {
    await Promise.all([pens.close(), deliveries.close()]);
  }

  const after = await first.exchange.getShard(shard);
  report("finished");
  return summarise(cases, figures, {
    ...counted,
    events: Number(after.eventCount - before.eventCount),
    realMs: Math.round(performance.now() - startedMs),
    simulatedEndMs: timestampToMs(simulatedNow),
  });
}

/**
 * Performs the acts of a slot, a bounded number at once; those of one dossier one after the other, so that each knows what the one before
 * came to. Waits for all that began, also where one fails.
 */
async function performSlot(items: readonly AgendaItem<AgendaEntry>[], atMs: number, concurrencyMax: number) {
  const byDossier = Map.groupBy(items, ({ what }) => what.player);
  const left = byDossier.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const acts of left) {
      for (const { what } of acts) {
        if (failed) return;
        try {
          await what.player.perform(what.act, atMs);
        } catch (error) {
          failed = true;
          throw explained(error, what);
        }
      }
    }
  };
  const workers = Array.from({ length: Math.min(concurrencyMax, byDossier.size) }, work);
  const outcomes = await Promise.allSettled(workers);
  const thrown = outcomes.find((outcome) => outcome.status === "rejected");
  if (thrown !== undefined) throw thrown.reason;
}

function explained(error: unknown, { player, act }: AgendaEntry): unknown {
  const { code } = player.record.plan;
  if (!(error instanceof BusCallError)) return error;
  if (error.reason === "DOSSIER_EXISTS" || error.reason === "STATEMENT_ID_REUSED") {
    return new ScenarioError(
      `${code} was played with other choices before. The same seed and number of dossiers continue that play; for another one use an empty data folder.`,
      { cause: error },
    );
  }
  return new ScenarioError(`${code}: the bus refused to '${act.kind}': ${error.message}`, { cause: error });
}

/** Systems settle everything but the handoffs that the plan leaves in the inbox; what somebody acts upon is kept for him. */
function considered(
  delivery: Delivery,
  planned: ReadonlyMap<string, PlannedDossier>,
  procedures: ReadonlyMap<string, PinnedProcedure>,
): { readonly settle: boolean; readonly keep: boolean } {
  const event = readEvent(delivery.event);
  const what = event.body.$case === "statement" ? event.body.statement.what : undefined;
  const plan = planned.get(event.dossier ?? "");
  // Not of this play: it stays in the inbox for whoever it is meant for.
  if (plan === undefined) return { settle: false, keep: false };
  switch (what?.$case) {
    case "refuse":
    case "agreeRecall":
    case "refuseRecall":
      return { settle: true, keep: delivery.role === DeliveryRole.DELIVERY_ROLE_SENDER };
    case "askRecall":
    case "requestSupplement":
    case "bringSupplement":
    case "pause":
    case "resume":
    case "extend":
      return { settle: true, keep: true };
    case "complete": {
      const step = procedures.get(plan.procedure)?.route.step(what.value.step);
      return { settle: true, keep: step !== undefined && isOpinion(step) };
    }
    case "forward":
    case "consult": {
      const { fate } = plan;
      const isLeft =
        fate.kind === "waiting" &&
        !fate.settled &&
        what.value.branches.some(({ step, receiver }) => step === fate.step && receiver?.agency === delivery.agency);
      return { settle: !isLeft, keep: delivery.role === DeliveryRole.DELIVERY_ROLE_RECEIVER };
    }
    default:
      return { settle: true, keep: false };
  }
}
