import { describe, expect, test } from "vitest";
import { hasEnded, openBranchesMax, readableBranches } from "../src/index.ts";
import { routes } from "./procedure-fixture.ts";
import { Story } from "./story.ts";
import { saying, type Target } from "./trail-recorder.ts";

const [, group, , permit] = routes;

const plan: Target = { branch: "0.1", step: "opinion", edge: "ask-opinion", agency: "district-1" };
const site: Target = { branch: "0.2", step: "site-opinion", edge: "ask-site", agency: "police-1" };

/** A permit that department-1 appraises; opinions asked of district-1 (0.1) and police-1 (0.2). */
function asked(leadBranch = "0.1") {
  const story = new Story();
  story.accepted("ward-1", [], saying.open(permit.entry, "receive"));
  story.moved("0", "appraise", "to-appraise", "department-1");
  return { story, consult: story.accepted("department-1", ["0"], saying.consult(leadBranch, plan, site)) };
}

describe("opinions asked of two agencies, one of which leads", () => {
  test("the asker goes on working, and each opinion ends its branch and reaches the asker and who leads", () => {
    const { story, consult } = asked();
    expect(story.reached).toEqual(["district-1 receiver", "police-1 receiver"]);
    expect(story.custody("0")).toBe("WORKING department-1 @appraise");
    expect(story.branch("0").consulted).toEqual(["0.1", "0.2"]);
    expect(story.custody("0.1")).toBe("HANDED_OVER department-1 @appraise");

    story.accepted("police-1", ["0.2"], saying.acknowledge(consult, "0.2"));
    expect(story.custody("0.2")).toBe("WORKING police-1 @site-opinion");
    story.accepted("police-1", ["0.2"], saying.complete("site-opinion", ["ward-2"]));
    expect(story.custody("0.2")).toBe("JOINED nobody @site-opinion");
    expect(story.reached).toEqual(["department-1 copy", "district-1 copy", "ward-2 copy"]);

    story.accepted("district-1", ["0.1"], saying.acknowledge(consult, "0.1"));
    story.accepted("district-1", ["0.1"], saying.complete("opinion"));
    expect(story.reached).toEqual(["department-1 copy"]);
    expect(story.branch("0").consulted).toEqual([]);
    // The opinions moved nothing of the main branch: what was signed on its head is as good as before.
    expect(story.branch("0").head).toEqual(consult);
    expect(readableBranches(story.dossier.state!, "police-1").map(({ branch }) => branch)).toEqual(["0.2"]);
  });

  test("where the leading agency declines, the asker leads until another agency is offered the lead", () => {
    const { story, consult } = asked();
    const lead = () => ["0.1", "0.2"].map((branch) => story.branch(branch).consultation?.lead);
    expect(lead()).toEqual(["district-1", "district-1"]);
    story.accepted("district-1", ["0.1"], saying.refuse(consult, "0.1"));
    expect(story.reached).toEqual(["department-1 sender"]);
    expect(story.custody("0.1")).toBe("WORKING department-1 @appraise");
    expect(lead()).toEqual(["department-1", "department-1"]);
    for (const what of [saying.complete("appraise"), saying.consult("", { ...plan, branch: "0.1.1" })]) {
      expect(story.decision("department-1", ["0.1"], what)).toMatchObject({ reason: "STEP_OUT_OF_TURN" });
    }
    const again = saying.forward({ ...plan, agency: "department-1" });
    const forward = story.accepted("department-1", ["0.1"], again);
    expect(lead()).toEqual(["department-1", "department-1"]);
    story.accepted("department-1", ["0.1"], saying.askRecall(forward, "0.1"));
    story.accepted("department-1", ["0.1"], saying.agreeRecall(forward, "0.1"));
    story.accepted("department-1", ["0.1"], saying.forward(plan));
    expect(lead()).toEqual(["district-1", "district-1"]);
    story.accepted("department-1", ["0.1"], saying.stop());
    expect(story.reached).toEqual(["district-1 copy", "ward-1 copy"]);
    expect(story.branch("0.2").consultation?.lead).toBe("department-1");
  });

  test("where nobody is named to lead, the asker does", () => {
    const { story } = asked("");
    expect(story.branch("0.1").consultation).toEqual({ asker: "department-1", leadBranch: "", lead: "department-1" });
  });

  test("an opinion is asked along an edge for it, of a competent agency, under a new id; the leading branch is one of them", () => {
    const { story } = asked();
    const third = { ...site, branch: "0.3" };
    const cases = [
      [saying.consult("", { ...third, branch: "0.2" }), "BRANCH_INVALID", "branches[0].branch"],
      [saying.consult("", third, third), "BRANCH_INVALID", "branches[1].branch"],
      [saying.consult("", { ...third, edge: "to-pay", step: "pay" }), "STEP_OUT_OF_TURN", "branches[0].edge"],
      [saying.consult("", { ...third, step: "opinion" }), "STEP_OUT_OF_TURN", "branches[0].step"],
      [saying.consult("", { ...third, agency: "ward-1" }), "AGENCY_NOT_COMPETENT", "branches[0].receiver.agency"],
      [saying.consult("0.1", third), "BRANCH_INVALID", "lead_branch"],
    ] as const;
    for (const [what, reason, field] of cases) {
      expect(story.decision("department-1", ["0"], what)).toMatchObject({
        reason,
        field: `statement.consult.${field}`,
      });
    }
    const along = saying.forward({ branch: "0", step: "site-opinion", edge: "ask-site", agency: "police-1" });
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    expect(story.decision("department-1", ["0"], along)).toMatchObject({ reason: "STEP_OUT_OF_TURN" });
  });

  test("a dossier has no more open branches than a withdrawal can name", () => {
    const { story } = asked();
    const some = (from: number, count: number) =>
      saying.consult("", ...Array.from({ length: count }, (_, index) => ({ ...site, branch: `0.${from + index}` })));
    story.accepted("department-1", ["0"], some(3, openBranchesMax - 3));
    expect(story.decision("department-1", ["0"], some(100, 1))).toMatchObject({
      reason: "FIELD_INVALID",
      field: "statement.consult.branches",
    });
    const all = [...story.dossier.state!.branches.keys()];
    expect(all).toHaveLength(openBranchesMax);
    story.accepted("ward-1", all, saying.withdraw());
    expect(hasEnded(story.dossier.state!)).toBe(true);
  });
});

