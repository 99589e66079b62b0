import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { happeningName, happeningNames } from "../src/happenings.ts";
import { dossierCode, uuidV7Of } from "../src/names.ts";
import { playedProcedures } from "../src/played-procedures.ts";
import { courseOf } from "../src/route-course.ts";
import { planScenario } from "../src/scenario-plan.ts";
import { SeededRandom } from "../src/seeded-random.ts";
import { planOptions, seedProcedures } from "./scenario-fixture.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const sizes = fc.integer({ min: 1, max: 120 });

describe("the plan", () => {
  test("is the same for the same seed and another for another", () => {
    expect(planScenario(planOptions(7, 50))).toEqual(planScenario(planOptions(7, 50)));
    expect(planScenario(planOptions(7, 50))).not.toEqual(planScenario(planOptions(8, 50)));
  });

  test("gives every dossier a code of its day, unique, numbered from 1 without gaps", () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, dossiers) => {
        const plan = planScenario(planOptions(seed, dossiers));
        expect(plan).toHaveLength(dossiers);
        const byDay = Map.groupBy(plan, ({ code }) => code.slice(0, 10));
        for (const [day, filed] of byDay) {
          expect(filed.map(({ code }) => code)).toEqual(
            filed.map((_, at) => `${day}-${String(at + 1).padStart(4, "0")}`),
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  test("files in office hours, in the order of its positions, after the shard's clock began", () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, dossiers) => {
        const options = planOptions(seed, dossiers);
        const plan = planScenario(options);
        let lastMs = options.startMs;
        for (const [position, { filedMs, index }] of plan.entries()) {
          expect(index).toBe(position);
          expect(filedMs).toBeGreaterThanOrEqual(lastMs);
          // A span that ends with the morning ends at 12:00 sharp, hence the millisecond.
          expect(options.calendar.between(filedMs - 1, filedMs)).toBe(1);
          lastMs = filedMs;
        }
      }),
      { numRuns: 40 },
    );
  });

  test("leaves at least one handoff unanswered and one dossier worked on, from two dossiers on", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 80 }), (seed, dossiers) => {
        const fates = planScenario(planOptions(seed, dossiers)).map(({ fate }) => fate);
        expect(fates).toContainEqual(expect.objectContaining({ kind: "waiting", settled: false }));
        expect(fates).toContainEqual(expect.objectContaining({ kind: "working" }));
        const open = fates.filter(({ kind }) => kind !== "finished").length;
        expect(open).toBe(Math.max(2, Math.round(dossiers * 0.06)));
      }),
      { numRuns: 40 },
    );
  });

  test("has every procedure among 200 dossiers, and a refusal to show among a few", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const plan = planScenario(planOptions(seed, 200));
        expect(new Set(plan.map(({ procedure }) => procedure)).size).toBe(playedProcedures.length);
        expect(playedProcedures.length).toBeGreaterThanOrEqual(10);
        expect(plan.filter(({ refusedAtStep }) => refusedAtStep !== "")).toHaveLength(1);
      }),
      { numRuns: 20 },
    );
    expect(planScenario(planOptions(7, 20)).filter(({ refusedAtStep }) => refusedAtStep !== "")).toHaveLength(1);
  });

  test("has everything that can happen among 200 dossiers, and most dossiers run smoothly", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const plan = planScenario(planOptions(seed, 200));
        const happened = plan.flatMap(({ happening }) => (happening === null ? [] : [happeningName(happening)]));
        expect(new Set(happened)).toEqual(new Set(happeningNames));
        expect(happened.length).toBeLessThan(70);
        expect(plan.some(({ leadNamed, opinions }) => leadNamed && opinions.length > 0)).toBe(true);
        const chosen = plan
          .filter(({ procedure }) => procedure === "death-group-2026")
          .map((it) => it.chosenEdges.length);
        expect(new Set(chosen)).toEqual(new Set([0, 1, 2]));
      }),
      { numRuns: 20 },
    );
  });

  test("small plays are given few exceptions", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 7 }), (seed, dossiers) => {
        for (const { fate, happening } of planScenario(planOptions(seed, dossiers))) {
          // What is left open is not also withdrawn or stopped.
          if (fate.kind !== "finished") expect(happening).toBeNull();
        }
      }),
      { numRuns: 40 },
    );
  });

  test("what happens lies on the dossier's way, and nobody withdraws a birth", () => {
    const procedures = new Map(seedProcedures().map((procedure) => [procedure.key, procedure]));
    fc.assert(
      fc.property(seeds, sizes, (seed, dossiers) => {
        for (const { procedure: key, start, chosenEdges, happening, fate } of planScenario(
          planOptions(seed, dossiers),
        )) {
          const { route, neverWithdrawn } = procedures.get(key)!;
          const steps = courseOf(route, start, chosenEdges).map(({ step }) => step.id);
          if (happening !== null && "step" in happening) expect(steps).toContain(happening.step);
          if (happening?.kind === "step back") expect(steps).toContain(route.edge(happening.edge)?.from);
          if (happening?.kind === "withdrawal") expect(neverWithdrawn).toBeUndefined();
          if (fate.kind !== "finished") expect(steps).toContain(fate.step);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("needs a ward and a procedure", () => {
    expect(() => planScenario({ ...planOptions(1, 1), wards: [] })).toThrow(RangeError);
    expect(() => planScenario({ ...planOptions(1, 1), procedures: [] })).toThrow(RangeError);
  });
});

describe("names", () => {
  test("a dossier code is the city's, the day's and the day's number", () => {
    expect(dossierCode("2025-05-05", 1)).toBe("H26-250505-0001");
    expect(dossierCode("2025-05-05", 12_345)).toBe("H26-250505-12345");
  });

  test("an id is a UUIDv7 of its instant, the same for the same name only", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.string(), (atMs, name) => {
        const id = uuidV7Of(atMs, name);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(atMs);
        expect(uuidV7Of(atMs, name)).toBe(id);
        expect(uuidV7Of(atMs, name, "")).not.toBe(id);
      }),
    );
  });
});

describe("seeded random numbers", () => {
  test("keep within their bounds", () => {
    fc.assert(
      fc.property(seeds, fc.integer(), fc.nat(1_000), (seed, least, span) => {
        const random = new SeededRandom(seed);
        const drawn = random.integer(least, least + span);
        expect(drawn).toBeGreaterThanOrEqual(least);
        expect(drawn).toBeLessThanOrEqual(least + span);
        const fraction = random.fraction();
        expect(fraction >= 0 && fraction < 1).toBe(true);
      }),
    );
  });

  test("a weight of 0 is never picked, and shuffling keeps every item", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer(), { minLength: 1 }), (seed, items) => {
        const random = new SeededRandom(seed);
        expect(random.pickWeighted(["never", "always"], (item) => (item === "never" ? 0 : 1))).toBe("always");
        expect(random.shuffle(items).toSorted()).toEqual(items.toSorted());
      }),
    );
  });
});
