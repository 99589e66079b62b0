import { TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import {
  EdgeKind,
  type RouteEdge,
  type RouteRecord,
  type RouteStep,
  StepClock,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";
import fc from "fast-check";

export function stepOf(id: string, given: Partial<RouteStep> = {}): RouteStep {
  return {
    id,
    name: { vi: `Bước ${id}`, en: `Step ${id}` },
    role: "WARD_PC",
    kind: StepKind.STEP_KIND_WORK,
    clock: StepClock.STEP_CLOCK_RUNNING,
    limit: { hundredths: 250, unit: TimeUnit.TIME_UNIT_WORKING_DAY, note: "" },
    limitIfVerified: undefined,
    publicPosting: undefined,
    start: false,
    end: false,
    completionRequired: false,
    joinsFork: "",
    deemedConsent: false,
    internalSteps: [],
    ...given,
  };
}

export function edgeOf(id: string, from: string, to: string, given: Partial<RouteEdge> = {}): RouteEdge {
  return {
    id,
    from,
    to,
    kind: EdgeKind.EDGE_KIND_FORWARD,
    fork: "",
    optional: false,
    lead: false,
    resultCopiedToRoles: [],
    ...given,
  };
}

export function routeOf(steps: RouteStep[], edges: RouteEdge[], given: Partial<RouteRecord> = {}): RouteRecord {
  return {
    id: "route",
    version: 1,
    procedure: "procedure",
    name: { vi: "Quy trình", en: "Route" },
    steps,
    edges,
    total: undefined,
    appointments: [],
    handoffRules: undefined,
    composed: false,
    certain: true,
    source: "",
    note: "",
    ...given,
  };
}

/** A part of a route with one way in and one way out. */
type Block =
  | { readonly kind: "step"; readonly consulted: boolean }
  | { readonly kind: "sequence"; readonly blocks: readonly Block[] }
  | { readonly kind: "fork"; readonly branches: readonly Block[]; readonly optionalBranches: number };

const block = fc.letrec<{ block: Block; step: Block; sequence: Block; fork: Block }>((tie) => ({
  step: fc.record({ kind: fc.constant("step" as const), consulted: fc.boolean() }),
  sequence: fc.record({
    kind: fc.constant("sequence" as const),
    blocks: fc.array(tie("block"), { minLength: 2, maxLength: 3 }),
  }),
  fork: fc.record({
    kind: fc.constant("fork" as const),
    branches: fc.array(tie("block"), { minLength: 2, maxLength: 3 }),
    optionalBranches: fc.nat({ max: 1 }),
  }),
  block: fc.oneof({ maxDepth: 2, depthSize: "small" }, tie("step"), tie("sequence"), tie("fork")),
})).block;

/**
 * Valid routes by construction: sequences and nested forks of steps, some of which ask opinions, and ways back that stay inside
 * one fork. Every step has one way in, so every start, edge and join is needed.
 */
export const validRoute: fc.Arbitrary<RouteRecord> = fc
  .record({ blocks: fc.array(block, { minLength: 1, maxLength: 3 }), backs: fc.array(fc.nat(), { maxLength: 3 }) })
  .map(({ blocks, backs }) => build(blocks, backs))
  .filter((route) => route.steps.length <= 64 && route.edges.length <= 128);

function build(blocks: readonly Block[], backs: readonly number[]): RouteRecord {
  const steps: RouteStep[] = [];
  const edges: RouteEdge[] = [];
  const candidates: [string, string][] = [];
  let forks = 0;
  const addStep = (given: Partial<RouteStep> = {}): string => {
    const id = `s${steps.length}`;
    steps.push(stepOf(id, given));
    return id;
  };
  const addEdge = (from: string, to: string, given: Partial<RouteEdge> = {}): void => {
    edges.push(edgeOf(`e${edges.length}`, from, to, given));
  };
  const place = (part: Block): { first: string; last: string } => {
    if (part.kind === "step") {
      const id = addStep();
      if (part.consulted)
        addEdge(id, addStep({ kind: StepKind.STEP_KIND_CONSULT }), { kind: EdgeKind.EDGE_KIND_CONSULT });
      return { first: id, last: id };
    }
    if (part.kind === "sequence") return sequence(part.blocks.map(place));
    const first = addStep();
    const fork = `f${forks++}`;
    const branches = part.branches.map(place);
    const last = addStep({ joinsFork: fork });
    for (const [at, branch] of branches.entries()) {
      addEdge(first, branch.first, { fork, optional: at < part.optionalBranches, lead: at === 0 });
      addEdge(branch.last, last);
    }
    candidates.push([last, first]);
    return { first, last };
  };
  const sequence = (parts: { first: string; last: string }[]): { first: string; last: string } => {
    for (const [at, part] of parts.slice(1).entries()) {
      addEdge(parts[at]!.last, part.first);
      candidates.push([part.first, parts[at]!.last]);
    }
    return { first: parts[0]!.first, last: parts.at(-1)!.last };
  };
  const whole = sequence(
    [addStep({ start: true }), ...blocks.map(place)].map((part) =>
      typeof part === "string" ? { first: part, last: part } : part,
    ),
  );
  const end = addStep({ end: true });
  addEdge(whole.last, end);
  for (const pick of backs) {
    const [from, to] = candidates[pick % candidates.length]!;
    addEdge(from, to, { kind: EdgeKind.EDGE_KIND_BACK });
  }
  return routeOf(steps, edges);
}
