import { EdgeKind, type RouteEdge } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import type { BranchCustody, CustodyRow, DossierState } from "../src/index.ts";
import type { Dice } from "./dice.ts";
import { agencies, competent } from "./procedure-fixture.ts";
import { type Priors, type Says, saying } from "./trail-recorder.ts";

/** A statement that somebody might make. */
export interface Draft {
  readonly agency: string;
  readonly prior: Priors;
  readonly what: Says;
  /** True if it brings the dossier nearer to its end. */
  readonly onward: boolean;
}

/** Opening at the route's start, by a desk, with or without the optional branches. */
export function openDraft(routeEntry: Uint8Array, route: CompiledRoute, dice: Dice): Draft {
  const start = route.startSteps[0]!;
  const optional = route.record.edges.filter((edge) => edge.optional).map((edge) => edge.id);
  const chosen = optional.filter(() => dice.below(3) === 0);
  const agency = dice.pick(competent[start.role]!);
  return { agency, prior: [], what: saying.open(routeEntry, start.id, chosen), onward: true };
}

/** Branches that a draft may name first. */
export function branchesToActOn(state: DossierState): BranchCustody[] {
  return [...state.branches.values()];
}

/**
 * What one row of the table allows of one branch: every kind of statement that must be accepted, with its author. With
 * `anyway`, what could be said if the table did not look at state and step.
 */
export function draftsOf(
  row: CustodyRow,
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  dice: Dice,
  ceased: ReadonlySet<string>,
  anyway = false,
): Draft[] {
  const author = row.role === "receiver" ? (branch.pending?.receiver ?? "") : branch.holder;
  const prior = [{ branch: branch.branch, head: branch.head }];
  const draft = (what: Says, onward: boolean): Draft => ({ agency: author, prior, what, onward });
  if (row.statement === "join") return joinDrafts(row, branch, state, route, ceased, anyway);
  if (!anyway && (ceased.has(author) || !row.states.includes(branch.state))) return [];
  const step = route.step(branch.step)!;
  const free = anyway || (branch.owedEdge === "" && !waitsForJoin(branch, state, route));
  const done = !step.completionRequired || branch.state === "COMPLETED";
  switch (row.statement) {
    case "acknowledge":
    case "refuse": {
      const forward = branch.pending?.forward ?? branch.head;
      const acknowledges = row.statement === "acknowledge";
      const what = acknowledges ? saying.acknowledge : saying.refuse;
      // Refusals are rarer than acknowledgements, or dossiers would seldom come far.
      return acknowledges || anyway || dice.below(3) === 0 ? [draft(what(forward, branch.branch), acknowledges)] : [];
    }
    case "complete":
      return free ? [draft(saying.complete(branch.step), step.completionRequired)] : [];
    case "return":
      return anyway || (free && done && step.end) ? [draft(saying.return(), true)] : [];
    case "forward":
      return forwardDrafts(branch, state, route, dice, ceased, free, done || anyway).map(({ what, onward }) =>
        draft(what, onward),
      );
    default:
      return [];
  }
}

/** Parent of a branch; undefined for the root. */
function parentOf(branch: BranchCustody, state: DossierState): BranchCustody | undefined {
  return branch.branch === "0" ? undefined : state.branches.get(branch.branch.slice(0, branch.branch.lastIndexOf(".")));
}

function waitsForJoin(branch: BranchCustody, state: DossierState, route: CompiledRoute): boolean {
  const fork = parentOf(branch, state)?.fork;
  return fork != null && branch.owedEdge === "" && route.joinOf(route.edge(fork.edge)!.fork)?.id === branch.step;
}

function forwardDrafts(
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  dice: Dice,
  ceased: ReadonlySet<string>,
  free: boolean,
  done: boolean,
): { what: Says; onward: boolean }[] {
  const drafts: { what: Says; onward: boolean }[] = [];
  const receivers = (edge: RouteEdge) => competent[route.step(edge.to)!.role]!.filter((agency) => !ceased.has(agency));
  const alone = (edge: RouteEdge) => {
    const meeting = meetingPlace(branch, state, route, edge.to);
    const open = receivers(edge).filter((agency) => meeting === undefined || agency === meeting);
    if (open.length === 0) return;
    const what = saying.forward({ branch: branch.branch, step: edge.to, edge: edge.id, agency: dice.pick(open) });
    drafts.push({ what, onward: edge.kind === EdgeKind.EDGE_KIND_FORWARD });
  };
  if (branch.owedEdge !== "") {
    alone(route.edge(branch.owedEdge)!);
    return drafts;
  }
  if (!free || !done) return drafts;
  const edges = route.edgesFrom(branch.step);
  for (const edge of edges) if (edge.fork === "") alone(edge);
  for (const name of new Set(edges.map((edge) => edge.fork).filter((fork) => fork !== ""))) {
    const taken = route
      .fork(branch.step, name)!
      .edges.filter((edge) => !edge.optional || state.chosenEdges.includes(edge.id) || dice.below(4) === 0);
    if (taken.some((edge) => receivers(edge).length === 0)) continue;
    const used = [...state.branches.keys()].filter((id) => id.startsWith(`${branch.branch}.`)).length;
    const what = saying.forward(
      ...taken.map((edge, index) => ({
        branch: `${branch.branch}.${used + index + 1}`,
        step: edge.to,
        edge: edge.id,
        agency: dice.pick(receivers(edge)),
      })),
    );
    drafts.push({ what, onward: true });
  }
  return drafts;
}