describe("an opinion that is late", () => {
  test("does not hold up the lead agency: it completes, forwards, and the opinion still arrives at who asked", () => {
    const { story, consult } = asked("");
    story.accepted("police-1", ["0.2"], saying.acknowledge(consult, "0.2"));
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    story.moved("0", "pay", "to-pay", "ward-1");
    story.accepted("police-1", ["0.2"], saying.complete("site-opinion"));
    expect(story.reached).toEqual(["department-1 copy"]);
  });

  test("ends with the result, and everybody who waits for it or works on it hears of that", () => {
    const { story, consult } = asked();
    story.accepted("police-1", ["0.2"], saying.acknowledge(consult, "0.2"));
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    story.moved("0", "pay", "to-pay", "ward-2");
    story.moved("0", "permit", "to-permit", "department-2");
    story.moved("0", "hand-back", "to-hand-back", "ward-2");
    const returned = story.accepted("ward-2", ["0"], saying.return());
    expect(["0", "0.1", "0.2"].map((branch) => story.branch(branch).state)).toEqual(["RETURNED", "STOPPED", "STOPPED"]);
    expect(story.branch("0.2").head).toEqual(returned);
    expect(story.reached).toEqual(["department-1 sender", "district-1 copy", "police-1 copy", "ward-1 copy"]);
    expect(hasEnded(story.dossier.state!)).toBe(true);
    const late = story.statement("police-1", ["0.2"], saying.complete("site-opinion"));
    expect(story.dossier.decide(late, story.rules)).toMatchObject({
      reason: "STATE_FORBIDS",
      decidedBy: story.dossier.state!.number,
    });
  });

  test("ends with the work that it was asked for, opinions asked for it in turn included", () => {
    const { story, consult } = asked();
    story.accepted("district-1", ["0.1"], saying.acknowledge(consult, "0.1"));
    const detail = { branch: "0.1.1", step: "detail", edge: "ask-detail", agency: "insurance-1" };
    story.accepted("district-1", ["0.1"], saying.consult("", detail));
    story.accepted("department-1", ["0"], saying.stop());
    const states = ["0", "0.1", "0.1.1", "0.2"].map((branch) => story.branch(branch).state);
    expect(states).toEqual(["STOPPED", "STOPPED", "STOPPED", "STOPPED"]);
    expect(story.reached).toEqual(["district-1 sender", "insurance-1 copy", "police-1 copy", "ward-1 copy"]);
  });

  test("goes on with the branch that the asking one became part of", () => {
    const { story, consult } = asked("");
    story.accepted("district-1", ["0.1"], saying.acknowledge(consult, "0.1"));
    const detail = { branch: "0.1.1", step: "detail", edge: "ask-detail", agency: "insurance-1" };
    story.accepted("district-1", ["0.1"], saying.consult("", detail));
    story.accepted("district-1", ["0.1"], saying.complete("opinion"));
    expect(story.branch("0").consulted).toEqual(["0.2", "0.1.1"]);
    story.accepted("department-1", ["0"], saying.stop());
    expect(story.branch("0.1.1").state).toBe("STOPPED");
    expect(story.branch("0.1").state).toBe("JOINED");
  });
});

