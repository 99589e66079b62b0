import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CalendarRecord, SuccessionShare } from "@lienthong/contracts/registry/v1/record";
import { describe, expect, test } from "vitest";
import { isValidOn } from "./legal-days.ts";
import { loadSeed, roleResolver, SeedDataError } from "./load-seed.ts";

const FIRST_DAY = "2025-05-05";
const here = new URL("./", import.meta.url);
const seed = await loadSeed();
const data: { agencies: { id: string; identifierCode: string | null; gsoCode: string | null; nameVi: string }[] } =
  JSON.parse(await readFile(new URL("data/agencies.json", here), "utf8"));
const agencies = new Map(seed.agencies.map((agency) => [agency.record.id, agency]));
const onFirstDay = roleResolver(seed, FIRST_DAY);
const wardsOn = (day: string) =>
  seed.agencies.filter(
    (agency) => agency.record.level === 1 && agency.record.areaCode !== "" && isValidOn(agency, day),
  );

describe("the seed", () => {
  test("has every agency and procedure of the data, and the derived offices beside them", () => {
    expect(data.agencies).toHaveLength(739);
    for (const { id, nameVi } of data.agencies) expect(agencies.get(id)?.record.name?.vi).toBe(nameVi);
    expect(seed.agencies).toHaveLength(739 + 526 + 126 + 30 + 30 + 2);
    expect(seed.units).toHaveLength((526 + 126) * 4 + 30 * 3 + 2);
    expect(seed.procedures).toHaveLength(30);
    expect(wardsOn(FIRST_DAY)).toHaveLength(526);
    expect(wardsOn("2025-07-01")).toHaveLength(126);
  });

  test("invents no code: what is not in the data is empty", () => {
    const codes = new Map(data.agencies.map(({ id, identifierCode }) => [id, identifierCode ?? ""]));
    for (const { record } of seed.agencies) expect(record.identifierCode).toBe(codes.get(record.id) ?? "");
    const areas = new Map(data.agencies.map(({ id, gsoCode }) => [id, gsoCode ?? ""]));
    for (const { record } of seed.agencies) expect(record.areaCode).toBe(areas.get(record.id) ?? "");
    expect(
      seed.procedures
        .filter(({ record }) => record.code === "")
        .map(({ record }) => record.key)
        .sort(),
    ).toEqual(["funeral-allowance-3tier", "karaoke-group", "land-debt-removal", "social-allowance-3tier"]);
  });

  test("marks every derived office as uncertain and says why it is there", () => {
    const real = new Set(data.agencies.map(({ id }) => id));
    for (const { record } of [...seed.agencies.filter(({ record }) => !real.has(record.id)), ...seed.units]) {
      expect(record.certain).toBe(false);
      expect(record.source).toMatch(/^derived by the rule "[a-z-]+"/);
      expect(record.note).toMatch(/\S/);
    }
  });

  test("has unique, well-formed ids, and parents that exist", () => {
    const ids = [...seed.agencies.map(({ record }) => record.id), ...seed.units.map(({ record }) => record.id)];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/);
    for (const { record } of seed.agencies) if (record.parent !== "") expect(agencies.has(record.parent)).toBe(true);
    for (const { record } of seed.units) expect(agencies.has(record.agency)).toBe(true);
  });

  test("has sane days: units live with their agency, ward police with their ward, and no area belongs to two agencies on a day", () => {
    for (const unit of seed.units) {
      const { validFrom, validUntil } = agencies.get(unit.record.agency)!;
      expect([unit.validFrom, unit.validUntil]).toEqual([validFrom, validUntil]);
    }
    for (const ward of wardsOn(FIRST_DAY)) {
      expect(agencies.get(`hn-ca-${ward.record.id.slice(3)}`)).toMatchObject({
        validFrom: ward.validFrom,
        validUntil: "2025-06-30",
      });
    }
    for (const day of [FIRST_DAY, "2025-06-30", "2025-07-01", "2026-11-22"]) {
      const areas = seed.agencies
        .filter((agency) => agency.record.areaCode !== "" && isValidOn(agency, day))
        .map(({ record }) => record.areaCode);
      expect(new Set(areas).size).toBe(areas.length);
    }
  });

  test("has names in normalisation form C, with Vietnamese letters in every Vietnamese name", () => {
    for (const { record } of [...seed.agencies, ...seed.units]) {
      expect(record.name?.vi).toBe(record.name?.vi.normalize("NFC"));
      expect(record.name?.vi).toMatch(/[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]/i);
    }
  });

  test("counts the first day of the scenario as a working Monday, after the holidays before it", () => {
    const off = new Set(seed.calendar.daysOff.map(({ date }) => date));
    expect(new Date(`${FIRST_DAY}T00:00:00Z`).getUTCDay()).toBe(1);
    expect(off.has(FIRST_DAY)).toBe(false);
    expect([...off]).toEqual(expect.arrayContaining(["2025-04-30", "2025-05-01", "2025-05-02", "2026-11-24"]));
    expect(seed.calendar).toMatchObject({ timeZone: "Asia/Ho_Chi_Minh", utcOffsetMinutes: 420, restWeekdays: [6, 7] });
    expect(seed.calendar.daysWorked.map(({ date }) => date)).toContain("2025-04-26");
    expect(CalendarRecord.encode(seed.calendar).finish().length).toBeGreaterThan(0);
  });
});

