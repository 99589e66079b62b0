// npm run test:faults -- [--minutes N] [--seed N] [--replicas 1|3] [--only FAULT[,FAULT]] [--once] [--planted BUG] [--quick] [--name NAME]
// npm run test:faults -- --only recovery [--dossiers N]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startNatsCluster } from "../../packages/testkit/src/nats-cluster.ts";
import { allFaults } from "./all-faults.ts";
import { plantedBugs, plantedRun } from "./planted/planted-bugs.ts";
import { measureRecovery, tellRecovery } from "./recovery.ts";
import { tellReport, writeRecovery, writeReport } from "./report.ts";
import { runFaults } from "./run-faults.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string" },
    replicas: { type: "string", default: "1" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    name: { type: "string" },
    "dossiers-per-second": { type: "string", default: "4" },
    keep: { type: "boolean", default: false },
    once: { type: "boolean", default: false },
    planted: { type: "string" },
    dossiers: { type: "string", default: "100000" },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const fail = (sentence: string): never => {
  say(sentence);
  process.exit(2);
};

const minutes = values.quick ? 0.5 : Number(values.minutes);
if (!(minutes > 0 && minutes <= 1_440))
  fail(`--minutes is "${values.minutes}"; allowed: a number above 0, up to 1440.`);
const seed = values.seed ?? String(Math.floor(Math.random() * 1_000_000_000));
const recoverySecondsMax = 5;
const only = values.only === "recovery" ? undefined : values.only?.split(",");
const unknown = only?.find((name) => !allFaults.some((fault) => fault.name === name) && name !== "none");
if (unknown !== undefined) {
  fail(`There is no fault "${unknown}"; there are: ${allFaults.map(({ name }) => name).join(", ")}, none.`);
}
const faults = only === undefined ? allFaults : allFaults.filter(({ name }) => only.includes(name));
if (values.replicas !== "1" && values.replicas !== "3") fail(`--replicas is "${values.replicas}"; allowed: 1 or 3.`);

if (values.only === "recovery") {
  const directory = mkdtempSync(join(tmpdir(), "lienthong-recovery-"));
  const dossiers = Number(values.dossiers);
  if (!(Number.isInteger(dossiers) && dossiers >= 1 && dossiers <= 499_000)) {
    fail(`--dossiers is "${values.dossiers}"; allowed: 1 to 499000.`);
  }
  const measured = await measureRecovery({ directory, dossiers, say });
  const command = `npm run test:faults -- --only recovery --dossiers ${dossiers}`;
  process.stdout.write(`${tellRecovery(measured)}\n`);
  say(`Written to ${writeRecovery({ name: values.name ?? "recovery", command, seed: "" }, { dossiers, measured })}`);
  rmSync(directory, { recursive: true, force: true });
  const slowest = Math.max(
    ...measured.flatMap(({ servesAfterSeconds, acceptedAfterSeconds, receiptAfterSeconds }) => [
      servesAfterSeconds,
      acceptedAfterSeconds,
      receiptAfterSeconds,
    ]),
  );
  if (slowest > recoverySecondsMax)
    fail(`The slowest took ${slowest.toFixed(1)} s; allowed are ${recoverySecondsMax}.`);
  process.exit(0);
}

const directory = mkdtempSync(join(tmpdir(), "lienthong-faults-"));
say(`Seed ${seed}. The same again: npm run test:faults -- --seed ${seed} --minutes ${minutes}`);
const bug = values.planted === undefined ? undefined : plantedBugs.find(({ name }) => name === values.planted);
if (values.planted !== undefined && bug === undefined) {
  fail(`There is no planted bug "${values.planted}"; there are: ${plantedBugs.map(({ name }) => name).join(", ")}.`);
}
const result = await runFaults({
  ...(bug === undefined ? {} : plantedRun(bug)),
  ...(values.once ? { eachOnce: true } : {}),
  ...(values.replicas === "3" ? { nats: await startNatsCluster() } : {}),
  directory,
  seed,
  forMs: minutes * 60_000,
  faults: bug === undefined ? faults : plantedRun(bug).faults,
  dossiersPerSecond: Number(values["dossiers-per-second"]),
  say,
});
process.stdout.write(`${tellReport(result)}\n`);
const command = `npm run test:faults -- ${process.argv.slice(2).join(" ")}`.trim();
if (values.name !== undefined) say(`Written to ${writeReport({ name: values.name, command, seed }, result)}`);
const failures = Object.values(result.violations).reduce((sum, count) => sum + count, 0);
if (failures > 0) {
  say(`${failures} violations. The folder ${directory} is kept.`);
  process.exit(1);
}
if (values.keep) say(`The folder ${directory} is kept.`);
else rmSync(directory, { recursive: true, force: true });
process.exit(0);
