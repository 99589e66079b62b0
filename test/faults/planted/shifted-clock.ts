// Preloaded into every service of the harness (`node --import`): the wall clock of the process is off by what a file says, read anew on SIGUSR2.
import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env.FAULT_HARNESS_CLOCK ?? "";
const real = Date.now.bind(Date);
let offsetMs = 0;

Date.now = () => real() + offsetMs;

function readOffset(): void {
  try {
    offsetMs = Number(readFileSync(file, "utf8")) || 0;
  } catch {
    offsetMs = 0;
  }
}

readOffset();
if (isMainThread && file !== "") process.on("SIGUSR2", readOffset);
