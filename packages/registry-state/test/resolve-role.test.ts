import { AgencyLevel, SuccessionShare } from "@lienthong/contracts/registry/v1/record";
import { expect, test } from "vitest";
import { agencyRecord, competence, LogWriter, unitRecord } from "./registry-fixture.ts";

const lastDay = { validUntil: "2025-06-30" };
const firstDay = { validFrom: "2025-07-01" };

/** Hà Nội around 1 July 2025: the code 00004 belongs to a ward of the district 001, then to a ward of the city. */
function reform(): LogWriter {
  const writer = new LogWriter();
  const district = AgencyLevel.AGENCY_LEVEL_DISTRICT;
  writer.add(
    agencyRecord("hn", {
      level: AgencyLevel.AGENCY_LEVEL_PROVINCE,
      areaCode: "01",
      competences: [competence("CITY_PC", ["01"])],
    }),
  );
  writer.add(
    agencyRecord("d-001", {
      name: { vi: "Ủy ban nhân dân quận Ba Đình", en: "People's Committee of Ba Dinh District" },
      level: district,
      parent: "hn",
      areaCode: "001",
    }),
    lastDay,
  );
  writer.add(
    unitRecord("d-001-labour", "d-001", {
      name: { vi: "Phòng Lao động - Thương binh và Xã hội", en: "Labour Division" },
      competences: [competence("DISTRICT_LABOUR_DIVISION", ["001"])],
    }),
    lastDay,
  );
  const wardRoles = [competence("WARD_PC", ["00004"]), competence("WARD_DESK", ["00004"], ["birth-group"])];
  writer.add(agencyRecord("w-old", { parent: "d-001", areaCode: "00004", competences: wardRoles }), lastDay);
  writer.add(
    agencyRecord("w-new", {
      name: { vi: "Ủy ban nhân dân phường Ba Đình", en: "People's Committee of Ba Dinh Ward" },
      parent: "hn",
      areaCode: "00004",
      competences: wardRoles,
    }),
    firstDay,
  );
  const share = SuccessionShare.SUCCESSION_SHARE_WHOLE;
  writer.add(
    {
      $case: "succession",
      value: { agency: "d-001", successors: [{ agency: "w-new", share, areaCodes: [], procedures: [] }], source: "" },
    },
    firstDay,
  );
  return writer;
}

const may = { areaCode: "00004", procedure: "birth-group", date: "2025-05-05" };
const july = { ...may, date: "2025-07-01" };

test("areas go outwards from the unit that has the code on that day", () => {
  const { state } = reform();
  expect(state.areaChain("00004", "2025-06-30")).toEqual(["00004", "001", "01"]);
  expect(state.areaChain("00004", "2025-07-01")).toEqual(["00004", "01"]);
  expect(state.areaChain("001", "2025-07-01")).toEqual([]);
  expect(state.areaChain("99999", "2025-07-01")).toEqual([]);
});

test("the answer says why, and names the area that contains the one asked for", () => {
  const { state } = reform();
  const { candidates, missing } = state.resolveRole({ ...may, role: "DISTRICT_LABOUR_DIVISION" });
  expect(missing).toBeNull();
  expect(candidates).toEqual([
    {
      agency: "d-001",
      unit: "d-001-labour",
      why: {
        vi: "Phòng Lao động - Thương binh và Xã hội, Ủy ban nhân dân quận Ba Đình có thẩm quyền thực hiện vai trò DISTRICT_LABOUR_DIVISION trên địa bàn 001, địa bàn này bao gồm 00004.",
        en: "Labour Division, People's Committee of Ba Dinh District is competent for DISTRICT_LABOUR_DIVISION in area 001, which contains 00004.",
      },
    },
  ]);
  expect(state.resolveRole({ ...july, role: "WARD_PC" }).candidates.map(({ agency }) => agency)).toEqual(["w-new"]);
  expect(state.resolveRole({ ...may, role: "WARD_PC" }).candidates.map(({ agency }) => agency)).toEqual(["w-old"]);
});

/** The city's office and one that names ward and city: both play the ward's role, too. */
function withFartherOffices(): LogWriter {
  const writer = reform();
  writer.add(agencyRecord("hn-office", { kind: "office", parent: "hn", competences: [competence("WARD_PC", ["01"])] }));
  writer.add(
    agencyRecord("a-office", {
      kind: "office",
      parent: "hn",
      competences: [competence("WARD_PC", ["01", "00004"]), competence("WARD_PC", ["00004"])],
    }),
  );
  return writer;
}

