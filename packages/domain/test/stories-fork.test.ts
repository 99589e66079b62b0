import { describe, expect, test } from "vitest";
import { hasEnded } from "../src/index.ts";
import { routes } from "./procedure-fixture.ts";
import { Story } from "./story.ts";
import { saying, type Target } from "./trail-recorder.ts";

const [chain, group, nested] = routes;

const residence: Target = { branch: "0.1", step: "residence", edge: "to-residence", agency: "police-1" };
const insurance: Target = { branch: "0.2", step: "insurance", edge: "to-insurance", agency: "insurance-1" };
const allowance: Target = { branch: "0.3", step: "allowance", edge: "to-allowance", agency: "department-1" };

/** A birth certified by ward-1 and forked to residence, insurance and the allowance, all offered. */
function forked() {
  const story = new Story();
  story.accepted("ward-2", [], saying.open(group.entry, "receive", ["to-allowance"]));
  story.moved("0", "certify", "to-certify", "ward-1");
  story.accepted("ward-1", ["0"], saying.complete("certify"));
  return { story, fork: story.accepted("ward-1", ["0"], saying.forward(residence, insurance, allowance)) };
}

/** Takes residence to the joining step. */
function collectResidence(story: Story): void {
  story.moved("0.1", "residence-check", "to-check", "police-2");
  story.accepted("police-2", ["0.1"], saying.complete("residence-check"));
  story.moved("0.1", "collect", "residence-done", "ward-1");
}

describe("three branches beside each other, one refused and one recalled", () => {
  test("each comes back to the agency that made it, goes out again, and all are joined in the end", () => {
    const { story, fork } = forked();
    story.accepted("police-1", ["0.1"], saying.acknowledge(fork, "0.1"));
    expect(story.reached).toEqual(["ward-1 sender"]);

    story.accepted("insurance-1", ["0.2"], saying.refuse(fork, "0.2"));
    expect(story.reached).toEqual(["ward-1 sender"]);
    expect(story.custody("0.2")).toBe("COMPLETED ward-1 @certify");

    story.accepted("ward-1", ["0.3"], saying.askRecall(fork, "0.3"));
    expect(story.reached).toEqual(["department-1 copy"]);
    expect(story.custody("0.3")).toBe("RECALL_ASKED ward-1 @certify");
    story.accepted("department-1", ["0.3"], saying.agreeRecall(fork, "0.3"));
    expect(story.reached).toEqual(["ward-1 sender"]);
    expect(story.custody("0.3")).toBe("COMPLETED ward-1 @certify");
    // The recalled branch was made for one edge and owes it.
    const elsewhere = saying.forward({ ...insurance, branch: "0.3" });
    expect(story.decision("ward-1", ["0.3"], elsewhere)).toMatchObject({ reason: "STEP_OUT_OF_TURN" });

    story.moved("0.2", "insurance", "to-insurance", "insurance-2");
    story.moved("0.3", "allowance", "to-allowance", "district-1");
    story.moved("0.2", "collect", "insurance-done", "ward-1");
    story.moved("0.3", "collect", "allowance-done", "ward-1");
    expect(story.decision("ward-1", ["0.2", "0.3"], saying.join("0", "collect"))).toMatchObject({
      reason: "JOIN_INCOMPLETE",
    });
    collectResidence(story);

    const first = story.statement("ward-1", ["0.1", "0.2", "0.3"], saying.join("0", "collect"));
    const fewer = story.statement("ward-1", ["0.2", "0.3"], saying.join("0", "collect"));
    expect(story.dossier.decide(fewer, story.rules)).toMatchObject({ reason: "JOIN_INCOMPLETE" });
    const joined = story.recorded(first);
    const { number } = story.dossier.state!;
    expect(story.custody("0")).toBe("WORKING ward-1 @collect");
    expect(story.dossier.decide(first, story.rules)).toEqual({ kind: "repeat", number });
    for (const late of [fewer, story.statement("ward-1", ["0.1", "0.2", "0.3"], saying.join("0", "collect"))]) {
      const stale = late === fewer ? { reason: "PRIOR_STALE", head: joined } : { reason: "STATE_FORBIDS" };
      expect(story.dossier.decide(late, story.rules)).toMatchObject({ ...stale, decidedBy: number });
    }
  });

  test("a receiver keeps what was asked back, may be asked again, and may still refuse while it is asked", () => {
    const { story, fork } = forked();
    const asks = () => story.accepted("ward-1", ["0.1"], saying.askRecall(fork, "0.1"));
    asks();
    story.accepted("police-1", ["0.1"], saying.refuseRecall(fork, "0.1"));
    expect(story.reached).toEqual(["ward-1 sender"]);
    expect(story.custody("0.1")).toBe("HANDED_OVER ward-1 @certify");
    asks();
    story.accepted("police-1", ["0.1"], saying.refuse(fork, "0.1"));
    expect(story.custody("0.1")).toBe("COMPLETED ward-1 @certify");
    expect(story.decision("police-1", ["0.1"], saying.agreeRecall(fork, "0.1"))).toMatchObject({
      reason: "STATE_FORBIDS",
      decidedBy: story.dossier.state!.number,
    });
  });

  test("a recall names the handoff that is pending", () => {
    const { story, fork } = forked();
    story.accepted("police-1", ["0.1"], saying.refuse(fork, "0.1"));
    story.accepted("ward-1", ["0.1"], saying.forward({ ...residence, agency: "police-2" }));
    expect(story.decision("ward-1", ["0.1"], saying.askRecall(fork, "0.1"))).toMatchObject({
      reason: "HANDOFF_UNKNOWN",
      field: "statement.ask_recall.handoff",
    });
  });
});