describe("roles", () => {
  test("follow the reorganisation: the same code leads to other offices from 1 July 2025", () => {
    const ask = (role: string, day: string) =>
      roleResolver(seed, day)({ role, areaCode: "00004", procedure: "birth-group-nd63" }).agencies.map(({ id }) => id);
    expect(ask("WARD_PC", "2025-06-30")).toEqual(["hn-wold-00004"]);
    expect(ask("WARD_PC", "2025-07-01")).toEqual(["hn-w-00004"]);
    expect(ask("WARD_POLICE_RESIDENCE", "2025-06-30")).toEqual(["hn-ca-wold-00004"]);
    expect(ask("WARD_POLICE_RESIDENCE", "2025-07-01")).toEqual(["hn-ca-w-00004"]);
    expect(ask("SOCIAL_INSURANCE", "2025-06-30")).toEqual(["hn-bhxh-d-001"]);
    expect(ask("SOCIAL_INSURANCE", "2025-07-01")).toEqual(["hn-bhxh"]);
    expect(ask("LAND_OFFICE_BRANCH", "2025-06-30")).toEqual(["hn-vpdkdd-d-001"]);
    expect(ask("LAND_OFFICE_BRANCH", "2025-07-01")).toEqual(["hn-vpdkdd"]);
    expect(ask("TAX_OFFICE", "2025-06-30")).toEqual(["hn-thue-kv1"]);
    expect(ask("TAX_OFFICE", "2025-07-01")).toEqual(["hn-thue"]);
    expect(ask("DISTRICT_CHAIR", "2025-07-01")).toEqual([]);
  });

  test("lead to the tax office that serves a ward, where the data names it", () => {
    const answer = roleResolver(
      seed,
      "2025-07-01",
    )({
      role: "TAX_OFFICE",
      areaCode: "00166",
      procedure: "land-change-transfer",
    });
    expect(answer.agencies.map(({ id }) => id)).toEqual(["hn-thue-cs5"]);
  });

  test("name the desk of receipt of a ward", () => {
    const question = { role: "WARD_ONE_STOP", areaCode: "00001", procedure: "birth-group-nd63" };
    expect(onFirstDay(question).units.map(({ name }) => name?.vi)).toEqual(["Bộ phận Một cửa UBND phường Phúc Xá"]);
  });
});

