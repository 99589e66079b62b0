import { describe, expect, test } from "vitest";
import { hasEnded, readableBranches } from "../src/index.ts";
import { routes, rulebook } from "./procedure-fixture.ts";
import { Story } from "./story.ts";
import { saying } from "./trail-recorder.ts";

const rules = rulebook();
const [chain, group] = routes;

describe("a dossier that goes to one department and back", () => {
  test("custody follows the acknowledgements, and the desk returns the result", () => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(chain.entry, "receive"));
    expect(story.custody("0")).toBe("WORKING ward-1 @receive");

    const there = story.accepted(
      "ward-1",
      ["0"],
      saying.forward({ branch: "0", step: "appraise", edge: "to-appraise", agency: "department-1" }),
    );
    expect(story.custody("0")).toBe("HANDED_OVER ward-1 @receive");
    story.dossier.recordDelivered(there, "0", "department-1");
    expect(story.custody("0")).toBe("HANDED_OVER ward-1 @receive");
    expect(story.branch("0").pending?.delivered).toBe(true);

    story.accepted("department-1", ["0"], saying.acknowledge(there, "0"));
    expect(story.custody("0")).toBe("WORKING department-1 @appraise");
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    const back = story.accepted(
      "department-1",
      ["0"],
      saying.forward({ branch: "0", step: "hand-back", edge: "to-hand-back", agency: "ward-1", unit: "ward-1-desk" }),
    );
    story.accepted("ward-1", ["0"], saying.acknowledge(back, "0"));
    expect(story.custody("0")).toBe("WORKING ward-1 @hand-back");
    expect(story.branch("0").unit).toBe("ward-1-desk");

    story.accepted("ward-1", ["0"], saying.return());
    expect(story.custody("0")).toBe("RETURNED nobody @hand-back");
    expect(hasEnded(story.dossier.state!)).toBe(true);
    expect(story.dossier.state!.number).toBe(8);
  });

  test("of two receivers asked at once one forward wins, and the other learns which event decided", () => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(chain.entry, "receive"));
    const forwards = ["department-1", "department-2"].map((agency) =>
      story.statement("ward-1", ["0"], saying.forward({ branch: "0", step: "appraise", edge: "to-appraise", agency })),
    );
    expect(story.dossier.decide(forwards[0]!, rules)).toEqual({ kind: "accept" });
    const won = story.dossier.record(forwards[0]!);
    expect(story.dossier.decide(forwards[1]!, rules)).toMatchObject({
      kind: "refuse",
      reason: "PRIOR_STALE",
      field: "statement.prior[0].head",
      decidedBy: 2,
      head: won.hash,
    });
  });

  test("an acknowledgement signed on the forward is not stale after delivery was recorded", () => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(chain.entry, "receive"));
    const forward = story.accepted(
      "ward-1",
      ["0"],
      saying.forward({ branch: "0", step: "appraise", edge: "to-appraise", agency: "department-1" }),
    );
    const acknowledgement = story.statement("department-1", ["0"], saying.acknowledge(forward, "0"));
    story.dossier.recordDelivered(forward, "0", "department-1");
    expect(story.dossier.decide(acknowledgement, rules)).toEqual({ kind: "accept" });
    story.dossier.record(acknowledgement);
    // Late news of the delivery changes nothing any more.
    const before = story.branch("0");
    story.dossier.recordDelivered(forward, "0", "department-1");
    expect(story.branch("0")).toEqual(before);
  });
});

