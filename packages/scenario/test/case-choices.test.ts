import type { RouteStep } from "@lienthong/contracts/registry/v1/route";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caseChoices, limitToMs } from "../src/case-choices.ts";
import { SCENARIO_END_MS, SCENARIO_START_MS } from "../src/index.ts";
import { workingCalendar } from "../src/working-calendar.ts";
import { hanoiCalendar, instant, seedRoutes } from "./scenario-fixture.ts";

const calendar = workingCalendar(hanoiCalendar);
const steps = [...seedRoutes().values()].flatMap((route) => route.record.steps);
const choicesOf = (seed: number, index = 0) => caseChoices(seed, index, calendar, SCENARIO_END_MS);

describe("what the offices do", () => {
  test("follows from seed, dossier and question, in whatever order the questions are asked", () => {
    const [one, other] = [choicesOf(3), choicesOf(3)];
    const first = one.refusal("0", "residence", 1);
    const answered = one.answeredAt(SCENARIO_START_MS, "0", "residence", 1);
    expect(other.answeredAt(SCENARIO_START_MS, "0", "residence", 1)).toBe(answered);
    expect(other.refusal("0", "residence", 1)).toBe(first);
  });

  test("is done in office hours, later than it was begun, and before the districts end", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(500),
        fc.constantFrom(...steps),
        fc.integer({ min: SCENARIO_START_MS, max: SCENARIO_END_MS - 1 }),
        (seed, index, step: RouteStep, fromMs) => {
          const choices = choicesOf(seed, index);
          for (const dueMs of [
            choices.workedUntil(fromMs, step, "0", 1),
            choices.workedUntil(fromMs, step, "0", 2),
            choices.answeredAt(fromMs, "0", step.id, 1),
            choices.passedOnAt(fromMs, "0", step.id, 1),
            choices.correctedAt(fromMs, "0", step.id, 1),
          ]) {
            expect(dueMs).toBeGreaterThanOrEqual(fromMs - 1_000);
            expect(dueMs).toBeLessThanOrEqual(SCENARIO_END_MS);
            expect(calendar.isWorkingDay(dueMs)).toBe(true);
          }
        },
      ),
    );
  });

  test("keeps most limits and overruns some", () => {
    const step = steps.find(({ id }) => id === "district-appraisal") as RouteStep;
    const limitMs = limitToMs(step.limit!, calendar);
    const spans = Array.from({ length: 1_000 }, (_, index) =>
      calendar.between(SCENARIO_START_MS, choicesOf(1, index).workedUntil(SCENARIO_START_MS, step, "0", 1)),
    );
    const late = spans.filter((spanMs) => spanMs > limitMs).length;
    expect(late).toBeGreaterThan(30);
    expect(late).toBeLessThan(120);
  });

  test("refuses a few of a hundred handoffs, and never the same one a third time", () => {
    const refusals = Array.from({ length: 1_000 }, (_, index) => choicesOf(1, index).refusal("0", "department", 1));
    const refused = refusals.filter((reason) => reason !== null).length;
    expect(refused).toBeGreaterThan(15);
    expect(refused).toBeLessThan(80);
    for (let index = 0; index < 500; index++) expect(choicesOf(1, index).refusal("0", "department", 3)).toBeNull();
  });

  test("begins same-day work of what came after 15:00 on the next working day", () => {
    const step = steps.find(({ id }) => id === "birth-registration") as RouteStep;
    for (let index = 0; index < 50; index++) {
      const early = choicesOf(1, index).workedUntil(instant("2025-05-06T09:00"), step, "0", 1);
      expect(early).toBeLessThanOrEqual(instant("2025-05-06T13:00"));
      const late = choicesOf(1, index).workedUntil(instant("2025-05-06T15:30"), step, "0", 1);
      expect(late).toBeGreaterThanOrEqual(instant("2025-05-07T08:15"));
    }
  });

  test("takes an edge back once at most, and only where there is one", () => {
    const route = seedRoutes().get("social-allowance-3tier")!;
    const edges = route.edgesFrom("district-appraisal");
    const backs = Array.from({ length: 500 }, (_, index) => choicesOf(1, index).edgeBack(edges, false));
    expect(backs.some((edge) => edge?.id === "district-back-to-ward")).toBe(true);
    expect(choicesOf(1).edgeBack(edges, true)).toBeNull();
    expect(choicesOf(1).edgeBack(route.edgesFrom("ward-review"), false)).toBeNull();
  });
});