/** Who joins the fork that a branch belongs to, if a sibling has gone there before it. */
function meetingPlace(
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  to: string,
): string | undefined {
  const fork = parentOf(branch, state)?.fork;
  if (fork == null || route.joinOf(route.edge(fork.edge)!.fork)?.id !== to) return undefined;
  for (const id of fork.children) {
    const sibling = state.branches.get(id)!;
    if (sibling.branch === branch.branch) continue;
    if (sibling.pending?.step === to) return sibling.pending.receiver;
    if (sibling.step === to && sibling.owedEdge === "") return sibling.holder;
  }
  return undefined;
}

/** Joining what a branch was forked into: allowed once every child waits at the joining step. */
function joinDrafts(
  row: CustodyRow,
  parent: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  ceased: ReadonlySet<string>,
  anyway: boolean,
): Draft[] {
  const ever = [...state.branches.values()].filter((branch) => parentOf(branch, state) === parent);
  const children = parent.fork?.children.map((id) => state.branches.get(id)!) ?? (anyway ? ever : []);
  const first = children[0];
  if (first === undefined) return [];
  const name = route.edge(parent.fork?.edge ?? "")?.fork ?? "";
  const step = route.joinOf(name)?.id ?? first.step;
  const arrived = children.every(
    (child) => row.states.includes(child.state) && child.step === step && child.owedEdge === "",
  );
  if (!anyway && (!arrived || ceased.has(first.holder))) return [];
  const prior = children.map(({ branch, head }) => ({ branch, head }));
  return [{ agency: first.holder, prior, what: saying.join(parent.branch, step), onward: true }];
}

/** A draft with one thing wrong with it (now and then it happens to be right all the same). */
export function mutated(
  draft: Draft,
  dice: Dice,
  state: DossierState | null,
  route: CompiledRoute,
  headsSeen: readonly Uint8Array[],
): Draft {
  const { what, prior } = draft;
  const head = () => (headsSeen.length > 0 && dice.below(5) > 0 ? dice.pick(headsSeen) : new Uint8Array(32));
  const branchIds = [...(state?.branches.keys() ?? []), "0.77"];
  const general: (() => Draft)[] = [
    () => ({ ...draft, agency: dice.pick([...agencies, "nobody-knows"]) }),
    () => ({ ...draft, prior: prior.map((item) => ({ ...item, head: head() })) }),
    () => ({ ...draft, prior: prior.map((item) => ({ ...item, branch: dice.pick(branchIds) })) }),
    () => ({ ...draft, prior: [...prior, ...prior] }),
    () => ({ ...draft, prior: prior.slice(1) }),
  ];
  const special = [0, 1, 2].map(() => () => ({ ...draft, what: mutatedWhat(what, dice, route, branchIds, head) }));
  return dice.pick([...general, ...special])();
}

function mutatedWhat(what: Says, dice: Dice, route: CompiledRoute, branchIds: string[], head: () => Uint8Array): Says {
  const step = () => dice.pick(route.record.steps).id;
  switch (what.$case) {
    case "forward": {
      const targets = what.value.branches.map((target) => ({ ...target }));
      const target = dice.pick(targets);
      const edge = dice.pick(route.record.edges);
      const changes: (() => void)[] = [
        () => Object.assign(target, { edge: edge.id, step: edge.to }),
        () => Object.assign(target, { step: step() }),
        () => Object.assign(target, { receiver: { agency: dice.pick([...agencies, "nobody-knows"]), unit: "" } }),
        () => Object.assign(target, { branch: dice.pick(branchIds) }),
        () => Object.assign(target, { branch: `${target.branch}.1` }),
        () => targets.splice(targets.indexOf(target), targets.length > 1 ? 1 : 0),
        () => targets.push({ ...dice.pick(targets), branch: dice.pick([...branchIds, `${target.branch}9`]) }),
      ];
      dice.pick(changes)();
      return { $case: "forward", value: { branches: targets } };
    }
    case "acknowledge":
    case "refuse": {
      const handoff = what.value.handoff!;
      const other =
        dice.below(2) === 0 ? { ...handoff, forward: head() } : { ...handoff, branch: dice.pick(branchIds) };
      return what.$case === "acknowledge"
        ? saying.acknowledge(other.forward, other.branch)
        : saying.refuse(other.forward, other.branch);
    }
    case "complete":
      return saying.complete(step());
    case "join":
      return dice.below(2) === 0
        ? saying.join(dice.pick(branchIds), what.value.step)
        : saying.join(what.value.into, step());
    case "open":
      return saying.open(new Uint8Array(32).fill(0x20 + dice.below(5)), step(), [dice.pick(route.record.edges).id]);
    default:
      return what;
  }
}
