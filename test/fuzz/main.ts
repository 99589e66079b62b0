// node test/fuzz/main.ts --inputs 1000000 [--seed S] [--minutes M]
import { parseArgs } from "node:util";
import { saveFoundCases } from "./found-cases.ts";
import { fuzzFiles } from "./fuzz-files.ts";
import { judgeOutcome } from "./judge-outcome.ts";
import { runFuzz } from "./run-fuzz.ts";
import { Tally } from "./tally.ts";

/** Of all inputs, those that are files; the rest are sent to a bus. */
const fileShare = 0.1;

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
const inFiles = Math.floor(inputs * fileShare);
const outcome = await runFuzz({ inputs: inputs - inFiles, seed, ...minutes, report: write });
const files = new Tally();
const startedMs = performance.now();
await fuzzFiles(inFiles, seed, files);
write(`${inFiles} files in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s.`);
for (const line of [...outcome.tally.lines(), ...files.lines()]) write(line);
const { lines, faults } = judgeOutcome(outcome);
faults.push(...files.faults.map(({ method, what }) => `${method}: ${what}`));
for (const line of lines) write(line);
for (const fault of faults) write(`FAULT: ${fault}`);
const saved = await saveFoundCases([...outcome.tally.faults, ...files.faults], seed);
for (const file of saved) write(`Kept: ${file}`);
process.exitCode = faults.length === 0 ? 0 : 1;
