import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/threat-model.md", root), "utf8");

interface Row {
  readonly threat: string;
  readonly control: string;
  readonly proof: string;
}

const rows: Row[] = page.split("\n").flatMap((line) => {
  const [, letters = "", threat = "", control = "", proof = ""] = line.split("|").map((cell) => cell.trim());
  return /^[STRIDE](?:, [STRIDE])*$/.test(letters) ? [{ threat, control, proof }] : [];
});

/** Files named in a cell, each with the titles that follow it. */
function namedTests(proof: string): { file: string; titles: string[] }[] {
  return [...proof.matchAll(/`([^`]+\.ts)`([^`]*)/g)].map(([, file = "", rest = ""]) => ({
    file,
    titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title),
  }));
}

test("every row says what stands against the threat, and names a test", () => {
  expect(rows.length).toBeGreaterThan(40);
  for (const { threat, control, proof } of rows) {
    expect({ threat, control: control.length > 20, proofs: namedTests(proof).length > 0 }).toEqual({
      threat,
      control: true,
      proofs: true,
    });
  }
});

test("every test that it names exists, under that title", () => {
  const missing = rows.flatMap(({ proof }) =>
    namedTests(proof).flatMap(({ file, titles }) => {
      const url = new URL(file, root);
      if (!existsSync(url)) return [file];
      const source = readFileSync(url, "utf8");
      return titles.filter((title) => !source.includes(title)).map((title) => `${file}: ${title}`);
    }),
  );
  expect(missing).toEqual([]);
});

test("each of STRIDE, each party, the operator's seven ways to cheat and the statement never answered have their rows", () => {
  for (const letter of "STRIDE") expect(page).toMatch(new RegExp(`^\\| (?:\\w, )*${letter}(?:, \\w)* \\|`, "m"));
  for (const party of [
    "agency",
    "vendor",
    "network",
    "operator",
    "registrar",
    "witness",
    "auditor",
    "database",
    "NATS",
    "disk",
    "inside",
  ]) {
    expect(page.toLowerCase()).toContain(party.toLowerCase());
  }
  const threats = rows.map(({ threat }) => threat).join("\n");
  for (const way of [
    "alters",
    "drops",
    "reorders",
    "forks",
    "withholds",
    "backdates",
    "another log than the others",
    "never answers",
  ]) {
    expect(threats).toContain(way);
  }
});
