// The real routes of the seed over the real offices of Hà Nội, on a day with districts and on one without.
import { beforeAll, describe, expect, test } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import type { Seed } from "../../../deploy/seed/seed.ts";
import { planSeed } from "../../../services/registry/src/seed-plan.ts";
import { RegistrarPen, RegistryState } from "../src/index.ts";
import { at, fixedKey } from "./registry-fixture.ts";

let seed: Seed;
let state: RegistryState;
/** Agencies that play any role anywhere: whoever could be thought competent. */
let offices: string[];

beforeAll(async () => {
  seed = await loadSeed();
  state = new RegistryState();
  const pen = new RegistrarPen(state, fixedKey("registrar"));
  state.apply(pen.genesis({ name: "lienthong-test", nonce: new Uint8Array(32), recordedTime: at(0) }));
  const content = { seed, systems: [], agencyKeys: [], delegations: [], promiseKeys: [], shards: [] };
  for (const { record, validFrom, validUntil } of planSeed(content)) {
    state.apply(pen.entry(record, { recordedTime: at(1), validFrom, validUntil }));
  }
  offices = seed.agencies.map(({ record }) => record.id);
}, 120_000);

const days = ["2025-05-05", "2026-11-23"];
/** Wards of May 2025 and of today: codes of former and of present wards, inside and outside the old town. */
const areas = ["00004", "00037", "09697", "00001"];

describe("over the seed's routes", () => {
  test("the registry has every one of them", () => {
    expect(seed.routes.length).toBeGreaterThan(0);
    for (const { record } of seed.routes) {
      expect(state.routesOf(record.procedure).map((route) => route.record.id)).toContain(record.id);
    }
  });

  test("an agency is competent exactly if the role resolves to it or to a unit of it", () => {
    let resolved = 0;
    for (const { record: route } of seed.routes) {
      for (const role of new Set(route.steps.map((step) => step.role))) {
        for (const areaCode of areas) {
          for (const date of days) {
            const question = { role, areaCode, procedure: route.procedure, date };
            const { candidates } = state.resolveRole(question);
            const answered = new Set(candidates.map(({ agency }) => agency));
            resolved += answered.size;
            const competent = offices.filter((agency) => state.isCompetent({ ...question, agency, unit: "" }));
            expect(new Set(competent), JSON.stringify(question)).toEqual(answered);
            for (const { agency, unit } of candidates) {
              expect(state.isCompetent({ ...question, agency, unit })).toBe(true);
            }
          }
        }
      }
    }
    expect(resolved).toBeGreaterThan(20);
  });

  test("everybody an answer names is of one area, the nearest", () => {
    for (const { record: route } of seed.routes) {
      for (const { role } of route.steps) {
        for (const areaCode of areas) {
          for (const date of days) {
            const question = { role, areaCode, procedure: route.procedure, date };
            const { candidates } = state.resolveRole(question);
            const areasNamed = new Set(
              candidates.map(({ why }) => /in area (\d+)/.exec(why.en)?.[1] ?? `no area in "${why.en}"`),
            );
            expect([...areasNamed].length, JSON.stringify(question)).toBeLessThanOrEqual(1);
            const [nearest] = areasNamed;
            expect(nearest === undefined || state.areaChain(areaCode, date).includes(nearest)).toBe(true);
          }
        }
      }
    }
  });
});
