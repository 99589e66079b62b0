import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDossierHeads } from "../src/index.ts";
import { dossierCode } from "./server-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "dossier-heads-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshPath = () => join(folder, `heads-${files++}.sqlite`);
const hash = (fill: number) => new Uint8Array(32).fill(fill);
const position = (sequence: number) => ({ generation: 1, sequence, leafHash: hash(sequence % 256) });
const rows = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    dossier: dossierCode(from + index),
    sequence: from + index,
    number: 1,
    hash: hash((from + index) % 256),
  }));

test("heads and position survive closing, and go together", () => {
  const path = freshPath();
  const heads = openDossierHeads(path);
  expect(heads.origin).toEqual({ kind: "created" });
  expect(heads.position()).toBeNull();
  heads.apply(rows(1, 1000), position(1000));
  heads.close();

  const again = openDossierHeads(path);
  expect(again.origin).toEqual({ kind: "existing" });
  expect(again.position()).toEqual(position(1000));
  expect(again.get(dossierCode(7))).toEqual({ sequence: 7, number: 1, hash: hash(7) });
  expect(again.get(dossierCode(5000))).toBeNull();
  again.close();
});

test("a batch that fails changes neither heads nor position", () => {
  const heads = openDossierHeads(freshPath());
  heads.apply(rows(1, 3), position(3));
  const bad = [...rows(4, 3), { ...rows(7, 1)[0]!, hash: new Uint8Array(5) }];
  expect(() => heads.apply(bad, position(7))).toThrow();
  expect(heads.get(dossierCode(4))).toBeNull();
  expect(heads.position()).toEqual(position(3));
  heads.apply(rows(4, 3), position(6));
  expect(heads.position()).toEqual(position(6));
  heads.close();
});

test("a batch applied again, or older entries, never move a dossier's head back", () => {
  const heads = openDossierHeads(freshPath());
  const dossier = dossierCode(1);
  const newer = { dossier, sequence: 9, number: 4, hash: hash(9) };
  heads.apply([newer], position(9));
  heads.apply([{ dossier, sequence: 5, number: 2, hash: hash(5) }], position(9));
  heads.apply([newer], position(9));
  expect(heads.get(dossier)).toEqual({ sequence: 9, number: 4, hash: hash(9) });
  expect(() => heads.apply([], position(8))).toThrow(/never move back/);
  heads.close();
});

test("a damaged file is set aside, reported, and starts again from nothing", () => {
  const damages: ((path: string, size: number) => void)[] = [
    (path) => writeFileSync(path, "this is no database at all, but long enough to look like a file of one"),
    (path, size) => truncateSync(path, Math.floor(size / 2)),
    (path, size) => {
      const content = readFileSync(path);
      content.fill(0xa5, 4096, size - 4096);
      writeFileSync(path, content);
    },
  ];
  for (const damage of damages) {
    const path = freshPath();
    const heads = openDossierHeads(path);
    heads.apply(rows(1, 5000), position(5000));
    heads.close();
    damage(path, readFileSync(path).length);

    const rebuilt = openDossierHeads(path);
    expect(rebuilt.origin.kind).toBe("rebuilt");
    if (rebuilt.origin.kind === "rebuilt") expect(existsSync(rebuilt.origin.setAsidePath)).toBe(true);
    expect(rebuilt.position()).toBeNull();
    rebuilt.apply(rows(1, 10), position(10));
    rebuilt.close();
    const again = openDossierHeads(path);
    expect(again.origin).toEqual({ kind: "existing" });
    expect(again.position()).toEqual(position(10));
    again.close();
  }
});