describe("a recall, an acknowledgement and a withdrawal that were all signed on one forward", () => {
  const says = {
    recall: (story: Story, forward: Uint8Array) => story.statement("ward-1", ["0"], saying.askRecall(forward, "0")),
    acknowledgement: (story: Story, forward: Uint8Array) =>
      story.statement("department-1", ["0"], saying.acknowledge(forward, "0")),
    withdrawal: (story: Story) => story.statement("ward-1", ["0"], saying.withdraw()),
  };
  const names = ["recall", "acknowledgement", "withdrawal"] as const;

  test.each(names)("the %s comes first, and the others hear which event decided", (winner) => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(chain.entry, "receive"));
    const target = { branch: "0", step: "appraise", edge: "to-appraise", agency: "department-1" };
    const forward = story.accepted("ward-1", ["0"], saying.forward(target));
    const signed = names.map((name) => ({ name, said: says[name](story, forward) }));
    const won = story.recorded(signed.find(({ name }) => name === winner)!.said);
    for (const { name, said } of signed) {
      if (name === winner) continue;
      expect(story.dossier.decide(said, story.rules)).toMatchObject({
        reason: "PRIOR_STALE",
        field: "statement.prior[0].head",
        decidedBy: 3,
        head: won,
      });
    }
    // Whoever lost reads the event and says it anew, where it still makes sense.
    if (winner === "recall") story.accepted("department-1", ["0"], saying.acknowledge(forward, "0"));
    if (winner === "acknowledgement") story.accepted("ward-1", ["0"], saying.withdraw());
    if (winner === "withdrawal") {
      expect(story.decision("department-1", ["0"], saying.acknowledge(forward, "0"))).toMatchObject({
        reason: "STATE_FORBIDS",
        decidedBy: 3,
      });
    }
  });
});

