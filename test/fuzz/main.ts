// node test/fuzz/main.ts --inputs 1000000 [--seed S] [--minutes M]
import { parseArgs } from "node:util";
import { saveFoundCases } from "./found-cases.ts";
import { judgeOutcome } from "./judge-outcome.ts";
import { runFuzz } from "./run-fuzz.ts";

const { values } = parseArgs({
  options: { inputs: { type: "string" }, seed: { type: "string" }, minutes: { type: "string" } },
});
const inputs = Number(values.inputs ?? "100000");
const seed = values.seed ?? String(Date.now());
if (!Number.isSafeInteger(inputs) || inputs <= 0) {
  process.stderr.write("--inputs is a whole number from 1 up, e.g. --inputs 1000000.\n");
  process.exit(2);
}

const write = (line: string) => void process.stdout.write(`${line}\n`);
write(`Seed ${seed}.`);
const minutes = values.minutes === undefined ? {} : { minutes: Number(values.minutes) };
const outcome = await runFuzz({ inputs, seed, ...minutes, report: write });
for (const line of outcome.tally.lines()) write(line);
const { lines, faults } = judgeOutcome(outcome);
for (const line of lines) write(line);
for (const fault of faults) write(`FAULT: ${fault}`);
const saved = await saveFoundCases(outcome.tally.faults, seed);
for (const file of saved) write(`Kept: ${file}`);
process.exitCode = faults.length === 0 ? 0 : 1;
