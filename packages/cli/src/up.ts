import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { type Bus, realShard, scenarioShard, shardOf, startBus } from "@lienthong/bus";
import {
  createLogger,
  installSignalDrain,
  localDateOfMs,
  readServiceSettings,
  timestampToMs,
} from "@lienthong/chassis";
import type { ScenarioSummary } from "@lienthong/scenario";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { EXIT } from "./exit-codes.ts";
import { messagesIn } from "./messages/language.ts";
import { playOnBus, SystemConnections } from "./play-on-bus.ts";
import { progressDisplay } from "./progress-display.ts";
import { wrapText } from "./render/text-width.ts";
import type { UpOptions } from "./run-options.ts";
import { scenarioTable, showsEnds } from "./scenario-table.ts";
import { showTrail } from "./show-trail.ts";
import { upMessages } from "./up-messages.ts";
import { verifyShown } from "./verify-shown.ts";

const drainTimeoutMs = 20_000;

/** `lienthong up`: a whole bus in this process. Resolves with the exit code when it has ended. */
export async function runUp(options: UpOptions): Promise<number> {
  const text = upMessages[options.language];
  const out = (line = ""): void => void process.stdout.write(`${line}\n`);
  const talk = (line: string): void => void process.stderr.write(`${line}\n`);
  const dataDirectory = resolve(options.dataDirectory);
  talk(text.starting(dataDirectory));

  const ending = new AbortController();
  const ended = Promise.withResolvers<number>();
  let bus: Bus | null = null;
  const connections: { current: SystemConnections | null } = { current: null };
  const drain = installSignalDrain(
    [
      {
        name: "what is under way",
        run() {
          ending.abort(new Error("The play was interrupted."));
          if (options.interactive) talk("");
          talk(text.draining);
        },
      },
      { name: "connections", run: () => connections.current?.close() },
      { name: "the bus", run: () => bus?.stop() },
      { name: "the last word", run: () => talk(text.ended) },
    ],
    { logger: createLogger({ service: "up", level: "error" }), timeoutMs: drainTimeoutMs },
  );

  const asked = options.scenario === "none" ? realShard(new Date()) : scenarioShard;
  bus = await startBus({
    dataDirectory,
    seed: loadSeed,
    shard: (await shardOf(dataDirectory)) ?? asked,
    audit: { databaseUrl: readServiceSettings(process.env).values.databaseUrl },
    report: (line, told) => talk(told === undefined ? line : text.report(told)),
  });
  const running = bus;
  void running.failed.then((error) => {
    talk(text.natsFailed(error.message));
    void drain.drain("the nats-server ended").then(() => process.exit(EXIT.fault));
  });
  connections.current = new SystemConnections(running);
  const stopped = running.replicas[0]?.exchange.stopped() ?? null;
  if (stopped !== null) talk(text.stopped(stopped.message));
  else if (running.shard.simulated) {
    await showScenario(running, connections.current, options, ending.signal, out, talk).catch((error: unknown) => {
      if (!ending.signal.aborted) throw error;
    });
  }
  if (ending.signal.aborted) return ended.promise;

  const logs = running.run.logs.find(({ url }) => url !== "")?.url;
  out(
    text.listening({
      ...running.run.grpc,
      nats: running.run.nats,
      logs: logs === undefined ? "" : new URL(logs).origin,
    }),
  );
  out(text.demonstrationKeys);
  out();
  out(text.stays);
  // From here on a signal ends the process.
  return ended.promise;
}

