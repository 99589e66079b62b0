// Preloaded into a child process of the harness (`node --import`): changes the text of some modules as they are loaded, so that a fault or a bug can be
// put where no switch in the product's code has to be. A text that is not found, or found twice, ends the process: a patch never silently does nothing.
import { existsSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { isMainThread } from "node:worker_threads";
import { applyPatch, patchEnvironment, patchMarkEnvironment, type TextPatch } from "./text-patch.ts";

const patches = JSON.parse(process.env[patchEnvironment] ?? "[]") as TextPatch[];
const mark = process.env[patchMarkEnvironment] ?? "";

if (isMainThread && patches.length > 0) {
  process.stderr.write(
    `This process runs with ${patches.length} patches of the fault harness. It is good for nothing else.\n`,
  );
}

let passes = 0;
/** Called at a durable step: the process dies there, once per mark file, at the pass asked for. */
(globalThis as { lienthongFaultStep?: (atPass: number) => void }).lienthongFaultStep = (atPass) => {
  passes += 1;
  if (passes < atPass || mark === "" || existsSync(mark)) return;
  writeFileSync(mark, `${process.pid}\n`);
  process.kill(process.pid, "SIGKILL");
  // The signal reaches the process between two instructions; nothing further may run.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
};

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const mine = patches.filter(({ module }) => url.endsWith(module));
    if (mine.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
    let text =
      typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString("utf8");
    try {
      for (const patch of mine) text = applyPatch(text, patch);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
      process.exit(70);
    }
    return { ...loaded, source: text };
  },
});
