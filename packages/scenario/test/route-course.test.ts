import { describe, expect, test } from "vitest";
import { courseOf, edgesOnward, optionalEdges } from "../src/route-course.ts";
import { seedRoutes } from "./scenario-fixture.ts";

const routes = seedRoutes();

function stepsOf(procedure: string, start: string, chosen: readonly string[] = []): string[] {
  return courseOf(routes.get(procedure)!, start, chosen).map(({ step }) => step.id);
}

describe("the course of a dossier", () => {
  test("takes of a fork what everybody must and what the citizen chose", () => {
    const all = optionalEdges(routes.get("death-group-2026")!);
    expect(all).toHaveLength(2);
    expect(stepsOf("death-group-2026", "death-registration")).not.toContain("survivor-benefit");
    expect(stepsOf("death-group-2026", "death-registration", ["death-to-insurance"])).toContain("survivor-benefit");
    const course = courseOf(routes.get("death-group-2026")!, "death-registration", all);
    expect(course.filter(({ edge }) => edge?.fork === "parts")).toHaveLength(3);
    expect(course.filter(({ step }) => step.id === "collect-and-return")).toHaveLength(1);
  });

  test("brings a result home where another office than the deciding one received the file", () => {
    expect(stepsOf("investment-policy", "desk").at(-1)).toBe("return");
    expect(stepsOf("investment-policy", "ward-desk").at(-1)).toBe("ward-return");
  });

  test("leaves out opinions and ways back: they are asked or taken in the case", () => {
    expect(stepsOf("investment-policy", "desk")).toEqual(["desk", "appraisal", "decision", "return"]);
    const allowance = routes.get("social-allowance-3tier")!;
    const appraisal = allowance.step("district-appraisal")!;
    expect(edgesOnward(allowance, appraisal, "ward-review", []).map(({ kind }) => kind)).toEqual([1]);
  });

  test("ends where nothing leads on", () => {
    expect(stepsOf("residence", "registration")).toEqual(["registration"]);
    expect(stepsOf("social-housing-condition", "desk")).toEqual(["desk", "ownership"]);
  });
});
