import { describe, expect, test } from "vitest";
import {
  audienceOfEvent,
  type DossierParties,
  endedHandoffs,
  evolveParties,
  partiesFromJson,
  partiesToJson,
} from "../src/index.ts";
import { routes } from "./procedure-fixture.ts";
import { Story } from "./story.ts";
import { documentOf, saying } from "./trail-recorder.ts";

const [chain, , , permit] = routes;
const toAppraise = { branch: "0", step: "appraise", edge: "to-appraise", agency: "department-1" };

/** A chain that ward-1 opened and forwarded to department-1. */
function forwarded() {
  const story = new Story();
  story.accepted("ward-1", [], saying.open(chain.entry, "receive"));
  return { story, forward: story.accepted("ward-1", ["0"], saying.forward(toAppraise)) };
}

describe("whom an event reaches, told from the parties of its dossier", () => {
  test("what the bus delivered: the sender, as long as the handoff is pending", () => {
    const { story, forward } = forwarded();
    const before = story.dossier.parties;
    const { event, hash } = story.dossier.recordDelivered(forward, "0", "department-1");
    expect(audienceOfEvent(event, before)).toEqual([{ agency: "ward-1", role: "sender" }]);
    expect(endedHandoffs(event, before)).toEqual([]);
    expect(evolveParties(before, event, hash)).toBe(before);
    story.accepted("department-1", ["0"], saying.acknowledge(forward, "0"));
    expect(audienceOfEvent(event, story.dossier.parties)).toEqual([]);
  });

  test("a receiver that is the sender too is told of what is offered to it", () => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(permit.entry, "receive"));
    story.moved("0", "appraise", "to-appraise", "department-1");
    story.accepted("department-1", ["0"], saying.complete("appraise"));
    story.moved("0", "pay", "to-pay", "ward-1");
    story.moved("0", "permit", "to-permit", "department-1");
    story.moved("0", "hand-back", "to-hand-back", "ward-1");
    expect(story.reached).toEqual(["department-1 sender"]);
    // The desk that returns the result itself needs no news of it.
    story.accepted("ward-1", ["0"], saying.return());
    expect(story.reached).toEqual([]);
  });

  test("without parties, those whom the event itself names", () => {
    const { story, forward } = forwarded();
    const events = story.dossier.trail.map(({ event }) => event);
    expect(events.map((event) => audienceOfEvent(event, null))).toEqual([
      [],
      [{ agency: "department-1", role: "receiver" }],
    ]);
    story.accepted("department-1", ["0"], saying.acknowledge(forward, "0"));
    expect(audienceOfEvent(story.dossier.trail.at(-1)!.event, null)).toEqual([]);
  });

  test("a shard event and the opening of a dossier reach nobody", () => {
    const { story } = forwarded();
    const { event, hash } = story.dossier.trail[0]!;
    const shard = { ...event, body: { $case: "shard" as const, shard: { what: undefined } } };
    expect(audienceOfEvent(shard, story.dossier.parties)).toEqual([]);
    expect(endedHandoffs(shard, story.dossier.parties)).toEqual([]);
    expect(evolveParties(story.dossier.parties, shard, hash)).toBeNull();
    expect(audienceOfEvent(event, null)).toEqual([]);
  });
});

describe("handoffs that end", () => {
  test("with their answer, an agreed recall, or their branch", () => {
    const { story, forward } = forwarded();
    const ended = () => {
      const before = story.dossier.trail
        .slice(0, -1)
        .reduce<DossierParties | null>((parties, { event, hash }) => evolveParties(parties, event, hash), null);
      const handoffs = endedHandoffs(story.dossier.trail.at(-1)!.event, before);
      return handoffs.map(({ forward: by, branch }) => `${Buffer.from(by).toString("hex")}/${branch}`);
    };
    story.accepted("ward-1", ["0"], saying.askRecall(forward, "0"));
    expect(ended()).toEqual([]);
    story.accepted("department-1", ["0"], saying.agreeRecall(forward, "0"));
    expect(ended()).toEqual([`${Buffer.from(forward).toString("hex")}/0`]);
    const second = story.accepted("ward-1", ["0"], saying.forward(toAppraise));
    story.accepted("ward-1", ["0"], saying.stop());
    expect(ended()).toEqual([`${Buffer.from(second).toString("hex")}/0`]);
    expect(story.dossier.parties).toBeNull();
    story.accepted("ward-1", [], saying.erase([documentOf(1).documentId]));
    expect(ended()).toEqual([]);
    expect(story.dossier.parties).toBeNull();
  });
});

describe("parties as text", () => {
  test("come back as they were, and take little room", () => {
    const story = new Story();
    story.accepted("ward-1", [], saying.open(permit.entry, "receive"));
    story.moved("0", "appraise", "to-appraise", "department-1");
    const opinion = { branch: "0.1", step: "opinion", edge: "ask-opinion", agency: "district-1" };
    story.accepted("department-1", ["0"], saying.consult("0.1", opinion));
    const parties = story.dossier.parties!;
    expect(partiesFromJson(partiesToJson(parties))).toEqual(parties);
    expect(partiesToJson(parties).length).toBeLessThan(220);
  });

  test.each(["[]", '["ward-1",["0","ward-1"]]', '["ward-1",["0",1,2,3]]', '[["0"]]', '[7,["0","a","",""]]'])(
    "%s is refused",
    (text) => {
      expect(() => partiesFromJson(text)).toThrow("not the parties of a dossier");
    },
  );
});