describe("successions", () => {
  test("give every ended agency successors that begin when it ends", () => {
    const followed = new Map(seed.successions.map((succession) => [succession.record.agency, succession]));
    const ended = seed.agencies.filter(({ validUntil }) => validUntil !== "");
    expect(ended.filter(({ record }) => !followed.has(record.id))).toEqual([]);
    for (const { record, validFrom } of seed.successions) {
      expect(agencies.get(record.agency)!.validUntil < validFrom).toBe(true);
      for (const successor of record.successors)
        expect(isValidOn(agencies.get(successor.agency)!, validFrom)).toBe(true);
    }
  });

  test("take a ward whole with its code, or in parts without one", () => {
    const of = (id: string) => seed.successions.find(({ record }) => record.agency === id)!.record.successors;
    expect(of("hn-wold-00001")).toEqual([
      { agency: "hn-w-00097", share: SuccessionShare.SUCCESSION_SHARE_WHOLE, areaCodes: ["00001"], procedures: [] },
    ]);
    expect(of("hn-wold-00157").map(({ share, areaCodes }) => [share, areaCodes])).toEqual([
      [SuccessionShare.SUCCESSION_SHARE_PART, []],
      [SuccessionShare.SUCCESSION_SHARE_REMAINDER, []],
      [SuccessionShare.SUCCESSION_SHARE_PART, []],
    ]);
  });
});

describe("spoiled data", () => {
  async function problemsAfter(file: string, right: string, wrong: string): Promise<readonly string[]> {
    const folder = await mkdtemp(join(tmpdir(), "seed-"));
    try {
      for (const part of ["data", "routes"]) await cp(new URL(part, here), join(folder, part), { recursive: true });
      const text = await readFile(join(folder, file), "utf8");
      expect(text).toContain(right);
      await writeFile(join(folder, file), text.replace(right, wrong));
      const error = await loadSeed(pathToFileURL(`${folder}/`)).catch((thrown: unknown) => thrown);
      return error instanceof SeedDataError ? error.problems : [];
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  test.each([
    [
      "data/agencies.json",
      '"level": "province"',
      '"level": "county"',
      /^data\/agencies\.json agencies\[0\] \(hn\)\.level: found "county"; .*"ward"/,
    ],
    [
      "data/agencies.json",
      '"identifierCode": "H26", ',
      '"identifierCode": "H26", "colour": 1, ',
      /^data\/agencies\.json agencies\[0\] \(hn\): found unknown keys colour/,
    ],
    [
      "data/agencies.json",
      '"parent": "vn-bo-ca"',
      '"parent": "vn-bo-xy"',
      /^agency hn-congan: parent "vn-bo-xy" does not exist$/,
    ],
    [
      "data/procedures.json",
      '"key": "birth",',
      '"key": "Birth",',
      /^data\/procedures\.json procedures\[\d+\] \(Birth\)\.key: found "Birth"; a procedure key is/,
    ],
    ["data/calendar-vn.json", '"version": "2026-11-22"', '"version": 7', /^data\/calendar-vn\.json version: found 7; /],
    ["data/calendar-vn.json", "{", "[", /^data\/calendar-vn\.json: cannot be read as JSON: /],
    [
      "routes/birth-group.yaml",
      "role: SOCIAL_INSURANCE",
      "role: insurance",
      /^routes\/birth-group\.yaml:\d+:11 steps\[2\]\.role: "insurance" is not allowed; a role is/,
    ],
    [
      "routes/birth-group.yaml",
      "procedure: birth-group-nd63",
      "procedure: birth-group",
      /^route birth-group: procedure "birth-group" does not exist$/,
    ],
    [
      "routes/birth.yaml",
      "id: birth\n",
      "id: death\n",
      /^route "death": version 1 appears twice; the later is a version of its own$/,
    ],
    [
      "routes/birth.yaml",
      "id: birth\nversion: 1",
      "id: death\nversion: 2",
      /^route "death": version 2 serves "birth", version 1 "death"; the versions of a route serve one procedure$/,
    ],
  ])("in %s is refused with file, place and what is allowed: %s → %s", async (file, right, wrong, problem) => {
    expect(await problemsAfter(file, right, wrong)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });
});
