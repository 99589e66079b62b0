import { TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import { EdgeKind, type RouteRecord, StepKind } from "@lienthong/contracts/registry/v1/route";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRoute, compileRoute, explainRoute, formatRouteProblem, RouteInvalidError } from "../src/index.ts";
import { edgeOf, routeOf, stepOf, validRoute } from "./valid-route.ts";

const { EDGE_KIND_FORWARD, EDGE_KIND_BACK, EDGE_KIND_CONSULT } = EdgeKind;

/** ward, two branches, join; then back and on. */
function forked(): RouteRecord {
  return routeOf(
    [
      stepOf("ward", { start: true }),
      stepOf("police"),
      stepOf("insurance"),
      stepOf("collect", { joinsFork: "cards" }),
      stepOf("return", { end: true }),
    ],
    [
      edgeOf("to-police", "ward", "police", { fork: "cards" }),
      edgeOf("to-insurance", "ward", "insurance", { fork: "cards", optional: true }),
      edgeOf("police-back", "police", "collect"),
      edgeOf("insurance-back", "insurance", "collect"),
      edgeOf("on", "collect", "return"),
    ],
  );
}

function codesOf(route: RouteRecord): string[] {
  return [...new Set(checkRoute(route).map(({ code }) => code))].sort();
}

describe("checkRoute", () => {
  test("finds nothing in a route with a fork, a join, an optional branch, a consultation and a way back", () => {
    const route = forked();
    route.steps.push(stepOf("opinion", { kind: StepKind.STEP_KIND_CONSULT, deemedConsent: true }));
    route.edges.push(edgeOf("ask", "collect", "opinion", { kind: EDGE_KIND_CONSULT }));
    route.edges.push(edgeOf("again", "return", "ward", { kind: EDGE_KIND_BACK }));
    expect(checkRoute(route)).toEqual([]);
  });

  const cases: [string, string[], (route: RouteRecord) => void][] = [
    ["two steps of one id", ["STEP_ID_DUPLICATE"], (route) => void route.steps.push(stepOf("ward"))],
    ["two edges of one id", ["EDGE_ID_DUPLICATE"], (route) => void route.edges.push(edgeOf("on", "collect", "return"))],
    [
      "an edge to a step that is not there",
      ["EDGE_STEP_UNKNOWN"],
      (route) => void route.edges.push(edgeOf("x", "ward", "court")),
    ],
    [
      "an edge from a step to itself",
      ["EDGE_TO_ITSELF"],
      (route) => void route.edges.push(edgeOf("x", "ward", "ward")),
    ],
    [
      "no start",
      ["START_MISSING"],
      (route) => {
        route.steps[0]!.start = false;
      },
    ],
    [
      "no end",
      ["END_MISSING"],
      (route) => {
        route.steps[4]!.end = false;
      },
    ],
    [
      "an end that no start reaches",
      ["END_UNREACHABLE", "STEP_DEAD_END", "STEP_UNREACHABLE"],
      (route) => void route.edges.splice(4, 1),
    ],
    [
      "a step nothing leads to",
      ["STEP_UNREACHABLE"],
      (route) => {
        route.steps.push(stepOf("island"));
        route.edges.push(edgeOf("x", "island", "return"));
      },
    ],
    [
      "a step nothing leaves",
      ["STEP_DEAD_END"],
      (route) => {
        route.steps.push(stepOf("sink"));
        route.edges.push(edgeOf("x", "ward", "sink"));
      },
    ],
    ["forward edges in a circle", ["FORWARD_CYCLE"], (route) => void route.edges.push(edgeOf("x", "return", "ward"))],
    [
      "a back edge that leads on",
      ["BACK_EDGE_NOT_BACK"],
      (route) => void route.edges.push(edgeOf("x", "ward", "return", { kind: EDGE_KIND_BACK })),
    ],
    [
      "a back edge out of a fork",
      ["BACK_EDGE_CROSSES_FORK"],
      (route) => void route.edges.push(edgeOf("x", "police", "ward", { kind: EDGE_KIND_BACK })),
    ],
    [
      "a back edge into a fork",
      ["BACK_EDGE_CROSSES_FORK"],
      (route) => void route.edges.push(edgeOf("x", "return", "police", { kind: EDGE_KIND_BACK })),
    ],
    [
      "a fork nobody joins",
      ["FORK_NOT_JOINED"],
      (route) => {
        route.steps[3]!.joinsFork = "";
      },
    ],
    [
      "a fork that two steps join",
      ["FORK_JOINED_TWICE"],
      (route) => {
        route.steps[4]!.joinsFork = "cards";
      },
    ],
    [
      "a join of no fork",
      ["JOIN_UNKNOWN_FORK"],
      (route) => {
        route.steps[4]!.joinsFork = "papers";
      },
    ],
    [
      "a fork of one edge",
      ["FORK_TOO_FEW_EDGES"],
      (route) => {
        route.edges[1]!.fork = "";
      },
    ],
    [
      "a fork all of whose edges are optional",
      ["FORK_ALL_OPTIONAL"],
      (route) => {
        route.edges[0]!.optional = true;
      },
    ],
    [
      "a fork with two leads",
      ["FORK_SEVERAL_LEADS"],
      (route) => {
        route.edges[0]!.lead = true;
        route.edges[1]!.lead = true;
      },
    ],
    [
      "a fork that leaves two steps",
      ["FORK_LEAVES_SEVERAL_STEPS"],
      (route) => {
        route.edges[2]!.fork = "cards";
      },
    ],
    [
      "a fork edge that goes back",
      ["FORK_EDGE_KIND"],
      (route) => {
        route.edges[0]!.kind = EDGE_KIND_BACK;
      },
    ],
    [
      "an end inside a fork",
      ["END_INSIDE_FORK"],
      (route) => {
        route.steps[1]!.end = true;
      },
    ],
    [
      "a start inside a fork",
      ["START_INSIDE_FORK"],
      (route) => {
        route.steps[1]!.start = true;
      },
    ],
    [
      "a branch that passes the join by",
      ["BRANCH_MISSES_JOIN", "END_INSIDE_FORK"],
      (route) => {
        route.edges[2]!.to = "return";
      },
    ],
    [
      "an edge into the middle of a fork",
      ["FORK_ENTERED_FROM_OUTSIDE"],
      (route) => void route.edges.push(edgeOf("x", "ward", "police")),
    ],
    [
      "an edge to the join past the fork",
      ["JOIN_ENTERED_FROM_OUTSIDE"],
      (route) => void route.edges.push(edgeOf("x", "ward", "collect")),
    ],
    [
      "an optional edge of no fork",
      ["OPTIONAL_WITHOUT_FORK"],
      (route) => {
        route.edges[4]!.optional = true;
      },
    ],
    [
      "a lead of no fork",
      ["LEAD_WITHOUT_FORK"],
      (route) => {
        route.edges[4]!.lead = true;
      },
    ],
    [
      "an opinion asked of a step that works",
      ["CONSULT_EDGE_TARGET"],
      (route) => void route.edges.push(edgeOf("x", "ward", "return", { kind: EDGE_KIND_CONSULT })),
    ],
    [
      "a dossier forwarded to a step that gives opinions",
      ["CONSULT_STEP_ENTRY"],
      (route) => {
        route.steps.push(stepOf("opinion", { kind: StepKind.STEP_KIND_CONSULT }));
        route.edges.push(edgeOf("x", "ward", "opinion"));
      },
    ],
    [
      "an opinion that forwards",
      ["CONSULT_STEP_EXIT"],
      (route) => {
        route.steps.push(stepOf("opinion", { kind: StepKind.STEP_KIND_CONSULT }));
        route.edges.push(edgeOf("x", "ward", "opinion", { kind: EDGE_KIND_CONSULT }), edgeOf("y", "opinion", "return"));
      },
    ],
    [
      "an opinion that ends",
      ["CONSULT_STEP_FLAG"],
      (route) => {
        route.steps.push(stepOf("opinion", { kind: StepKind.STEP_KIND_CONSULT, end: true }));
        route.edges.push(edgeOf("x", "ward", "opinion", { kind: EDGE_KIND_CONSULT }));
      },
    ],
    [
      "consent by silence without a limit",
      ["DEEMED_CONSENT_WITHOUT_LIMIT"],
      (route) => {
        route.steps[1]!.deemedConsent = true;
        route.steps[1]!.limit = undefined;
      },
    ],
    [
      "two appointments of one number",
      ["APPOINTMENT_DUPLICATE"],
      (route) => {
        const limit = { hundredths: 500, unit: TimeUnit.TIME_UNIT_WORKING_DAY, note: "" };
        route.appointments.push({ number: 1, limit, meaning: "" }, { number: 1, limit, meaning: "" });
      },
    ],
  ];
  test.each(cases)("refuses %s", (_what, codes, spoil) => {
    const route = forked();
    spoil(route);
    expect(codesOf(route)).toEqual(expect.arrayContaining(codes));
    for (const problem of checkRoute(route)) expect(problem.message).toMatch(/\S/);
  });

  test("refuses forks that cross: an outer fork is joined after the inner one", () => {
    const route = routeOf(
      [
        stepOf("a", { start: true }),
        stepOf("b"),
        stepOf("c"),
        stepOf("d"),
        stepOf("e"),
        stepOf("outer", { joinsFork: "outer" }),
        stepOf("inner", { joinsFork: "inner", end: true }),
      ],
      [
        edgeOf("ab", "a", "b", { fork: "outer" }),
        edgeOf("ac", "a", "c", { fork: "outer" }),
        edgeOf("bd", "b", "d", { fork: "inner" }),
        edgeOf("be", "b", "e", { fork: "inner" }),
        edgeOf("c-outer", "c", "outer"),
        edgeOf("d-outer", "d", "outer"),
        edgeOf("e-outer", "e", "outer"),
        edgeOf("outer-inner", "outer", "inner"),
      ],
    );
    expect(codesOf(route)).toContain("FORKS_CROSS");
  });

  const fields: [string, string, (route: RouteRecord) => void][] = [
    [
      "an id in capitals",
      "id",
      (route) => {
        route.id = "Route";
      },
    ],
    [
      "version 0",
      "version",
      (route) => {
        route.version = 0;
      },
    ],
    [
      "no procedure",
      "procedure",
      (route) => {
        route.procedure = "";
      },
    ],
    [
      "no name",
      "name",
      (route) => {
        route.name = undefined;
      },
    ],
    [
      "a name that is not in normalisation form C",
      "name.vi",
      (route) => {
        route.name = { vi: "Quy trình".normalize("NFD"), en: "" };
      },
    ],
    [
      "a name with a line break",
      "steps[1].name.en",
      (route) => {
        route.steps[1]!.name = { vi: "Bước", en: "a\nb" };
      },
    ],
    [
      "a role in small letters",
      "steps[2].role",
      (route) => {
        route.steps[2]!.role = "ward_police";
      },
    ],
    [
      "an unspecified kind",
      "steps[1].kind",
      (route) => {
        route.steps[1]!.kind = StepKind.STEP_KIND_UNSPECIFIED;
      },
    ],
    [
      "an unknown edge kind",
      "edges[4].kind",
      (route) => {
        route.edges[4]!.kind = 9 as EdgeKind;
      },
    ],
    [
      "a limit beyond its bound",
      "steps[1].limit.hundredths",
      (route) => {
        route.steps[1]!.limit!.hundredths = 100_001;
      },
    ],
    [
      "a limit without a unit",
      "total.unit",
      (route) => {
        route.total = { hundredths: 1, unit: TimeUnit.TIME_UNIT_UNSPECIFIED, note: "" };
      },
    ],
    [
      "a note that is too long",
      "note",
      (route) => {
        route.note = "ư".repeat(2_001);
      },
    ],
    [
      "too many copies of a result",
      "edges[4].result_copied_to_roles",
      (route) => {
        route.edges[4]!.resultCopiedToRoles = Array(9).fill("A");
      },
    ],
    ["65 steps", "steps", (route) => void route.steps.push(...Array.from({ length: 60 }, (_, at) => stepOf(`x${at}`)))],
  ];
  test.each(fields)("refuses %s and names the place", (_what, place, spoil) => {
    const route = forked();
    spoil(route);
    expect(checkRoute(route).map(formatRouteProblem)).toEqual(
      expect.arrayContaining([expect.stringMatching(new RegExp(`^${place.replace(/[[\].]/g, "\\$&")}: `))]),
    );
  });

  test("a name of 400 characters is counted in characters, not in bytes", () => {
    expect(checkRoute(routeOf(forked().steps, forked().edges, { name: { vi: "ữ".repeat(400), en: "" } }))).toEqual([]);
  });
});