test("only the nearest area that has anybody counts, and each agency comes once", () => {
  const { state } = withFartherOffices();
  const { candidates } = state.resolveRole({ ...july, role: "WARD_PC" });
  expect(candidates.map(({ agency }) => agency)).toEqual(["a-office", "w-new"]);
  expect(
    state.resolveRole({ ...july, role: "WARD_PC", areaCode: "01" }).candidates.map(({ agency }) => agency),
  ).toEqual(["a-office", "hn-office"]);
});

test("whoever is farther out is not competent, until nobody nearer is", () => {
  const writer = withFartherOffices();
  const question = { ...july, role: "WARD_PC", unit: "" };
  const competent = (agency: string) => writer.state.isCompetent({ ...question, agency });
  expect([competent("w-new"), competent("a-office"), competent("hn-office")]).toEqual([true, true, false]);
  // Neither a nearer office for another procedure nor one that has ended hides the city's.
  writer.add(agencyRecord("w-new", { parent: "hn", areaCode: "00004" }), firstDay);
  writer.add(
    agencyRecord("a-office", {
      kind: "office",
      parent: "hn",
      competences: [competence("WARD_PC", ["00004"], ["another"])],
    }),
  );
  expect([competent("w-new"), competent("a-office"), competent("hn-office")]).toEqual([false, false, true]);
  expect(writer.state.isCompetent({ ...question, procedure: "another", agency: "hn-office" })).toBe(false);
});

test("what is missing is told apart", () => {
  const { state } = reform();
  const missing = (question: Partial<typeof july> & { role: string }) =>
    state.resolveRole({ ...july, ...question }).missing;
  expect(missing({ role: "ASTRONAUT" })).toEqual({
    vi: "Chưa có cơ quan nào trong sổ đăng ký được giao vai trò ASTRONAUT.",
    en: "No agency of the registry is competent for ASTRONAUT, in any area.",
  });
  expect(missing({ role: "DISTRICT_LABOUR_DIVISION" })).toEqual({
    vi: "Vào ngày 01/07/2025, vai trò DISTRICT_LABOUR_DIVISION cho địa bàn 00004 chỉ thuộc về cơ quan không có hiệu lực: Phòng Lao động - Thương binh và Xã hội, Ủy ban nhân dân quận Ba Đình (đến hết ngày 30/06/2025; cơ quan kế thừa: Ủy ban nhân dân phường Ba Đình).",
    en: "On 2025-07-01 only agencies that are not in force are competent for DISTRICT_LABOUR_DIVISION in area 00004: Labour Division, People's Committee of Ba Dinh District (until 2025-06-30; followed by People's Committee of Ba Dinh Ward).",
  });
  expect(missing({ role: "WARD_DESK", procedure: "other" })?.en).toBe(
    "Whoever is competent for WARD_DESK in area 00004 is not so for the procedure other.",
  );
  expect(missing({ role: "WARD_PC", areaCode: "01" })?.en).toBe(
    "Agencies of other areas are competent for WARD_PC, but none for area 01.",
  );
  expect(missing({ role: "WARD_PC", areaCode: "001" })).toEqual({
    vi: "Không có đơn vị hành chính nào mang mã 001 vào ngày 01/07/2025; mã này thuộc về Ủy ban nhân dân quận Ba Đình (đến hết ngày 30/06/2025; cơ quan kế thừa: Ủy ban nhân dân phường Ba Đình).",
    en: "No administrative unit has the code 001 on 2025-07-01; it belongs to People's Committee of Ba Dinh District (until 2025-06-30; followed by People's Committee of Ba Dinh Ward).",
  });
});

test("an agency is competent through its unit, and a unit in force through its agency", () => {
  const { state } = reform();
  const question = { ...may, role: "DISTRICT_LABOUR_DIVISION", agency: "d-001" };
  expect(state.isCompetent({ ...question, unit: "" })).toBe(true);
  expect(state.isCompetent({ ...question, unit: "d-001-labour" })).toBe(true);
  expect(state.isCompetent({ ...question, unit: "other" })).toBe(false);
  expect(state.isCompetent({ ...question, agency: "w-old", unit: "" })).toBe(false);
  expect(state.isCompetent({ ...july, role: "WARD_PC", agency: "w-new", unit: "nobody" })).toBe(false);
});

test("a competence that ends with a later entry is not answered from memory", () => {
  const writer = reform();
  const question = { ...july, role: "WARD_PC", agency: "w-new", unit: "" };
  expect(writer.state.isCompetent(question)).toBe(true);
  writer.add(agencyRecord("w-new", { parent: "hn", areaCode: "00004" }), firstDay);
  expect(writer.state.isCompetent(question)).toBe(false);
});
