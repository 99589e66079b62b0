import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Fault, ServiceName } from "../fault.ts";
import { patched, type TextPatch } from "../planted/text-patch.ts";

/** A line of the code after which more is durable than before. */
interface DurableStep {
  readonly name: string;
  readonly services: readonly ServiceName[];
  readonly module: string;
  /** The line, as it stands in the module, exactly once. */
  readonly line: string;
}

const exchanges = ["exchange-1", "exchange-2"] as const;

/**
 * The steps, by the text of their line: the code bears no hook that could be left on. The comment above each line says what a crash there means; this
 * is where that is tried, just before the line and just after it.
 */
export const durableSteps: readonly DurableStep[] = [
  {
    name: "exchange-append",
    services: exchanges,
    module: "/services/exchange/src/write-path.ts",
    line: `      result = await appendDurably(decided.drafts, { appender, reader }, (why, outcomeKnown) =>
        this.#beforeRetry(round, why, outcomeKnown),
      );
`,
  },
  {
    name: "exchange-answer",
    services: exchanges,
    module: "/services/exchange/src/write-path.ts",
    line: "    for (const accepted of promises.promise(appended)) {\n",
  },
  {
    name: "durable-head",
    services: exchanges,
    module: "/packages/event-store/src/durable-head.ts",
    line: "    fdatasyncSync(descriptor);\n    slots[index]",
  },
  {
    name: "dossier-heads",
    services: exchanges,
    module: "/packages/event-store/src/dossier-heads.ts",
    line: `        database.exec("COMMIT");\n`,
  },
  {
    name: "delivery-view",
    services: exchanges,
    module: "/services/delivery/src/view-store.ts",
    line: `      move.run(changes.position, changes.hash);
      // A crash before this leaves view and position where they were: the events between are handed over again.
      database.exec("COMMIT");
`,
  },
  {
    name: "delivery-settled",
    services: exchanges,
    module: "/services/delivery/src/settled-stream.ts",
    line: "    for (const part of inParts(states)) {\n",
  },
  {
    name: "ledger-bundles",
    services: ["ledger"],
    module: "/services/ledger/src/log-writer.ts",
    line: "      if (bundles.length > 0) await disk.putFiles(bundles);\n",
  },
  {
    name: "ledger-tiles",
    services: ["ledger"],
    module: "/services/ledger/src/log-writer.ts",
    line: "      if (tiles.length > 0) await disk.putFiles(tiles);\n",
  },
  {
    name: "ledger-head",
    services: ["ledger"],
    module: "/services/ledger/src/log-writer.ts",
    line: "      await disk.putFiles([{ path: join(directory, headFileName), bytes: Buffer.from(note) }]);\n",
  },
  {
    name: "ledger-kept",
    services: ["ledger"],
    module: "/services/ledger/src/publisher.ts",
    line: "    kept.cosigned(head.size, note, witnessed, missing);\n",
  },
  {
    name: "ledger-published",
    services: ["ledger"],
    module: "/services/ledger/src/publisher.ts",
    line: "    await disk.putFiles([{ path: join(files.directory, publishedFileName), bytes: Buffer.from(note) }]);\n",
  },
  {
    name: "index-batch",
    services: ["audit"],
    module: "/services/audit/src/shard-writer.ts",
    line: "      await writeBatch(tx, rows, dossiers, this.#position, position);\n",
  },
  {
    name: "index-commit",
    services: ["audit"],
    module: "/services/audit/src/shard-writer.ts",
    line: "    this.#keep(dossiers);\n",
  },
];

const reachedWithinMs = 30_000;
const passesMax = 12;

/** The patch that kills a process at a step. */
export function stepPatch({ module, line }: DurableStep, where: "before" | "after", pass: number): TextPatch {
  const call = `;(globalThis as { lienthongFaultStep?: (atPass: number) => void }).lienthongFaultStep?.(${pass});\n`;
  // A line that stands for a place only, because the step ends in its middle, is not split.
  const end = line.lastIndexOf("\n") + 1;
  const [step, rest] = [line.slice(0, end), line.slice(end)];
  const isBlock = step.trimEnd().endsWith("{");
  const put = where === "before" || isBlock ? `${call}${step}${rest}` : `${step}${call}${rest}`;
  return { module, find: line, put };
}

let marks = 0;

/** A kill at each named durable step: before its line, or after it, at some pass. */
export const durableStepFaults: readonly Fault[] = durableSteps.map((step) => ({
  name: `kill-at-${step.name}`,
  async run(world, dice) {
    const name = dice.pick(step.services);
    const where = dice.pick(["before", "after"] as const);
    const pass = dice.between(1, passesMax);
    const mark = join(world.directory, `step-${++marks}`);
    const service = world.services[name];
    await service.holdDown();
    await service.start(patched([stepPatch(step, where, pass)], mark));
    const deadline = performance.now() + reachedWithinMs;
    // Clients that found another replica stay with it: this one gets something to do.
    while (!existsSync(mark) && performance.now() < deadline) {
      await Promise.race([world.nextAccepted(1_000).catch(() => null), wait(1_000)]);
    }
    const isReached = existsSync(mark);
    if (!isReached) {
      world.note(`${step.name} was not passed ${pass} times within ${reachedWithinMs} ms.`);
      await service.holdDown("SIGKILL");
    }
    // From now on without the patch; the one that died is on its way back.
    await service.holdDown("SIGKILL");
    await service.start({});
    return `${name} ${isReached ? "died" : "was ended"} ${where} the step at pass ${pass}`;
  },
}));
