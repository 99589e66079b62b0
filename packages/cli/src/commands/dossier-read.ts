import { lookUpNames } from "../bus/names.ts";
import { isSimulated, withSession } from "../bus/session.ts";
import { dossierAgencies, findProcedure, loadTrail, routeOf } from "../bus/trail-view.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { branchJson, chainJson, dossierJson, eventJson } from "../json-shapes.ts";
import { stateOf } from "../render/branch-sentence.ts";
import { localTime } from "../render/local-time.ts";
import { nextActions } from "../render/next-actions.ts";
import { renderTable } from "../render/table.ts";
import { wrapText } from "../render/text-width.ts";
import { chainSentence, renderTrail } from "../render/trail.ts";

/** `dossier show CODE` */
export async function dossierShow(context: CommandContext, code: string): Promise<void> {
  await withSession(context, async (session) => {
    const { agency } = session.actor();
    const [exchange, registry] = await Promise.all([session.exchange(agency), session.registry()]);
    const name = await session.shardOf(exchange, code, agency);
    const [dossier, shard] = await Promise.all([
      exchange.exchange.getDossier({ shard: name, dossier: code, agency }),
      exchange.exchange.getShard(name),
    ]);
    const simulated = isSimulated(shard);
    if (context.json) {
      context.printJson(dossierJson(dossier, simulated));
      return;
    }
    const { messages, language, style, columns } = context;
    const procedure = await findProcedure(registry, dossier.procedure);
    const route = routeOf(procedure, dossier.route);
    const names = await lookUpNames(registry.registry, dossierAgencies(dossier), route);
    const { show, done, time } = messages;
    const lines = (text: string) => wrapText(text, columns);
    const table = renderTable(
      [
        { heading: show.headings.branch },
        { heading: show.headings.state, share: 2, columnsMin: 12 },
        { heading: show.headings.holder, share: 3 },
        { heading: show.headings.since, columnsMin: 10 },
        { heading: show.headings.step, share: 3 },
      ],
      dossier.branches.map((branch) => ({
        cells: [
          branch.branch,
          stateOf(branch, { names, messages }),
          branch.holder === "" ? show.nobody : names.office(branch.holder, branch.unit),
          branch.holder === "" ? "" : localTime(branch.heldSince, language).replace(" ", "\n"),
          [
            names.step(branch.step),
            ...(branch.pending === undefined
              ? []
              : [
                  show.pending(
                    names.office(branch.pending.receiver?.agency ?? "", branch.pending.receiver?.unit),
                    names.step(branch.pending.step),
                  ),
                ]),
          ].join("\n"),
        ],
      })),
      columns,
      style,
    );
    const next = dossier.branches
      .map((branch) => ({ branch, actions: nextActions(branch, dossier, route, { names, messages }) }))
      .filter(({ actions }) => actions !== "")
      .map(({ branch, actions }) => `${show.headings.branch} ${branch.branch}: ${actions}`);
    context.print(
      [
        ...lines(show.title(dossier.dossier)).map(style.bold),
        ...lines(messages.trail.procedure(procedure?.procedure?.name?.vi ?? dossier.procedure)),
        ...lines(show.opened(names.office(dossier.openedBy), dossier.areaCode)),
        ...lines(simulated ? time.scenarioClock : time.realClock).map(style.dim),
        table,
        ...lines(dossier.ended ? done.ended : done.next(next.join("; "))),
        ...lines(`${show.events(String(dossier.eventCount))} ${code} --as ${agency}`),
      ].join("\n"),
    );
  });
}

/** `dossier trail CODE`. Ends with exit code 1 when the chain does not hold. */
export async function dossierTrail(context: CommandContext, code: string): Promise<void> {
  await withSession(context, async (session) => {
    const { agency } = session.actor();
    const [exchange, registry] = await Promise.all([session.exchange(agency), session.registry()]);
    const shard = await session.shardOf(exchange, code, agency);
    const view = await loadTrail({ exchange, registry, shard, dossier: code, agency });
    if (context.json) {
      context.printJson({
        dossier: code,
        shard,
        clock: view.simulated ? "SIMULATED" : "REAL",
        events: view.events.map(eventJson),
        branches: view.dossier.branches.map(branchJson),
        chain: chainJson(view.chain),
      });
    } else {
      const { language, columns, color } = context;
      context.print(renderTrail(view, { language, columns, color }).trimEnd());
    }
    if (!view.chain.whole) throw new CliError(EXIT.refused, chainSentence(view, context.messages));
  });
}
