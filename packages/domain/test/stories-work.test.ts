import { PauseReason } from "@lienthong/contracts/exchange/v1/statement";
import { describe, expect, test } from "vitest";
import { routes } from "./procedure-fixture.ts";
import { Story } from "./story.ts";
import { documentOf, saying } from "./trail-recorder.ts";

const [, group, , permit] = routes;

/** A permit that department-1 appraises. */
function appraised() {
  const story = new Story();
  story.accepted("ward-1", [], saying.open(permit.entry, "receive"));
  story.moved("0", "appraise", "to-appraise", "department-1");
  return story;
}

describe("papers that are missing", () => {
  test("are asked for once, come through the desk, and leave custody where it was", () => {
    const story = appraised();
    const asked = story.accepted("department-1", ["0"], saying.requestSupplement());
    expect(story.reached).toEqual(["ward-1 copy"]);
    expect(story.custody("0")).toBe("SUPPLEMENT_AWAITED department-1 @appraise");
    expect(story.decision("department-1", ["0"], saying.complete("appraise"))).toMatchObject({
      reason: "STATE_FORBIDS",
      decidedBy: 4,
    });
    expect(story.decision("department-1", ["0"], saying.bringSupplement(asked))).toMatchObject({
      reason: "AGENCY_NOT_COMPETENT",
      field: "statement.author.agency",
    });
    const opened = story.dossier.trail[0]!.hash;
    expect(story.decision("ward-1", ["0"], saying.bringSupplement(opened))).toMatchObject({
      reason: "FIELD_INVALID",
      field: "statement.bring_supplement.request",
      decidedBy: 4,
      head: asked,
    });

    story.accepted("ward-1", ["0"], saying.bringSupplement(asked));
    expect(story.reached).toEqual(["department-1 copy"]);
    expect(story.custody("0")).toBe("WORKING department-1 @appraise");
    expect(story.decision("department-1", ["0"], saying.requestSupplement())).toMatchObject({
      reason: "STATE_FORBIDS",
      field: "statement.request_supplement",
      decidedBy: 4,
    });
    // Another agency at another step asks for what it needs.
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    story.moved("0", "pay", "to-pay", "ward-2");
    story.accepted("ward-2", ["0"], saying.requestSupplement());
  });
});

describe("a citizen who has to pay", () => {
  test("stops the clock until the proof of payment is there", () => {
    const story = appraised();
    const paused = story.accepted("department-1", ["0"], saying.pause());
    expect(story.reached).toEqual(["ward-1 copy"]);
    expect(story.custody("0")).toBe("PAUSED department-1 @appraise");
    expect(story.decision("department-1", ["0"], saying.resume(paused, []))).toMatchObject({
      reason: "FIELD_MISSING",
      field: "statement.resume.documents",
    });
    expect(story.decision("department-1", ["0"], saying.resume(story.dossier.trail[0]!.hash))).toMatchObject({
      reason: "FIELD_INVALID",
      field: "statement.resume.pause",
      head: paused,
    });
    story.accepted("department-1", ["0"], saying.resume(paused, [documentOf(7)]));
    expect(story.reached).toEqual(["ward-1 copy"]);
    expect(story.custody("0")).toBe("WORKING department-1 @appraise");
    // What waits for a court needs no paper to go on.
    const other = story.accepted("department-1", ["0"], saying.pause(PauseReason.PAUSE_REASON_OTHER_AUTHORITY));
    story.accepted("department-1", ["0"], saying.resume(other, []));
  });

  test("who does not pay is told that the work has ended", () => {
    const story = appraised();
    story.accepted("department-1", ["0"], saying.pause());
    story.accepted("department-1", ["0"], saying.stop());
    expect(story.custody("0")).toBe("STOPPED nobody @appraise");
    expect(story.reached).toEqual(["ward-1 copy"]);
  });

  test("pays at a step of its own: the desk holds the branch meanwhile and passes it on", () => {
    const story = appraised();
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    story.moved("0", "pay", "to-pay", "ward-1");
    expect(story.custody("0")).toBe("WORKING ward-1 @pay");
    story.moved("0", "permit", "to-permit", "department-1");
  });
});

