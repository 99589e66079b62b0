import { TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import { EdgeKind, RouteRecord, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainRoute, formatRouteProblem, parseRouteFile } from "../src/index.ts";
import { edgeOf, routeOf, stepOf } from "./valid-route.ts";

const file = `# A fork and a join.
id: cards
version: 1
procedure: birth-group-nd63
name: { vi: Cấp thẻ, en: Cards }
composed: false
certain: true
source: NĐ 63/2024/NĐ-CP
total: { value: 3, unit: working_day }
handoff_rules:
  sync_after_completion: { value: 10, unit: minute }
steps:
  - id: ward
    name: { vi: Tiếp nhận }
    role: WARD_PC
    start: true
    limit: { value: 0.25, unit: working_day }
  - id: police
    name: { vi: Đăng ký thường trú }
    role: WARD_POLICE_RESIDENCE
    limit_if_verified: { value: 5, unit: working_day }
  - id: insurance
    name: { vi: Cấp thẻ bảo hiểm y tế }
    role: SOCIAL_INSURANCE
  - id: return
    name: { vi: Trả kết quả, en: Return }
    role: WARD_ONE_STOP
    joins_fork: cards
    end: true
edges:
  - { id: a, from: ward, to: police, fork: cards }
  - { id: b, from: ward, to: insurance, fork: cards, optional: true }
  - { id: c, from: police, to: return }
  - { id: d, from: insurance, to: return }
`;

function problemsOf(text: string): string[] {
  const parsed = parseRouteFile(text, "routes/cards.yaml");
  return parsed.ok ? [] : parsed.problems.map(formatRouteProblem);
}

describe("parseRouteFile", () => {
  test("reads a route; what is left out is work, forward and running", () => {
    const parsed = parseRouteFile(file, "routes/cards.yaml");
    if (!parsed.ok) throw new Error(parsed.problems.map(formatRouteProblem).join("\n"));
    const { route } = parsed;
    expect(route.steps[0]).toMatchObject({
      kind: 1,
      clock: 1,
      limit: { hundredths: 25, unit: TimeUnit.TIME_UNIT_WORKING_DAY, note: "" },
    });
    expect(route.edges[1]).toMatchObject({ kind: 1, fork: "cards", optional: true });
    expect(route.handoffRules).toEqual({
      syncAfterCompletion: { hundredths: 1_000, unit: TimeUnit.TIME_UNIT_MINUTE, note: "" },
      receiptStatusWithin: undefined,
    });
    expect(route.name).toEqual({ vi: "Cấp thẻ", en: "Cards" });
    expect(RouteRecord.decode(RouteRecord.encode(route).finish())).toMatchObject({
      id: "cards",
      version: 1,
      certain: true,
    });
  });

  const single: [string, string, string, string][] = [
    [
      "a role in small letters",
      "role: WARD_POLICE_RESIDENCE",
      "role: ward_police",
      'routes/cards.yaml:20:11 steps[1].role: "ward_police" is not allowed; a role is 1 to 64 of A-Z, 0-9 and _',
    ],
    [
      "an unknown unit",
      "unit: minute",
      "unit: minutes",
      'routes/cards.yaml:11:45 handoff_rules.sync_after_completion.unit: "minutes" is not allowed; a unit is one of minute, working_hour, working_day, calendar_day',
    ],
    [
      "three decimals",
      "value: 0.25",
      "value: 0.125",
      "routes/cards.yaml:17:21 steps[0].limit.value: 0.125 is not allowed; a value is a number from 0 to 1000 with at most two decimals",
    ],
    [
      "a key that is not known",
      "    end: true",
      "    ends: true\n    end: true",
      'routes/cards.yaml:29:5 steps[3].ends: the key "ends" is not known; the keys of a step are id, name, role, kind, clock, limit, limit_if_verified, public_posting, start, end, completion_required, joins_fork, deemed_consent, internal_steps',
    ],
    [
      "a key with a character that nobody sees",
      "    end: true",
      '    "\\fend": true\n    end: true',
      'routes/cards.yaml:29:5 steps[3]["\\fend"]: the key "\\fend" is not known; the keys of a step are id, name, role, kind, clock, limit, limit_if_verified, public_posting, start, end, completion_required, joins_fork, deemed_consent, internal_steps',
    ],
    [
      "a key written twice",
      "version: 1",
      "version: 1\nversion: 2",
      'routes/cards.yaml:4:1 route: the key "version" is written twice in one mapping; keep one',
    ],
    [
      "a value that is missing",
      "    role: SOCIAL_INSURANCE\n",
      "",
      "routes/cards.yaml:22:5 steps[2].role: is missing; a role is 1 to 64 of A-Z, 0-9 and _",
    ],
    [
      "a number where text belongs",
      "id: cards",
      "id: 7",
      "routes/cards.yaml:2:5 id: 7 is not allowed; a route id is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-'",
    ],
    [
      "yes for true",
      "start: true",
      "start: yes",
      'routes/cards.yaml:16:12 steps[0].start: "yes" is not allowed; it is true or false',
    ],
    [
      "an edge to nowhere",
      "to: police,",
      "to: court,",
      'routes/cards.yaml:31:30 edges[0].to: edge "a" names the step "court", which the route does not have; steps: ward, police, insurance, return',
    ],
    [
      "a fork that is not joined",
      "    joins_fork: cards\n",
      "",
      'routes/cards.yaml:30:44 edges[0].fork: no step joins the fork "cards"; name it in joins_fork of the step where its branches meet',
    ],
    [
      "an alias",
      "name: { vi: Cấp thẻ, en: Cards }",
      "name: &n { vi: Cấp thẻ }\nnote: *n",
      'routes/cards.yaml:6:7 route: the alias "*n" is not allowed; write the value out',
    ],
    [
      "a second document",
      "steps:\n",
      "---\nsteps:\n",
      "routes/cards.yaml:12:1 route: not valid YAML 1.2: a second document begins; a route file is one",
    ],
  ];
  test.each(single)("says of %s where it is and what is allowed", (_what, right, wrong, problem) => {
    expect(file).toContain(right);
    expect(problemsOf(file.replace(right, wrong))).toContain(problem);
  });

  test("reports everything at once, in the order of the file", () => {
    const spoiled = file
      .replace("version: 1", "version: 1.5")
      .replace("role: WARD_PC", "role: ward")
      .replace("optional: true", "optional: maybe")
      .replace("to: insurance", "too: insurance");
    const lines = problemsOf(spoiled).map((problem) =>
      problem.replace(/^routes\/cards.yaml:(\d+):\d+ ([^:]+):.*/, "$1 $2"),
    );
    expect(lines).toEqual([
      "3 version",
      "15 steps[0].role",
      "32 edges[1].to",
      "32 edges[1].too",
      "32 edges[1].optional",
    ]);
  });

  test("reports a wrong bound and a wrong graph together", () => {
    const problems = problemsOf(
      file.replace("role: WARD_PC", "role: ward").replace("to: insurance, fork: cards", "to: insurance"),
    );
    expect(problems.map((line) => line.replace(/^[^ ]+ ([^:]+):.*/, "$1"))).toEqual(
      expect.arrayContaining(["steps[0].role", "edges[0].fork", "edges[1].optional"]),
    );
  });

  test.each(["", "- 1", "7", "a: [1,", "\t", "a: !x 1", "x".repeat(1_000_001)])(
    "refuses a file that is no route with a reason",
    (text) => {
      expect(problemsOf(text).length).toBeGreaterThan(0);
    },
  );

  test("never throws and always names a place, whatever stands in the file", () => {
    const lines = file.split("\n");
    fc.assert(
      fc.property(
        fc.nat(lines.length - 1),
        fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom("- [", "  x: 1", "id: []", "steps: 3", "name: ~")),
        (at, line) => {
          const parsed = parseRouteFile(lines.toSpliced(at, 1, line).join("\n"), "f.yaml");
          if (parsed.ok) return;
          expect(parsed.problems.length).toBeGreaterThan(0);
          for (const problem of parsed.problems) {
            expect(formatRouteProblem(problem)).toMatch(/^f\.yaml:[1-9]\d*:[1-9]\d* \S/);
            expect(problem.place!.line).toBeLessThanOrEqual(lines.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("explainRoute", () => {
  const parsed = parseRouteFile(file, "routes/cards.yaml");

  test("tells the route in Vietnamese", () => {
    if (!parsed.ok) throw new Error("the example does not parse");
    expect(explainRoute(parsed.route, "vi")).toBe(`Quy trình: Cấp thẻ (cards, phiên bản 1), thủ tục birth-group-nd63.
Tổng thời hạn giải quyết: 3 ngày làm việc.
Sau khi kết thúc một bước, dữ liệu được đồng bộ sang hệ thống tiếp theo trong 10 phút.

Bước 1. Tiếp nhận
  Thực hiện: UBND cấp xã [WARD_PC].
  Hồ sơ có thể được tiếp nhận tại bước này.
  Thời hạn: 0,25 ngày làm việc.
  Sau đó tách nhánh (“cards”), chuyển đồng thời sang:
    - bước 2 (Đăng ký thường trú)
    - bước 3 (Cấp thẻ bảo hiểm y tế), nếu người dân lựa chọn khi nộp hồ sơ

Bước 2. Đăng ký thường trú
  Thực hiện: Công an cấp xã (đăng ký cư trú) [WARD_POLICE_RESIDENCE].
  Thời hạn: chưa rõ.
  Trường hợp phải xác minh: 5 ngày làm việc.
  Sau đó chuyển sang bước 4 (Trả kết quả).

Bước 3. Cấp thẻ bảo hiểm y tế
  Thực hiện: Cơ quan bảo hiểm xã hội [SOCIAL_INSURANCE].
  Thời hạn: chưa rõ.
  Sau đó chuyển sang bước 4 (Trả kết quả).

Bước 4. Trả kết quả
  Thực hiện: Bộ phận Một cửa cấp xã [WARD_ONE_STOP].
  Chờ đủ kết quả các nhánh “cards” rồi hợp nhất.
  Thời hạn: chưa rõ.
  Trả kết quả cho người dân tại bước này.
`);
  });

  test("tells it in English, and falls back to the Vietnamese name where none is given", () => {
    if (!parsed.ok) throw new Error("the example does not parse");
    const text = explainRoute(parsed.route, "en");
    expect(text).toContain("Step 1. Tiếp nhận");
    expect(text).toContain("Time granted: 0.25 working days.");
    expect(text).toContain("- step 3 (Cấp thẻ bảo hiểm y tế), if the citizen chose it when filing");
    expect(text).toContain('Waits for every branch of the fork "cards" and joins them.');
  });

  const rich = routeOf(
    [
      stepOf("desk", { start: true, clock: StepClock.STEP_CLOCK_OUTSIDE }),
      stepOf("ward", { start: true, publicPosting: { hundredths: 1_500, unit: 4, note: "" } }),
      stepOf("one", { kind: StepKind.STEP_KIND_CONSULT, deemedConsent: true }),
      stepOf("two", { kind: StepKind.STEP_KIND_CONSULT }),
      stepOf("payment", { kind: StepKind.STEP_KIND_APPLICANT, clock: StepClock.STEP_CLOCK_PAUSED }),
      stepOf("end", { end: true }),
    ],
    [
      edgeOf("a", "desk", "ward"),
      edgeOf("b", "ward", "payment", { resultCopiedToRoles: ["TAX_OFFICE"] }),
      edgeOf("c", "ward", "one", { kind: EdgeKind.EDGE_KIND_CONSULT, lead: true }),
      edgeOf("d", "ward", "two", { kind: EdgeKind.EDGE_KIND_CONSULT }),
      edgeOf("e", "payment", "end"),
      edgeOf("f", "payment", "ward", { kind: EdgeKind.EDGE_KIND_BACK }),
    ],
    { appointments: [{ number: 1, limit: { hundredths: 500, unit: 3, note: "" }, meaning: "tax slip" }] },
  );

  test("tells opinions with who leads, silence, ways back, clocks, appointments and several starts, in Vietnamese", () => {
    const text = explainRoute(rich, "vi");
    for (const sentence of [
      "Hồ sơ mở tại một trong các bước: bước 1 (Bước desk); bước 2 (Bước ward).",
      "Hẹn lần 1: 5 ngày làm việc (ghi chú: “tax slip”).",
      "Niêm yết công khai trong thời hạn này: 15 ngày.",
      "Thời gian này tính theo quy định khác, không tính vào tổng thời hạn.",
      "Có thể lấy ý kiến đồng thời, hồ sơ vẫn ở cơ quan này:\n    - bước 3 (Bước one), là cơ quan chủ trì\n    - bước 4 (Bước two)",
      "Quá thời hạn mà không trả lời thì được coi là đồng ý;",
      "Kết quả được gửi thêm cho: Cơ quan thuế [TAX_OFFICE].",
      "Người nộp hồ sơ thực hiện; trong thời gian đó hồ sơ do cơ quan sau giữ",
      "Trong lúc này thời hạn tạm dừng.",
      "Có thể trả lại bước 2 (Bước ward); các bước sau đó được làm lại.",
    ]) {
      expect(text).toContain(sentence);
    }
  });

  test("tells the same in English", () => {
    const text = explainRoute(rich, "en");
    for (const sentence of [
      "A dossier opens at one of: step 1 (Step desk); step 2 (Step ward).",
      'Appointment 1: 5 working days (note: "tax slip").',
      "Public posting inside this time: 15 calendar days.",
      "This time runs under other rules and does not count against the overall limit.",
      "May ask opinions at the same time while the dossier stays here:\n    - step 3 (Step one), which leads\n    - step 4 (Step two)",
      "Silence beyond the limit counts as agreement;",
      "The result also goes to: tax office [TAX_OFFICE].",
      "The applicant acts; held meanwhile by",
      "The clock stands still meanwhile.",
      "May go back to step 2 (Step ward); what comes after is done again.",
    ]) {
      expect(text).toContain(sentence);
    }
  });
});