describe("a branch of a fork that is stopped", () => {
  test("is not waited for: the others are joined without it, and who may join is told", () => {
    const { story, fork } = forked();
    for (const { branch, agency } of [residence, insurance]) {
      story.accepted(agency, [branch], saying.acknowledge(fork, branch));
    }
    story.moved("0.2", "collect", "insurance-done", "ward-1");
    // The receiver of the third branch stays silent; its sender, who holds it, stops it.
    story.accepted("ward-1", ["0.3"], saying.stop());
    expect(story.custody("0.3")).toBe("STOPPED nobody @certify");
    expect(story.branch("0.3").pending).toBeNull();
    expect(story.reached).toEqual(["department-1 copy", "police-1 copy", "ward-2 copy"]);
    expect(story.decision("department-1", ["0.3"], saying.acknowledge(fork, "0.3"))).toMatchObject({
      reason: "STATE_FORBIDS",
      decidedBy: story.dossier.state!.number,
    });

    collectResidence(story);
    expect(story.decision("ward-1", ["0.1", "0.2", "0.3"], saying.join("0", "collect"))).toMatchObject({
      reason: "STATE_FORBIDS",
      decidedBy: story.branch("0.3").headNumber,
    });
    story.accepted("ward-1", ["0.1", "0.2"], saying.join("0", "collect"));
    expect(story.custody("0")).toBe("WORKING ward-1 @collect");
  });

  test("takes its fork with it if it was the last, all the way up", () => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(nested.entry, "receive"));
    const outer = story.accepted(
      "ward-1",
      ["0"],
      saying.forward(
        { branch: "0.1", step: "survey", edge: "to-survey", agency: "district-1" },
        { branch: "0.2", step: "tax", edge: "to-tax", agency: "department-1" },
      ),
    );
    story.accepted("district-1", ["0.1"], saying.acknowledge(outer, "0.1"));
    const map = { branch: "0.1.1", step: "map", edge: "to-map", agency: "police-1" };
    const inner = story.accepted("district-1", ["0.1"], saying.forward(map));
    story.accepted("police-1", ["0.1.1"], saying.acknowledge(inner, "0.1.1"));
    expect(story.decision("district-1", ["0.1"], saying.stop())).toMatchObject({ reason: "STATE_FORBIDS" });

    story.accepted("police-1", ["0.1.1"], saying.stop());
    expect([story.custody("0.1"), story.custody("0")]).toEqual(["STOPPED nobody @survey", "FORKED nobody @receive"]);
    expect(hasEnded(story.dossier.state!)).toBe(false);
    // The handoff of the other branch is pending still; ward-1 is told as desk and as who holds it.
    expect(story.reached).toEqual(["ward-1 copy"]);
    story.accepted("ward-1", ["0.2"], saying.stop());
    expect(story.custody("0")).toBe("STOPPED nobody @receive");
    expect(hasEnded(story.dossier.state!)).toBe(true);
    expect(story.dossier.parties).toBeNull();
  });
});

describe("a citizen who withdraws", () => {
  test("ends every branch at once, forked ones included, and all who hold one or are offered one hear of it", () => {
    const { story, fork } = forked();
    story.accepted("police-1", ["0.1"], saying.acknowledge(fork, "0.1"));
    const all = ["0", "0.1", "0.2", "0.3"];
    expect(story.decision("ward-1", all, saying.withdraw())).toMatchObject({
      reason: "AGENCY_NOT_COMPETENT",
      field: "statement.author.agency",
    });
    expect(story.decision("ward-2", ["0.1", "0.2", "0.3"], saying.withdraw())).toMatchObject({
      reason: "FIELD_INVALID",
      field: "statement.prior",
      message: expect.stringContaining("missing: 0."),
    });
    expect(story.decision("ward-2", [], saying.withdraw())).toMatchObject({ reason: "FIELD_INVALID" });

    story.accepted("ward-2", all, saying.withdraw());
    const { number } = story.dossier.state!;
    expect(all.map((branch) => story.branch(branch).state)).toEqual(all.map(() => "WITHDRAWN"));
    expect(story.reached).toEqual(["department-1 copy", "insurance-1 copy", "police-1 copy", "ward-1 sender"]);
    for (const [agency, branches, what] of [
      ["police-1", ["0.1"], saying.complete("residence")],
      ["insurance-1", ["0.2"], saying.acknowledge(fork, "0.2")],
      ["ward-2", all, saying.withdraw()],
      ["ward-2", [], saying.withdraw()],
    ] as const) {
      expect(story.decision(agency, [...branches], what)).toMatchObject({ reason: "STATE_FORBIDS", decidedBy: number });
    }
    // What the bus keeps of it may be erased long after.
    const before = story.dossier.state!.branches;
    story.accepted("ward-2", [], saying.erase());
    expect(story.reached).toEqual([]);
    expect(story.dossier.state).toMatchObject({ number: number + 1, branches: before });
  });
});