describe("a date that cannot be kept", () => {
  test("is moved once in a dossier, whoever moves it", () => {
    const story = appraised();
    story.accepted("department-1", ["0"], saying.extend());
    expect(story.reached).toEqual(["ward-1 copy"]);
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    story.moved("0", "pay", "to-pay", "ward-2");
    expect(story.decision("ward-2", ["0"], saying.extend())).toMatchObject({
      reason: "STATE_FORBIDS",
      field: "statement.extend",
      decidedBy: 4,
    });
  });

  test("is moved to a date that is named", () => {
    const what = saying.extend();
    if (what.$case === "extend") what.value.dueTime = undefined;
    expect(appraised().decision("department-1", ["0"], what)).toMatchObject({
      reason: "FIELD_MISSING",
      field: "statement.extend.due_time",
    });
  });
});

describe("work inside the holder", () => {
  /** At residence, held by police-1, which has two units; the step has two internal steps. */
  function atResidence() {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(group.entry, "receive"));
    story.moved("0", "certify", "to-certify", "ward-1");
    story.accepted("ward-1", ["0"], saying.complete("certify"));
    const fork = story.accepted(
      "ward-1",
      ["0"],
      saying.forward(
        { branch: "0.1", step: "residence", edge: "to-residence", agency: "police-1", unit: "police-1-counter" },
        { branch: "0.2", step: "insurance", edge: "to-insurance", agency: "insurance-1" },
      ),
    );
    story.accepted("police-1", ["0.1"], saying.acknowledge(fork, "0.1"));
    return story;
  }

  test("goes to another unit; custody, and since when it is held, stay", () => {
    const story = atResidence();
    const before = story.branch("0.1");
    expect(before.unit).toBe("police-1-counter");
    story.accepted("police-1", ["0.1"], saying.assign("police-1-records", 2));
    expect(story.reached).toEqual([]);
    const { unit, state, holder, heldSince } = story.branch("0.1");
    expect({ unit, state, holder, heldSince }).toEqual({
      unit: "police-1-records",
      state: "WORKING",
      holder: "police-1",
      heldSince: before.heldSince,
    });
    story.accepted("police-1", ["0.1"], saying.assign(""));
    expect(story.branch("0.1").unit).toBe("");
  });

  test.each([
    ["a unit of another agency", "ward-1-desk", 0, "UNIT_UNKNOWN", "unit"],
    ["an internal step that the step does not have", "police-1-records", 3, "FIELD_INVALID", "internal_step"],
  ])("does not go to %s", (_, unit, internalStep, reason, field) => {
    expect(atResidence().decision("police-1", ["0.1"], saying.assign(unit, internalStep))).toMatchObject({
      reason,
      field: `statement.assign.${field}`,
    });
  });
});

describe("what cannot be completed", () => {
  test("goes back without being completed, and the steps after it are done again", () => {
    const story = appraised();
    const onward = saying.forward({ branch: "0", step: "pay", edge: "to-pay", agency: "ward-1" });
    expect(story.decision("department-1", ["0"], onward)).toMatchObject({ reason: "STEP_NOT_COMPLETED" });
    const back = { branch: "0", step: "receive", edge: "send-back", agency: "ward-1" };
    expect(story.decision("department-1", ["0"], saying.forward({ ...back, agency: "police-1" }))).toMatchObject({
      reason: "AGENCY_NOT_COMPETENT",
    });
    const forward = story.accepted("department-1", ["0"], saying.forward(back));
    expect(story.reached).toEqual(["ward-1 receiver"]);
    story.accepted("ward-1", ["0"], saying.acknowledge(forward, "0"));
    expect(story.custody("0")).toBe("WORKING ward-1 @receive");
    story.moved("0", "appraise", "to-appraise", "department-2");
    expect(story.decision("department-2", ["0"], onward)).toMatchObject({ reason: "STEP_NOT_COMPLETED" });
  });

  test("is refused by the one it would go back to, and stays as it was", () => {
    const story = appraised();
    const back = { branch: "0", step: "receive", edge: "send-back", agency: "ward-1" };
    const forward = story.accepted("department-1", ["0"], saying.forward(back));
    story.accepted("ward-1", ["0"], saying.refuse(forward, "0"));
    expect(story.custody("0")).toBe("WORKING department-1 @appraise");
  });
});
