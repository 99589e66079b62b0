import { describe, expect, it } from "vitest";
import { checkChain } from "../src/bus/check-chain.ts";
import { contentJson, eventJson } from "../src/json-shapes.ts";
import { displayWidth } from "../src/render/text-width.ts";
import { renderTrail } from "../src/render/trail.ts";
import { birthTrail, dossierCode } from "./trail-fixture.ts";

const ended = birthTrail();

describe("a trail on the screen", () => {
  it.each([
    ["vi", 120],
    ["vi", 80],
    ["en", 120],
    ["en", 80],
  ] as const)("tells a clerk in %s, at %d columns, who did what when", async (language, columns) => {
    const screen = renderTrail(ended.view, { language, columns, color: false });
    await expect(screen).toMatchFileSnapshot(`screens/trail-${language}-${columns}.txt`);
  });

  it("shows what the reader may not see as withheld, and who holds what is open", async () => {
    const { view } = birthTrail({ upTo: 7, readBy: "police" });
    const screen = renderTrail(view, { language: "vi", columns: 120, color: false });
    await expect(screen).toMatchFileSnapshot("screens/trail-withheld-vi-120.txt");
  });

  it.each([60, 72, 80, 100, 109, 110, 120, 160])("fits %d columns, frame and diacritics included", (columns) => {
    for (const language of ["vi", "en"] as const) {
      const lines = renderTrail(ended.view, { language, columns, color: false }).split("\n");
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      const frame = lines.filter((line) => /^[┌│├└]/.test(line)).map(displayWidth);
      expect(new Set(frame).size).toBe(1);
    }
  });

  it("is coloured only when asked", () => {
    const escapeCharacter = String.fromCharCode(27);
    const options = { language: "vi", columns: 120 } as const;
    expect(renderTrail(ended.view, { ...options, color: true })).toContain(escapeCharacter);
    expect(renderTrail(ended.view, { ...options, color: false })).not.toContain(escapeCharacter);
  });
});

describe("the check of a trail's chain", () => {
  it("holds for a whole trail, and counts what is withheld", () => {
    expect(ended.view.chain).toEqual({ whole: true, events: 14, withheld: 0 });
    expect(birthTrail({ upTo: 7, readBy: "police" }).view.chain).toEqual({ whole: true, events: 7, withheld: 4 });
  });

  it("names the event whose bytes were changed, cut out, swapped, or taken from another dossier", () => {
    const { entries } = ended;
    const flipped = entries.with(4, {
      ...entries[4]!,
      event: entries[4]!.event.map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
    });
    expect(checkChain(dossierCode, flipped)).toMatchObject({ whole: false, number: 5n });
    const renumbered = entries.toSpliced(4, 1).map((entry, index) => ({ ...entry, number: BigInt(index + 1) }));
    expect(checkChain(dossierCode, renumbered)).toMatchObject({ whole: false, number: 5n, fault: "numberWrong" });
    expect(checkChain(dossierCode, entries.toSpliced(4, 1))).toMatchObject({ whole: false, number: 5n });
    const hash = entries[2]!.hash.map((byte) => byte ^ 1);
    expect(checkChain(dossierCode, entries.with(2, { ...entries[2]!, hash }))).toMatchObject({
      fault: "hashWrong",
      number: 3n,
    });
    const withheld = entries.with(2, { ...entries[2]!, event: new Uint8Array(0), hash });
    expect(checkChain(dossierCode, withheld)).toMatchObject({ fault: "previousWrong", number: 4n });
    expect(checkChain("H26-250505-0002", entries)).toMatchObject({ fault: "dossierWrong", number: 1n });
    const cut = entries.with(6, { ...entries[6]!, event: entries[6]!.event.slice(0, 30) });
    expect(checkChain(dossierCode, cut)).toMatchObject({ fault: "unreadable", number: 7n });
  });

  it("is told in red letters and a sentence when it does not hold", () => {
    const chain = { whole: false, number: 5n, fault: "hashWrong" } as const;
    const screen = renderTrail({ ...ended.view, chain }, { language: "en", columns: 120, color: false });
    expect(screen).toContain("The chain is BROKEN at event 5: its bytes do not have the hash that the exchange names.");
  });
});

describe("an event as JSON", () => {
  it("keeps the form that docs/cli.md documents", () => {
    const [, , forked] = ended.view.events.map(eventJson);
    expect(forked).toEqual({
      number: 3,
      leafIndex: 43,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      withheld: false,
      content: {
        said: "forward",
        agency: "hn-wold-00004",
        unit: "hn-wold-00004-mot-cua",
        system: "hn-mot-cua",
        statementId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
        recordedTime: "2025-05-05T02:51:00Z",
        wallTime: "2025-05-05T02:51:00Z",
        branches: ["0"],
        targets: [
          { branch: "0.1", step: "residence", edge: "birth-to-residence", agency: "hn-ca-wold-00004", unit: "" },
          { branch: "0.2", step: "health-insurance", edge: "birth-to-insurance", agency: "hn-bhxh-d-001", unit: "" },
        ],
        reason: "",
        outcome: "",
        channel: "",
        documents: [],
        dueTime: null,
        documentKinds: [],
        assignedUnit: null,
        internalStep: 0,
        leadBranch: "",
        erasedIds: [],
      },
    });
  });

  it("names reasons, outcomes and channels as the contract does", () => {
    const contents = ended.view.events.map(({ content }) => contentJson(content!));
    expect(contents[0]).toMatchObject({ said: "open", channel: "IN_PERSON" });
    expect(contents[3]).toMatchObject({ said: "delivered", agency: "", targets: [{ agency: "hn-ca-wold-00004" }] });
    expect(contents[5]).toMatchObject({ said: "refuse", reason: "INCOMPLETE", targets: [{ agency: "hn-wold-00004" }] });
    expect(contents[13]).toMatchObject({
      said: "return",
      outcome: "GRANTED",
      targets: [{ step: "collect-and-return" }],
    });
  });
});
