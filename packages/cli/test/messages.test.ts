import { BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { custodyTable } from "@lienthong/domain";
import { describe, expect, it } from "vitest";
import * as words from "../src/contract-words.ts";
import { enumWords } from "../src/enum-words.ts";
import { messagesIn } from "../src/messages/language.ts";

/** Every path of a catalogue, and how many facts its sentence takes. */
function paths(value: unknown, path = ""): string[] {
  if (typeof value === "string") return [path];
  if (typeof value === "function") return [`${path}()`];
  return Object.entries(value as object).flatMap(([key, part]) => paths(part, `${path}.${key}`));
}

const vi = messagesIn("vi");
const en = messagesIn("en");

describe("the catalogues", () => {
  it("say the same things in both languages", () => {
    expect(paths(vi).sort()).toEqual(paths(en).sort());
  });

  it("leave nothing empty, and keep Vietnamese in normalisation form C", () => {
    const texts = (value: unknown): string[] =>
      typeof value === "string"
        ? [value]
        : typeof value === "function"
          ? []
          : Object.values(value as object).flatMap(texts);
    for (const text of [...texts(vi), ...texts(en)]) {
      expect(text.trim()).not.toBe("");
      expect(text).toBe(text.normalize("NFC"));
    }
  });

  it.each([vi, en])("have a word for every value of the contract that is shown", (messages) => {
    const shown: [Readonly<Record<string, string>>, { words: readonly string[] }][] = [
      [messages.states, words.branchStateWords],
      [messages.channels, words.channelWords],
      [messages.outcomes, words.outcomeWords],
      [messages.refusalReasons, words.refusalReasonWords],
      [messages.recallReasons, words.recallReasonWords],
      [messages.recallRefusals, words.recallRefusalWords],
      [messages.supplementReasons, words.supplementReasonWords],
      [messages.pauseReasons, words.pauseReasonWords],
      [messages.extensionReasons, words.extensionReasonWords],
      [messages.withdrawalReasons, words.withdrawalReasonWords],
      [messages.stopReasons, words.stopReasonWords],
      [messages.erasureReasons, words.erasureReasonWords],
      [messages.documentStates, words.documentStateWords],
      [messages.warnings, words.warningWords],
      [messages.inbox.roles, words.deliveryRoleWords],
      [messages.agency.levels, words.agencyLevelWords],
      [messages.agency.purposes, words.keyPurposeWords],
      [messages.agency.keyStatus, words.recordStatusWords],
      [messages.agency.algorithms, words.algorithmWords],
      [messages.agency.shares, words.shareWords],
    ];
    for (const [texts, { words: typed }] of shown) {
      expect(Object.keys(texts).sort()).toEqual(typed.map((word) => word.toUpperCase().replaceAll("-", "_")).sort());
    }
  });
});

it("every statement and every word of the bus can be told", () => {
  const contract = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const said = custodyTable.map(({ statement }) => contract(statement));
  for (const name of [...said, "delivered", "warning", "expired", "reassigned", "deemed_consent"]) {
    expect(Object.keys(en.said), name).toContain(name);
  }
});

describe("words of an enum", () => {
  it("leave out what is refused everywhere, and show a number that this version does not know as a number", () => {
    const states = enumWords(BranchState, "BRANCH_STATE_");
    expect(states.words).not.toContain("unspecified");
    expect(states.words).not.toContain("unrecognized");
    expect(states.valueOf("handed-over")).toBe(BranchState.BRANCH_STATE_HANDED_OVER);
    expect(states.valueOf("unspecified")).toBeUndefined();
    expect(states.nameOf(99)).toBe("99");
  });
});
