import type { CompiledRoute } from "@lienthong/route";
import type { DossierState } from "../src/index.ts";
import type { Draft } from "./custody-drafts.ts";
import type { Dice } from "./dice.ts";
import { agencies } from "./procedure-fixture.ts";
import { type Says, saying } from "./trail-recorder.ts";

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
    case "forward":
    case "consult": {
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
      // Leaving out a branch is what a fork alone can get wrong.
      if (targets.length > 1 && dice.below(4) === 0) targets.pop();
      else dice.pick(changes)();
      if (what.$case === "forward") return { $case: "forward", value: { branches: targets } };
      const leadBranch = dice.below(3) === 0 ? dice.pick(branchIds) : what.value.leadBranch;
      return { $case: "consult", value: { branches: targets, leadBranch } };
    }
    case "acknowledge":
    case "refuse":
    case "askRecall":
    case "agreeRecall":
    case "refuseRecall": {
      const handoff = what.value.handoff!;
      const other =
        dice.below(2) === 0 ? { ...handoff, forward: head() } : { ...handoff, branch: dice.pick(branchIds) };
      return saying[what.$case](other.forward, other.branch);
    }
    case "complete":
      return saying.complete(step());
    case "join":
      return dice.below(2) === 0
        ? saying.join(dice.pick(branchIds), what.value.step)
        : saying.join(what.value.into, step());
    case "bringSupplement":
      return saying.bringSupplement(head());
    case "resume":
      return dice.below(2) === 0 ? saying.resume(head()) : saying.resume(what.value.pause, []);
    case "assign":
      return dice.below(2) === 0 ? saying.assign("ward-1-desk", 1) : saying.assign("", dice.below(8));
    case "extend":
      return { $case: "extend", value: { ...what.value, dueTime: undefined } };
    case "open":
      return saying.open(new Uint8Array(32).fill(0x20 + dice.below(6)), step(), [dice.pick(route.record.edges).id]);
    default:
      return what;
  }
}
