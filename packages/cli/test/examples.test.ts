import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CommandActions } from "../src/command-actions.ts";
import { examples } from "../src/examples.ts";
import { EXIT } from "../src/exit-codes.ts";
import { buildProgram, commandPath } from "../src/program.ts";
import { type CliBus, newCode, startCliBus, wordsOf } from "./cli-bus.ts";
import { runLine } from "./run-line.ts";
import { bring, type Stage } from "./stages.ts";

const routeFile = new URL("../../../deploy/seed/routes/birth-group.yaml", import.meta.url).pathname;
let cli: CliBus;
let files: string;
beforeAll(async () => {
  cli = await startCliBus(undefined, { audit: true });
  files = await mkdtemp(join(tmpdir(), "lienthong-examples-"));
  const applicant = { kind: "citizen", identity: "999199000001", name: "Nguyễn Thị Ánh", born: "1999-02-28" };
  await writeFile(join(files, "applicant.json"), JSON.stringify(applicant));
  for (const name of ["form.pdf", "receipt.pdf"]) await writeFile(join(files, name), `%PDF-1.7 ${name}`);
}, 120_000);
afterAll(async () => {
  await cli?.stop();
  await rm(files, { recursive: true, force: true });
}, 60_000);

/** Where the dossier of each example stands before it; an example that is not here needs no dossier. */
const before: Readonly<Record<string, readonly Stage[]>> = {
  "": ["nothing", "nothing", "nothing", "opened"],
  dossier: ["nothing", "opened", "completed"],
  "dossier open": ["nothing", "nothing", "nothing"],
  "dossier forward": ["completed", "homeCompleted", "allowanceTaken"],
  "dossier acknowledge": ["forked"],
  "dossier refuse": ["forked"],
  "dossier recall": ["forked", "recallAsked", "recallAsked"],
  "dossier complete": ["opened"],
  "dossier join": ["arrived"],
  "dossier consult": ["permitOpened", "permitOpened"],
  "dossier supplement": ["opened", "awaited"],
  "dossier pay": ["opened", "unpaid"],
  "dossier pause": ["opened"],
  "dossier resume": ["waitsForCourt"],
  "dossier extend": ["opened"],
  "dossier assign": ["opened"],
  "dossier return": ["joined"],
  "dossier withdraw": ["forked"],
  "dossier stop": ["awaited"],
  "dossier erase": ["opened"],
  "dossier check": ["completed", "completed"],
  "dossier show": ["opened"],
  "dossier trail": ["opened", "opened"],
  "audit trail": ["opened"],
  "ledger receipt": ["opened", "opened"],
  document: ["opened", "opened"],
  "document put": ["opened"],
  "document get": ["opened"],
  "document list": ["opened"],
};

/** Examples that other tests run: those that are a bus themselves, and what the registrar and the keepers of keys do. */
const elsewhere =
  /^(up|serve|backup.*|restore|verify|dossier (bundle|promise)|witness|agency (request|approve|install|rotate|renew|revoke|keys.*))$/;

const cases = Object.entries(examples)
  .filter(([path]) => !elsewhere.test(path))
  .flatMap(([path, lines]) => lines.map((line, index) => ({ path, line, stage: before[path]?.[index] ?? null })))
  // A new shard would take the dossiers of the other examples to another clock.
  .filter(({ line }) => !/^lienthong (up|serve|ledger repair|shard (open|close))\b/.test(line));

describe("the examples of help", () => {
  it("are there for every command", () => {
    const program = buildProgram("en", ".lienthong", new Proxy({}, { get: () => async () => {} }) as CommandActions);
    const commands = (command: Command): Command[] => [command, ...command.commands.flatMap(commands)];
    const paths = commands(program)
      .map(commandPath)
      .filter((path) => path !== "complete");
    expect(paths.filter((path) => (examples[path]?.length ?? 0) === 0)).toEqual([]);
    expect(Object.keys(examples).filter((path) => !paths.includes(path))).toEqual([]);
  });

  it.each(cases)("of '$path' work: $line", async ({ line, stage }) => {
    const code = newCode();
    if (stage !== null) await bring(cli, code, stage);
    const words = wordsOf(line.replace(/ > \S+$/, "")).slice(1);
    const checks = words[1] === "check" && words[0] === "dossier";
    const documentId =
      checks || words.some((word) => /^01970000-/.test(word))
        ? (
            await cli.json(
              `document put ${join(files, "form.pdf")} --dossier ${code} --kind application-form --as hn-wold-00004`,
            )
          ).documentId
        : "";
    const own = words.map((word) => {
      if (/^H26-250505-\d+$/.test(word)) return code;
      if (/^01970000-/.test(word)) return String(documentId);
      if (word.endsWith("salts.json")) return join(files, `form.pdf.${code}.salts.json`);
      if (/\.(pdf|tlog-proof)$/.test(word) || word === "applicant.json") return join(files, word);
      return word.endsWith(".yaml") ? routeFile : word;
    });
    if (checks) await cli.ok(`dossier forward ${code} --document ${documentId} --as hn-wold-00004`);
    const watches = words[0] === "inbox";
    const arrived = Promise.withResolvers<void>();
    if (watches) await bring(cli, code, "allowanceForwarded");
    const ran = await runLine([...own, "--data", cli.data], {
      ...(watches ? { interrupted: arrived.promise } : {}),
      onStdout: () => arrived.resolve(),
    });
    expect(ran, own.join(" ")).toMatchObject({ code: EXIT.ok });
  });
});
