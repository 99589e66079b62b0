import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { beforeAll, describe, expect, it } from "vitest";
import type { CommandActions } from "../src/command-actions.ts";
import * as words from "../src/contract-words.ts";
import { EXIT } from "../src/exit-codes.ts";
import { branchJson, contentJson, dossierJson, eventJson } from "../src/json-shapes.ts";
import { buildProgram, commandPath } from "../src/program.ts";
import { birthTrail } from "./trail-fixture.ts";

let manual: string;
beforeAll(async () => {
  manual = await readFile(new URL("../../../docs/cli.md", import.meta.url), "utf8");
});

describe("docs/cli.md", () => {
  it("names every command about dossiers and documents with every option it has", () => {
    const program = buildProgram("en", ".lienthong", new Proxy({}, { get: () => async () => {} }) as CommandActions);
    const described = program.commands.filter((group) => ["dossier", "document"].includes(group.name()));
    const leaves = described.flatMap((group: Command) => group.commands);
    const missing = leaves.flatMap((command) => [
      ...(manual.includes(commandPath(command)) ? [] : [commandPath(command)]),
      ...command.options
        .filter(({ long }) => !manual.includes(long ?? ""))
        .map(({ long }) => `${commandPath(command)} ${long}`),
    ]);
    expect(missing).toEqual([]);
  });

  it("names every word that can be typed", () => {
    const typed = [
      words.refusalReasonWords,
      words.recallReasonWords,
      words.recallRefusalWords,
      words.supplementReasonWords,
      words.pauseReasonWords,
      words.extensionReasonWords,
      words.withdrawalReasonWords,
      words.stopReasonWords,
      words.erasureReasonWords,
      words.outcomeWords,
      words.channelWords,
    ];
    const missing = typed.flatMap((each) => each.words).filter((word) => !manual.includes(`\`${word}\``));
    expect(missing).toEqual([]);
  });

  it("names every field of what --json prints about a dossier", () => {
    const { view } = birthTrail({ upTo: 7 });
    const shapes = [
      dossierJson(view.dossier, true),
      ...view.dossier.branches.map(branchJson),
      ...view.events.map(eventJson),
      ...view.events.flatMap(({ content }) => (content === null ? [] : [contentJson(content)])),
    ];
    const fields = new Set(shapes.flatMap((shape) => Object.keys(shape)));
    expect([...fields].filter((field) => !new RegExp(`[{,\\s\`]${field}[,}:\\s\`]`).test(manual))).toEqual([]);
  });

  it("has every exit code", () => {
    expect(Object.values(EXIT).filter((code) => !manual.includes(`| ${code} |`))).toEqual([]);
  });
});