async function showScenario(
  bus: Bus,
  connections: SystemConnections,
  options: UpOptions,
  signal: AbortSignal,
  out: (line?: string) => void,
  talk: (line: string) => void,
): Promise<void> {
  const text = upMessages[options.language];
  const display = progressDisplay(process.stderr);
  let announced = false;
  const { summary, playedNow } = await playOnBus(bus, connections, {
    dossiers: options.dossiers,
    signal,
    onProgress(progress) {
      if (!announced) talk(text.playing(progress.dossiersTotal));
      announced = true;
      const {
        dossiersOpened: opened,
        dossiersFinished: finished,
        dossiersTotal: total,
        statements,
        handoffs,
      } = progress;
      const date = localDateOfMs(timestampToMs(progress.simulatedNow));
      const share = total === 0 ? 1 : (opened + finished) / (2 * total);
      display.update(share, text.progress({ opened, finished, total, statements, handoffs, date }));
    },
  }).finally(() => display.end());
  out();
  if (summary === null) {
    out(text.playedEarlier);
    out();
    return;
  }
  if (!playedNow) {
    const events = await connections.forAgency(summary.shown.finished?.openedBy ?? "hn").exchange.getShard();
    out(text.again(Number(events.eventCount), bus.registry.state.size));
    out();
  }
  showSummary(summary, options, out);
  const shown = summary.shown.finished ?? summary.shown.waiting;
  if (shown !== null) {
    out();
    out(text.trailOf(shown.dossier));
    out(await showTrail(bus.shard.name, connections, shown.dossier, shown.openedBy, options));
  }
  showCommands(summary, bus, options, out);
  if (shown !== null) await showVerification(bus, connections, shown.dossier, shown.openedBy, options, out);
}

/** The last word: what was shown, verified from a file, and how to do it again. */
async function showVerification(
  bus: Bus,
  connections: SystemConnections,
  dossier: string,
  agency: string,
  options: UpOptions,
  out: (line?: string) => void,
): Promise<void> {
  // A ledger that stopped has said why; the bus runs on without it.
  if (bus.ledger === null || bus.ledger.stopped() !== null) return;
  const words = messagesIn(options.language).verify;
  try {
    const { text, command } = await verifyShown(bus, connections, dossier, agency, options);
    out(text);
    out(words.again);
    out(`  ${command}`);
  } catch (error) {
    // The bus serves on whether its last word could be proven at once or not.
    out(words.notVerified((error as Error).message));
  }
  out();
}

function showSummary(summary: ScenarioSummary, options: UpOptions, out: (line?: string) => void): void {
  const text = upMessages[options.language];
  const { totals } = summary;
  const say = (sentence: string): void => out(wrapText(sentence, Math.min(options.columns, 120)).join("\n"));
  say(
    text.played({
      ...totals,
      endedEarly: totals.withdrawn + totals.stopped,
      seconds: text.tenths(totals.realMs / 1_000),
      perSecond: totals.statementsPerSecond,
    }),
  );
  const happened = text.happened(totals);
  if (happened !== null) say(happened);
  out(scenarioTable(summary, options));
  say(text.columnsNote(showsEnds(options.columns)));
  if (summary.examples.length === 0) return;
  out();
  say(text.worthReading);
  const widest = Math.max(...summary.examples.map(({ openedBy }) => openedBy.length));
  for (const { dossier, openedBy, what } of summary.examples) {
    out(`  ${dossier}  ${openedBy.padEnd(widest)}  ${text.examples[what]}`);
  }
}

/** Three commands that work on what the play left open. */
function showCommands(summary: ScenarioSummary, bus: Bus, options: UpOptions, out: (line?: string) => void): void {
  const { finished, waiting, working } = summary.shown;
  const data = realpathSync(bus.folder.root) === resolve(".lienthong") ? "" : ` --data ${bus.folder.root}`;
  const commands = [
    finished === null ? null : `npx lienthong dossier trail ${finished.dossier} --as ${finished.openedBy}${data}`,
    waiting === null
      ? null
      : `npx lienthong dossier acknowledge ${waiting.dossier}${branchOption(waiting.branch)} --as ${waiting.receiver}${data}`,
    working === null
      ? "npx lienthong procedure list"
      : `npx lienthong dossier show ${working.dossier} --as ${working.holder}${data}`,
  ].filter((command) => command !== null);
  out();
  out(upMessages[options.language].tryThese);
  for (const command of commands) out(`  ${command}`);
  out();
}

function branchOption(branch: string): string {
  return branch === "0" ? "" : ` --branch ${branch}`;
}
