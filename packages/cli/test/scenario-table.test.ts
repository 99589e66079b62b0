import type { ProcedureFigures, ScenarioSummary } from "@lienthong/scenario";
import { describe, expect, test } from "vitest";
import { displayWidth } from "../src/render/text-width.ts";
import { scenarioTable } from "../src/scenario-table.ts";

const line = (name: string, nameEn: string): ProcedureFigures => ({
  procedure: "land-change-transfer",
  name,
  nameEn,
  dossiers: 1_200,
  handoffs: 5_804,
  refusals: 103,
  recalls: 21,
  supplements: 64,
  pauses: 1_100,
  extensions: 30,
  opinions: 0,
  stepsBack: 0,
  assignments: 14,
  returned: 1_100,
  withdrawn: 7,
  stopped: 12,
  open: 81,
  acknowledgedMedianHours: 1.3,
  heldMedianHours: 115.62,
  citizenShare: 0.406,
  hops: [],
});
const procedures = [
  line(
    "Thủ tục đăng ký biến động quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất",
    "Registration of change in land use right / attached assets (transfer, inheritance, gift, contribution)",
  ),
  line("Đăng ký thường trú", "Residence"),
];
const summary = { procedures } as unknown as ScenarioSummary;

describe.each(["vi", "en"] as const)("the table of a play in %s", (language) => {
  test.each([80, 100, 120, 200])("fits a terminal of %i columns, at most 120, a line per procedure", (columns) => {
    const lines = scenarioTable(summary, { language, columns, color: false }).split("\n");
    for (const text of lines) expect(displayWidth(text)).toBeLessThanOrEqual(Math.min(columns, 120));
    // Frame, heading of two lines, and one line for each.
    expect(lines).toHaveLength(3 + 2 + procedures.length);
  });

  test("cuts long names with an ellipsis and leaves out what many begin with", () => {
    const rows = scenarioTable(summary, { language, columns: 120, color: false }).split("\n");
    expect(rows[4]).toMatch(language === "vi" ? /^│ Đăng ký biến động .*… +│/ : /^│ Registration of .*… +│/);
    expect(rows[5]).not.toContain("…");
  });
});
