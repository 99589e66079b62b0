import { EdgeKind, type RouteRecord, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRoute, drawRoute, RouteInvalidError } from "../src/index.ts";
import { type Rectangle, readPicture, readXml } from "./read-picture.ts";
import { edgeOf, routeOf, stepOf, validRoute } from "./valid-route.ts";

/** A chain of steps, with what the test adds. */
function chain(count: number, given: Partial<RouteRecord> = {}): RouteRecord {
  const steps = Array.from({ length: count }, (_, at) => stepOf(`s${at}`, { start: at === 0, end: at === count - 1 }));
  const edges = steps.slice(1).map(({ id }, at) => edgeOf(`e${at}`, `s${at}`, id));
  return routeOf(steps, edges, given);
}

const back = { kind: EdgeKind.EDGE_KIND_BACK };
const consult = { kind: EdgeKind.EDGE_KIND_CONSULT };

/** Everything that holds for every picture. */
function expectReadable(route: RouteRecord, locale: "vi" | "en"): void {
  const svg = drawRoute(route, locale);
  const picture = readPicture(svg);
  expect(picture.boxes.map(([id]) => id)).toEqual(route.steps.map(({ id }) => id));
  expect(picture.edges.map(([id]) => id).sort()).toEqual(route.edges.map(({ id }) => id).sort());
  const forks = [...new Set(route.edges.map(({ fork }) => fork))].filter((fork) => fork !== "").sort();
  expect([...picture.forks].sort()).toEqual(forks);
  expect([...picture.joins].sort()).toEqual(forks);

  const boxes = new Map(picture.boxes);
  const { x, y } = picture.offset;
  for (const [at, [id, box]] of picture.boxes.entries()) {
    for (const [other, otherBox] of picture.boxes.slice(at + 1))
      expect(overlap(box, otherBox), `${id} and ${other}`).toBe(false);
    expect(x + box.left).toBeGreaterThanOrEqual(0);
    expect(y + box.top).toBeGreaterThanOrEqual(0);
    expect(x + box.right).toBeLessThanOrEqual(picture.width);
    expect(y + box.bottom).toBeLessThanOrEqual(picture.height);
  }
  for (const { step, text, x: left, y: baseline, kind } of picture.lines) {
    if (kind === "pill") continue;
    const box = boxes.get(step)!;
    const width = widthOf(text, 13.5);
    expect(left).toBeGreaterThan(box.left);
    expect(left + width, text).toBeLessThan(box.right);
    expect(baseline - 10).toBeGreaterThan(box.top);
    expect(baseline + 3).toBeLessThan(box.bottom);
  }
  for (const [id, points] of picture.edges) {
    const { from, to } = route.edges.find((edge) => edge.id === id)!;
    const off = points.find((point) => {
      const onPage = x + point.x >= 0 && x + point.x <= picture.width && y + point.y <= picture.height;
      return !onPage || picture.boxes.some(([step, box]) => step !== from && step !== to && isInside(point, box));
    });
    expect(off, `edge ${id} leaves the page or runs through another box`).toBeUndefined();
    expect(isInside(points[0]!, grown(boxes.get(from)!, 16))).toBe(true);
    expect(isInside(points.at(-1)!, grown(boxes.get(to)!, 24))).toBe(true);
  }
}