describe("any valid route", () => {
  test("passes the check, compiles, and every lookup answers from the record", () => {
    fc.assert(
      fc.property(validRoute, (route) => {
        expect(checkRoute(route)).toEqual([]);
        const compiled = compileRoute(route);
        for (const step of route.steps) {
          expect(compiled.step(step.id)).toBe(step);
          expect(compiled.edgesFrom(step.id)).toEqual(route.edges.filter(({ from }) => from === step.id));
          if (step.joinsFork !== "") expect(compiled.joinOf(step.joinsFork)).toBe(step);
        }
        for (const edge of route.edges) {
          expect(compiled.edge(edge.id)).toBe(edge);
          const fork = compiled.fork(edge.from, edge.fork);
          if (edge.fork === "") expect(fork).toBeUndefined();
          else expect(fork?.required.includes(edge)).toBe(!edge.optional);
        }
        expect(explainRoute(route, "vi").split("\n\n")).toHaveLength(route.steps.length + 1);
      }),
    );
  });

  test("without any one of its steps, a problem names the step", () => {
    fc.assert(
      fc.property(validRoute, fc.nat(), (route, pick) => {
        const [removed] = route.steps.splice(pick % route.steps.length, 1);
        expect(checkRoute(route).some(({ elements }) => elements.includes(removed!.id))).toBe(true);
      }),
    );
  });

  test("without any one forward edge, a problem names the step it led to or the fork it was of", () => {
    fc.assert(
      fc.property(validRoute, fc.nat(), (route, pick) => {
        const forward = route.edges.filter(({ kind }) => kind === EDGE_KIND_FORWARD);
        const removed = forward[pick % forward.length]!;
        // A branch less is still a fork, and a way into a join is missed where it began.
        const named = [removed.to, removed.from, removed.fork].filter((id) => id !== "");
        route.edges.splice(route.edges.indexOf(removed), 1);
        expect(checkRoute(route).some(({ elements }) => elements.some((id) => named.includes(id)))).toBe(true);
      }),
    );
  });

  test("without its start, its end, or a join, a problem says so", () => {
    fc.assert(
      fc.property(validRoute, (route) => {
        for (const step of route.steps) {
          if (step.joinsFork === "") continue;
          const fork = step.joinsFork;
          step.joinsFork = "";
          expect(
            checkRoute(route).some(({ code, elements }) => code === "FORK_NOT_JOINED" && elements.includes(fork)),
          ).toBe(true);
          step.joinsFork = fork;
        }
        route.steps[0]!.start = false;
        route.steps.at(-1)!.end = false;
        expect(codesOf(route)).toEqual(expect.arrayContaining(["START_MISSING", "END_MISSING"]));
      }),
    );
  });

  test("with a back edge turned forward, the circle is named", () => {
    fc.assert(
      fc.property(validRoute, (route) => {
        const back = route.edges.find(({ kind }) => kind === EDGE_KIND_BACK);
        fc.pre(back !== undefined);
        back.kind = EDGE_KIND_FORWARD;
        expect(codesOf(route)).toContain("FORWARD_CYCLE");
      }),
    );
  });
});

describe("compileRoute", () => {
  test("throws an error that names every problem of a broken route", () => {
    const route = forked();
    route.steps[2]!.role = "";
    route.steps[3]!.joinsFork = "";
    expect(() => compileRoute(route)).toThrow(RouteInvalidError);
    expect(() => compileRoute(route)).toThrow(/steps\[2\]\.role[\s\S]*cards/);
  });

  test("answers nothing, rather than something else, for ids it does not know", () => {
    const compiled = compileRoute(forked());
    expect(compiled.step("x")).toBeUndefined();
    expect(compiled.edge("x")).toBeUndefined();
    expect(compiled.edgesFrom("x")).toEqual([]);
    expect(compiled.fork("police", "cards")).toBeUndefined();
    expect(compiled.fork("ward", "")).toBeUndefined();
    expect(compiled.joinOf("")).toBeUndefined();
    expect(compiled.startSteps.map(({ id }) => id)).toEqual(["ward"]);
    expect(compiled.endSteps.map(({ id }) => id)).toEqual(["return"]);
    expect(compiled.fork("ward", "cards")?.required.map(({ id }) => id)).toEqual(["to-police"]);
  });
});
