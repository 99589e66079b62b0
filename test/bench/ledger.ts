// npm run bench:ledger [-- --quick] [-- --only seal,stream,proofs,…]: what the ledger, the verifier and the index can do.
import { readFile } from "node:fs/promises";
import { writeResults } from "./results.ts";

/** One measure: figures by name. Each is a file under ledger/ and can be run alone. */
type Measure = (options: {
  readonly quick: boolean;
  readonly say: (line: string) => void;
}) => Promise<Record<string, number>>;

const measures: Readonly<Record<string, () => Promise<Measure>>> = {
  seal: async () => (await import("./ledger/seal.ts")).benchSeal,
  stream: async () => (await import("./ledger/stream.ts")).benchStream,
  proofs: async () => (await import("./ledger/proofs.ts")).benchProofs,
  verify: async () => (await import("./ledger/verify.ts")).measureVerify,
  index: async () => (await import("./ledger/index.ts")).measureIndex,
  handoff: async () => (await import("./ledger/handoff-loss.ts")).benchHandoffLoss,
};

const quick = process.argv.includes("--quick");
const onlyAt = process.argv.indexOf("--only");
const wanted = onlyAt < 0 ? Object.keys(measures) : (process.argv[onlyAt + 1] ?? "").split(",");
const unknown = wanted.filter((name) => measures[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`There is no measure ${unknown.join(", ")}; there are ${Object.keys(measures).join(", ")}.\n`);
  process.exit(2);
}
const say = (line: string): void => void process.stderr.write(`${line}\n`);

// What is not measured now keeps its figures, except from a quick run, which is no measurement.
const earlier = quick
  ? {}
  : await readFile(new URL("./results/ledger.json", import.meta.url), "utf8").then(
      (text) => (JSON.parse(text) as { figures: Record<string, number> }).figures,
      () => ({}),
    );
const figures: Record<string, number> = { ...earlier };
for (const name of wanted) {
  say(`Measuring ${name} …`);
  const measure = await (measures[name] as () => Promise<Measure>)();
  const found = await measure({ quick, say });
  Object.assign(figures, found);
  for (const [figure, value] of Object.entries(found)) {
    process.stdout.write(`${figure.padEnd(44)} ${Number(value.toPrecision(4))}\n`);
  }
  // After each: a measure that fails takes nothing of the others with it.
  if (!quick) say(`Written to ${await writeResults("ledger", "npm run bench:ledger", figures)}`);
}
if (quick) say("A quick run: nothing was written.");