/** What common faces need for a text, about: half an em for a letter, less for a narrow one, nothing for a mark on a letter. */
function widthOf(text: string, size: number): number {
  const letters = [...text.normalize("NFD").replace(/\p{M}/gu, "")];
  return letters.reduce((em, letter) => em + (/[\s.,:;'|!ijltfrI()[\]-]/.test(letter) ? 0.3 : 0.5), 0) * size;
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function isInside({ x, y }: { x: number; y: number }, { left, top, right, bottom }: Rectangle): boolean {
  return x > left && x < right && y > top && y < bottom;
}

function grown({ left, top, right, bottom }: Rectangle, by: number): Rectangle {
  return { left: left - by, top: top - by, right: right + by, bottom: bottom + by };
}

const names = fc.oneof(
  fc.constantFrom(
    "Chủ tịch Ủy ban nhân dân phường ký văn bản đề nghị Sở Dân tộc và Tôn giáo thành phố Hà Nội",
    "Đăng ký",
    "<b>&\"'</b>",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
  ),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 120 })
    .map((text) => text.normalize("NFC").replace(/\p{Cc}/gu, " "))
    .filter((text) => text.trim() !== ""),
);
const decorated = fc
  .record({
    route: validRoute,
    name: names,
    picks: fc.array(
      fc.record({
        name: names,
        clock: fc.constantFrom(1, 2, 3) as fc.Arbitrary<StepClock>,
        applicant: fc.boolean(),
        internal: fc.nat(3),
        completed: fc.boolean(),
      }),
      { minLength: 1, maxLength: 7 },
    ),
  })
  .map(({ route, name, picks }): RouteRecord => {
    const steps = route.steps.map((step, at) => {
      const pick = picks[at % picks.length]!;
      const isConsult = step.kind === StepKind.STEP_KIND_CONSULT;
      return {
        ...step,
        name: { vi: pick.name, en: "" },
        clock: pick.clock,
        kind: !isConsult && pick.applicant ? StepKind.STEP_KIND_APPLICANT : step.kind,
        deemedConsent: isConsult && pick.completed,
        internalSteps: Array.from({ length: pick.internal }, () => ({
          name: { vi: pick.name, en: "" },
          limit: step.limit,
        })),
      };
    });
    return { ...route, name: { vi: name, en: "" }, steps };
  });

describe("a picture of any route", () => {
  test("shows every step and edge once, boxes apart, text inside, lines around boxes, on the page", () => {
    fc.assert(
      fc.property(validRoute, fc.constantFrom("vi" as const, "en" as const), (route, locale) => {
        expectReadable(route, locale);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test("is valid XML whatever the names are, and the same when drawn again", () => {
    fc.assert(
      fc.property(decorated, (route) => {
        const svg = drawRoute(route, "vi");
        expect(readXml(svg).name).toBe("svg");
        expect(drawRoute(structuredClone(route), "vi")).toBe(svg);
        expectReadable(route, "vi");
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

describe("a picture", () => {
  test("goes on in a new row after four columns, and stays readable on 1,200 pixels", () => {
    for (const count of [1, 2, 4, 5, 6, 13, 64]) {
      const route = chain(count);
      const { boxes, width } = readPicture(drawRoute(route, "vi"));
      expect(width).toBeLessThanOrEqual(1_200);
      const rows = new Map<number, number>();
      for (const [, { top, bottom }] of boxes) {
        const middle = (top + bottom) / 2;
        rows.set(middle, (rows.get(middle) ?? 0) + 1);
      }
      expect(rows.size).toBe(Math.ceil(count / 4));
      // Rows are about as long as each other, none shorter than the last by more than one.
      expect(Math.max(...rows.values()) - Math.min(...rows.values())).toBeLessThanOrEqual(1);
      expectReadable(route, "vi");
    }
  });

  test("never cuts a row inside a fork: it grows", () => {
    const branch = Array.from({ length: 6 }, (_, at) => stepOf(`b${at}`));
    const route = routeOf(
      [
        stepOf("start", { start: true }),
        ...branch,
        stepOf("short"),
        stepOf("join", { joinsFork: "f" }),
        stepOf("end", { end: true }),
      ],
      [
        edgeOf("long", "start", "b0", { fork: "f" }),
        edgeOf("brief", "start", "short", { fork: "f", optional: true }),
        ...branch.slice(1).map(({ id }, at) => edgeOf(`e${at}`, `b${at}`, id)),
        edgeOf("long-in", "b5", "join"),
        edgeOf("brief-in", "short", "join"),
        edgeOf("out", "join", "end"),
      ],
    );
    expect(checkRoute(route)).toEqual([]);
    expect(readPicture(drawRoute(route, "vi")).width).toBeGreaterThan(1_200);
    expectReadable(route, "vi");
  });

  test("draws ways back below, in one row, over several, and past other boxes", () => {
    const route = chain(10);
    const crossing = {
      ...route,
      edges: [
        ...route.edges,
        edgeOf("near", "s1", "s0", back),
        edgeOf("far", "s3", "s0", back),
        edgeOf("up", "s5", "s1", back),
        edgeOf("top", "s9", "s0", back),
        edgeOf("last", "s9", "s8", back),
      ],
    };
    expectReadable(crossing, "en");
    const { boxes, edges } = readPicture(drawRoute(crossing, "en"));
    const lowest = Math.max(...edges.find(([id]) => id === "far")![1].map(({ y }) => y));
    expect(lowest).toBeGreaterThan(Math.max(...boxes.slice(0, 4).map(([, { bottom }]) => bottom)));
  });

  test("hangs opinions below whoever asks, also many, and from several askers", () => {
    const asked = Array.from({ length: 11 }, (_, at) => stepOf(`c${at}`, { kind: StepKind.STEP_KIND_CONSULT }));
    const route = chain(6);
    const asking = {
      ...route,
      steps: [...route.steps, ...asked],
      edges: [
        ...route.edges,
        ...asked.slice(0, 9).map(({ id }, at) => edgeOf(`a${at}`, "s1", id, { ...consult, lead: at === 3 })),
        ...asked.slice(8).map(({ id }, at) => edgeOf(`b${at}`, "s2", id, consult)),
        edgeOf("again", "s3", "c10", consult),
      ],
    };
    expect(checkRoute(asking)).toEqual([]);
    expectReadable(asking, "vi");
    const boxes = new Map(readPicture(drawRoute(asking, "vi")).boxes);
    for (const { id } of asked) expect(boxes.get(id)!.top).toBeGreaterThan(boxes.get("s1")!.bottom);
  });

  test("says what is special in words and explains the signs it uses, and no others", () => {
    const route = routeOf(
      [
        stepOf("ward", { start: true, publicPosting: { hundredths: 1_500, unit: 4, note: "" } }),
        stepOf("opinion", { kind: StepKind.STEP_KIND_CONSULT, deemedConsent: true }),
        stepOf("tax", { clock: StepClock.STEP_CLOCK_OUTSIDE, limitIfVerified: { hundredths: 500, unit: 3, note: "" } }),
        stepOf("payment", { kind: StepKind.STEP_KIND_APPLICANT, clock: StepClock.STEP_CLOCK_PAUSED, limit: undefined }),
        stepOf("end", { end: true }),
      ],
      [
        edgeOf("a", "ward", "tax", { resultCopiedToRoles: ["TAX_OFFICE"] }),
        edgeOf("b", "ward", "opinion", { ...consult, lead: true }),
        edgeOf("c", "tax", "payment"),
        edgeOf("d", "payment", "end"),
      ],
      {
        certain: false,
        composed: true,
        total: { hundredths: 800, unit: 3, note: "" },
        appointments: [{ number: 1, limit: { hundredths: 500, unit: 3, note: "" }, meaning: "" }],
      },
    );
    const words = readPicture(drawRoute(route, "en")).words.replaceAll("\n", " ");
    for (const said of [
      "Overall limit: 8 working days · Appointment 1: 5 working days",
      "Put together from several sources · Parts of it were inferred",
      "1. Step ward Ward People's Committee 2.5 working days",
      "Public posting: 15 calendar days",
      "Result also to: tax office",
      "Silence is consent",
      "Leads",
      "If verified: 5 working days",
      "Outside the overall limit",
      "Time not known",
      "Clock paused",
      "an opinion is asked, the dossier stays",
      "the applicant acts",
    ]) {
      expect(words).toContain(said);
    }
    const plain = readPicture(drawRoute(chain(2), "vi")).words;
    expect(plain).toContain("chuyển hồ sơ");
    for (const absent of ["trả lại bước trước", "lấy ý kiến", "tách nhánh", "ngoài tổng thời hạn", "tạm dừng"]) {
      expect(plain).not.toContain(absent);
    }
  });

  test("is not drawn of a route that breaks its rules", () => {
    expect(() => drawRoute(routeOf([stepOf("a")], []), "vi")).toThrow(RouteInvalidError);
  });
});