describe("a birth: certificate, then residence and insurance beside each other, then together again", () => {
  /** Up to the fork: 0 is forked into residence (0.1) and insurance (0.2), both offered. */
  function forked() {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(group.entry, "receive"));
    const toCertify = story.accepted(
      "ward-1",
      ["0"],
      saying.forward({ branch: "0", step: "certify", edge: "to-certify", agency: "ward-1" }),
    );
    story.accepted("ward-1", ["0"], saying.acknowledge(toCertify, "0"));
    const fork = saying.forward(
      { branch: "0.1", step: "residence", edge: "to-residence", agency: "police-1" },
      { branch: "0.2", step: "insurance", edge: "to-insurance", agency: "insurance-1" },
    );
    expect(story.dossier.decide(story.statement("ward-1", ["0"], fork), rules)).toMatchObject({
      reason: "STEP_NOT_COMPLETED",
    });
    story.accepted("ward-1", ["0"], saying.complete("certify"));
    return { story, forward: story.accepted("ward-1", ["0"], fork) };
  }

  test("until each receiver acknowledges, the forking agency holds its branch; a refusal comes back to it and goes out again", () => {
    const { story, forward } = forked();
    expect(story.custody("0")).toBe("FORKED nobody @certify");
    expect(story.custody("0.1")).toBe("HANDED_OVER ward-1 @certify");
    story.accepted("police-1", ["0.1"], saying.acknowledge(forward, "0.1"));
    expect(story.custody("0.1")).toBe("WORKING police-1 @residence");
    expect(story.custody("0.2")).toBe("HANDED_OVER ward-1 @certify");

    story.accepted("insurance-1", ["0.2"], saying.refuse(forward, "0.2"));
    expect(story.custody("0.2")).toBe("COMPLETED ward-1 @certify");

    const wrong = saying.forward({ branch: "0.2", step: "residence", edge: "to-residence", agency: "police-2" });
    expect(story.dossier.decide(story.statement("ward-1", ["0.2"], wrong), rules)).toMatchObject({
      reason: "STEP_OUT_OF_TURN",
    });
    const again = saying.forward({ branch: "0.2", step: "insurance", edge: "to-insurance", agency: "insurance-2" });
    const second = story.accepted("ward-1", ["0.2"], again);
    story.accepted("insurance-2", ["0.2"], saying.acknowledge(second, "0.2"));
    expect(story.custody("0.2")).toBe("WORKING insurance-2 @insurance");
    // The agency that refused was offered the branch and may read it; residence is none of its business.
    expect(readableBranches(story.dossier.state!, "insurance-1").map(({ branch }) => branch)).toEqual(["0.2"]);
    expect(readableBranches(story.dossier.state!, "ward-1").map(({ branch }) => branch)).toEqual(["0", "0.1", "0.2"]);
  });

  test("a join that comes early waits for all; the second join hears which event decided; the desk returns", () => {
    const { story, forward } = forked();
    for (const [branch, agency] of [["0.1", "police-1"] as const, ["0.2", "insurance-1"] as const])
      story.accepted(agency, [branch], saying.acknowledge(forward, branch));
    const move = (branch: string, agency: string, step: string, edge: string, to: string) => {
      const hash = story.accepted(agency, [branch], saying.forward({ branch, step, edge, agency: to }));
      story.accepted(to, [branch], saying.acknowledge(hash, branch));
    };
    move("0.1", "police-1", "residence-check", "to-check", "police-2");
    move("0.2", "insurance-1", "collect", "insurance-done", "ward-1");

    const early = story.statement("ward-1", ["0.1", "0.2"], saying.join("0", "collect"));
    expect(story.dossier.decide(early, rules)).toMatchObject({ reason: "JOIN_INCOMPLETE", field: "statement.prior" });
    const half = story.statement("ward-1", ["0.2"], saying.join("0", "collect"));
    expect(story.dossier.decide(half, rules)).toMatchObject({ reason: "JOIN_INCOMPLETE" });
    const alone = saying.forward({ branch: "0.2", step: "hand-back", edge: "to-hand-back", agency: "ward-1" });
    expect(story.dossier.decide(story.statement("ward-1", ["0.2"], alone), rules)).toMatchObject({
      reason: "STATE_FORBIDS",
    });

    story.accepted("police-2", ["0.1"], saying.complete("residence-check"));
    // The other branch waits at ward-1: were this one to go to district-1, nobody could join the two.
    const apart = saying.forward({ branch: "0.1", step: "collect", edge: "residence-done", agency: "district-1" });
    expect(story.dossier.decide(story.statement("police-2", ["0.1"], apart), rules)).toMatchObject({
      reason: "AGENCY_NOT_COMPETENT",
      field: "statement.forward.branches[0].receiver.agency",
    });
    move("0.1", "police-2", "collect", "residence-done", "ward-1");

    const strangers = story.statement("district-1", ["0.1", "0.2"], saying.join("0", "collect"));
    expect(story.dossier.decide(strangers, rules)).toMatchObject({ reason: "NOT_THE_HOLDER" });
    const first = story.statement("ward-1", ["0.1", "0.2"], saying.join("0", "collect"));
    const second = story.statement("ward-1", ["0.2", "0.1"], saying.join("0", "collect"));
    expect(story.dossier.decide(first, rules)).toEqual({ kind: "accept" });
    const joined = story.dossier.record(first);
    expect(story.custody("0")).toBe("WORKING ward-1 @collect");
    expect(story.custody("0.1")).toBe("JOINED nobody @collect");
    const number = story.dossier.state!.number;
    expect(story.dossier.decide(first, rules)).toEqual({ kind: "repeat", number });
    expect(story.dossier.decide(second, rules)).toMatchObject({
      reason: "PRIOR_STALE",
      decidedBy: number,
      head: joined.hash,
    });
    const knowing = story.statement("ward-1", ["0.1", "0.2"], saying.join("0", "collect"));
    expect(story.dossier.decide(knowing, rules)).toMatchObject({ reason: "STATE_FORBIDS", decidedBy: number });

    move("0", "ward-1", "hand-back", "to-hand-back", "ward-2");
    expect(story.dossier.decide(story.statement("ward-2", ["0"], saying.return()), rules)).toMatchObject({
      reason: "STEP_NOT_COMPLETED",
    });
    story.accepted("ward-2", ["0"], saying.complete("hand-back"));
    story.accepted("ward-2", ["0"], saying.return());
    expect(hasEnded(story.dossier.state!)).toBe(true);
  });
});