test("an opinion asked inside a fork outlives the join", () => {
  const story = new Story();
  story.accepted("ward-1", [], saying.open(group.entry, "receive"));
  story.moved("0", "certify", "to-certify", "ward-1");
  story.accepted(
    "ward-1",
    ["0"],
    saying.consult("", { branch: "0.1", step: "certify-opinion", edge: "ask-certify", agency: "department-2" }),
  );
  story.accepted("ward-1", ["0"], saying.complete("certify"));
  const fork = story.accepted(
    "ward-1",
    ["0"],
    saying.forward(
      { branch: "0.2", step: "residence", edge: "to-residence", agency: "police-2" },
      { branch: "0.3", step: "insurance", edge: "to-insurance", agency: "ward-2" },
    ),
  );
  story.accepted("police-2", ["0.2"], saying.acknowledge(fork, "0.2"));
  story.accepted("ward-2", ["0.3"], saying.acknowledge(fork, "0.3"));
  const opinion = { branch: "0.2.1", step: "residence-opinion", edge: "ask-residence", agency: "district-1" };
  story.accepted("police-2", ["0.2"], saying.consult("", opinion));
  story.moved("0.2", "residence-check", "to-check", "police-2");
  story.accepted("police-2", ["0.2"], saying.complete("residence-check"));
  story.moved("0.2", "collect", "residence-done", "ward-1");
  story.moved("0.3", "collect", "insurance-done", "ward-1");
  // Opinions are asked before or after the meeting, and date and unit may change while one waits.
  story.accepted("ward-1", ["0.3"], saying.extend());
  story.accepted("ward-1", ["0.2", "0.3"], saying.join("0", "collect"));
  expect(story.branch("0").consulted).toEqual(["0.1", "0.2.1"]);
  const given = story.branch("0.2.1").pending!.forward;
  story.accepted("district-1", ["0.2.1"], saying.acknowledge(given, "0.2.1"));
  story.accepted("district-1", ["0.2.1"], saying.complete("residence-opinion"));
  expect(story.reached).toEqual(["police-2 copy"]);
});
