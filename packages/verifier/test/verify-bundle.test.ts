import { beforeAll, describe, expect, it } from "vitest";
import { at, fixedKey, revocationRecord } from "../../registry-state/test/registry-fixture.ts";
import {
  type Bundle,
  type BundleReport,
  type FindingCode,
  findingSeverities,
  readBundle,
  tellBundle,
  tellFinding,
  verifyBundle,
  writeBundle,
} from "../src/index.ts";
import { startMs, World } from "./world.ts";

const trusting = (world: World) => ({ network: world.registry.state.network, policy: world.policy });

async function reportOf(world: World, options = {}): Promise<BundleReport> {
  return verifyBundle(writeBundle(await world.bundle(options)), trusting(world));
}

const broken = ({ findings }: BundleReport): [FindingCode, number | null][] =>
  findings.filter(({ severity }) => severity === "broken").map(({ code, event }) => [code, event]);

describe("a bundle of a whole dossier", () => {
  let world: World;
  let report: BundleReport;
  let bundle: Bundle;

  beforeAll(async () => {
    world = (await World.create()).play();
    bundle = await world.bundle();
    report = await verifyBundle(writeBundle(bundle), trusting(world));
  });

  it("reads back as it was written", () => {
    const text = writeBundle(bundle);
    expect(writeBundle(readBundle(text))).toBe(text);
  });

  it("holds, and nothing is found", () => {
    expect(report.findings).toEqual([]);
    expect(report.holds).toBe(true);
    expect(report.trust).toEqual({ network: "reader", policy: "reader" });
  });

  it("tells who held the dossier from when to when", () => {
    const second = (event: number) => new Date(startMs + event * 1_000).toISOString().replace(".000Z", "Z");
    expect(report.custody).toEqual([
      {
        branch: "0",
        agency: "hn-w-00004",
        unit: "ba-dinh-desk",
        from: second(1),
        fromEvent: 1,
        until: second(4),
        untilEvent: 4,
        certain: true,
      },
      {
        branch: "0",
        agency: "hn-police",
        unit: "",
        from: second(4),
        fromEvent: 4,
        until: second(6),
        untilEvent: 6,
        certain: true,
      },
    ]);
    expect(report.branches).toEqual([{ branch: "0", state: "RETURNED", holder: "", unit: "" }]);
    expect(report.ended).toBe(true);
  });

  it("is complete to its last event as of the checkpoint, with its witnesses", () => {
    expect(report.completeTo?.event).toBe(6);
    expect(report.completeTo?.checkpoint.size).toBe(world.shardLog.entries.length - 1);
    expect(report.completeTo?.checkpoint.witnesses.map(({ name }) => name)).toEqual(["w1", "w2", "w3"]);
    expect(report.completeTo?.checkpoint.quorumHolds).toBe(true);
  });

  it("puts each event between the checkpoints that witnesses dated", () => {
    const iso = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString().replace(".000Z", "Z");
    for (const { sealedAfter, sealedBy } of report.times) {
      expect(sealedAfter).toBe(iso(-30));
      // Two of three witnesses are enough; the second signed at 61 s.
      expect(sealedBy).toBe(iso(61));
    }
  });

  it("says that it vouches for itself where the reader brings no trust", async () => {
    const untrusting = await verifyBundle(writeBundle(bundle));
    expect(untrusting.holds).toBe(true);
    expect(untrusting.findings.map(({ code, values }) => [code, values])).toEqual([
      ["trustFromFile", { what: "network, policy" }],
    ]);
  });

  it("does not hold under another network, or under a policy with other witnesses", async () => {
    const other = await verifyBundle(writeBundle(bundle), { ...trusting(world), network: new Uint8Array(32) });
    expect(broken(other).map(([code]) => code)).toContain("networkOther");
    const fourth = world.policy
      .replace("group quorum 2 w1 w2 w3", "group quorum 4 w1 w2 w3 w4")
      .replace("group", "witness w4 remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2\ngroup");
    const unwitnessed = await verifyBundle(writeBundle(bundle), { ...trusting(world), policy: fourth });
    // Of both logs.
    expect(broken(unwitnessed)).toEqual([
      ["quorumMissing", null],
      ["quorumMissing", null],
    ]);
  });

  it("is consistent with an older checkpoint of its log, and not with a fork of it", async () => {
    const since = bundle.trail.checkpoints[0]?.checkpoint as string;
    const text = writeBundle(bundle);
    const consistent = await verifyBundle(text, { ...trusting(world), since });
    expect(consistent.since).toEqual({ origin: world.shardLog.signer.name, size: 3, consistent: true });
    const forked = (await World.create()).play();
    forked.shardLog.entries[0] = new Uint8Array([1]);
    const fork = await forked.shardLog.checkpoint(3, world.witnesses);
    const inconsistent = await verifyBundle(text, { ...trusting(world), since: fork });
    expect(broken(inconsistent)).toEqual([["sinceInconsistent", null]]);
  });
});

describe("a statement that should not be there", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });

  const story = async (tell: (world: World) => void): Promise<BundleReport> => {
    const told = await World.create();
    told.filler(2);
    tell(told);
    told.filler(3);
    return reportOf(told);
  };

  it("is found forged when another key signed it", async () => {
    const report = await story((world) => {
      world.open();
      const stranger = fixedKey("a stranger's key");
      const real = world.seals["hn-w-00004"];
      world.forward("hn-police", { keys: [{ ...stranger, keyId: real?.keyId ?? stranger.keyId }] });
    });
    expect(broken(report)).toEqual([["signatureForged", 2]]);
    expect(report.holds).toBe(false);
    expect(report.completeTo).toBeNull();
  });

  it("is found to be by an unknown key, by another agency's key, by a key that was revoked already", async () => {
    expect(broken(await story((world) => void world.open({ keys: [fixedKey("unknown")] })))).toEqual([
      ["keyUnknown", 1],
    ]);
    expect(broken(await story((world) => void world.open({ keys: [world.seals["hn-police"] as never] })))).toEqual([
      ["keyOfAnother", 1],
    ]);
    const revoked = await story((world) => {
      world.registry.add(revocationRecord("hn-w-00004", world.seals["hn-w-00004"] as never));
      world.open();
    });
    expect(broken(revoked)).toEqual([["keyRevoked", 1]]);
  });

  it("keeps its effect where the bus had not heard of a revocation, and is named as the operator's fault after five seconds", async () => {
    const late = async (secondsAfter: number) =>
      story((world) => {
        const before = world.registry.state.size;
        world.open();
        const { seconds } = world.registry;
        world.registry.add(revocationRecord("hn-w-00004", world.seals["hn-w-00004"] as never), {
          recordedTime: at(seconds + 3_600),
        });
        const revokedMs = Number(at(seconds + 3_600).seconds) * 1_000;
        world.forward("hn-police", { headSize: before, atMs: revokedMs + secondsAfter * 1_000 - startMs });
      });
    const unheeded = await late(6);
    expect(broken(unheeded)).toEqual([]);
    expect(unheeded.holds).toBe(true);
    expect(unheeded.findings.map(({ code, event }) => [code, event])).toEqual([["revocationNotHeeded", 2]]);
    expect((await late(5)).findings).toEqual([]);
  });

  it("is found when its system had no leave to carry it", async () => {
    const report = await story((world) => void world.open({ system: "police-system" }));
    expect(broken(report)).toEqual([["delegationMissing", 1]]);
  });

  it("is found when the table, the route or the registry forbids it, with the reason", async () => {
    const stranger = await story((world) => {
      world.open();
      world.forward("hn-stranger");
    });
    expect(stranger.findings[0]).toMatchObject({ code: "custodyBroken", event: 2 });
    expect(stranger.findings[0]?.values.why).toMatch(/^AGENCY_NOT_COMPETENT/);
    const early = await story((world) => {
      world.open();
      world.complete("hn-police");
    });
    expect(early.findings[0]).toMatchObject({ code: "custodyBroken", event: 2 });
    const acknowledgedByNobody = await story((world) => {
      world.open();
      world.forward();
      world.acknowledge("hn-w-00004");
    });
    expect(acknowledgedByNobody.findings[0]?.values.why).toMatch(/^NOT_THE_RECEIVER/);
  });

  it("is found when what the bus says of a delivery is not so", async () => {
    const report = await story((world) => {
      world.open();
      world.forward();
      world.delivered("hn-system");
    });
    expect(broken(report)).toEqual([["busStatementWrong", 3]]);
  });

  it("is found when it cites an older registry head than the event before, or goes back in time", async () => {
    const heads = await story((world) => {
      world.open();
      world.forward("hn-police", { headSize: world.registry.state.size - 1 });
    });
    expect(broken(heads)).toEqual([["eventHeadDecreases", 2]]);
    const times = await story((world) => {
      world.open({ atMs: 20_000 });
      world.forward("hn-police", { atMs: 10_000 });
    });
    expect(broken(times)).toEqual([["eventTimesDecrease", 2]]);
  });

  it("is found when it says to have been recorded after witnesses saw it sealed", async () => {
    const report = await story((world) => void world.open({ atMs: 10 * 60_000 }));
    expect(broken(report)).toEqual([["eventTimeImpossible", 1]]);
    expect(world.trail).toEqual([]);
  });
});

describe("a bundle in which events are withheld", () => {
  it("says which, proves that they are there, and tells of custody what the others say", async () => {
    const world = (await World.create()).play();
    const report = await reportOf(world, { withheld: [2, 3] });
    expect(report.holds).toBe(true);
    expect(report.withheld).toEqual([2, 3]);
    expect(report.branches).toBeNull();
    expect(report.findings.map(({ code }) => code)).toEqual(["eventsWithheld"]);
    expect(
      report.custody.map(({ agency, fromEvent, untilEvent, certain }) => [agency, fromEvent, untilEvent, certain]),
    ).toEqual([
      ["hn-w-00004", 1, 4, false],
      ["hn-police", 4, 6, false],
    ]);
  });

  it("does not hold when a statement cites what is not in the trail", async () => {
    const world = await World.create();
    world.open();
    world.forward();
    world.heads.set("0", new Uint8Array(32).fill(9));
    world.acknowledge();
    world.filler(2);
    expect(broken(await reportOf(world, { withheld: [2] }))).toEqual([["priorUnknown", 3]]);
  });
});

describe("erased content", () => {
  it("leaves every proof valid, and is told with the event that erased it", async () => {
    const world = (await World.create()).play();
    world.erase();
    world.filler(2);
    const report = await reportOf(world);
    expect(report.holds).toBe(true);
    expect(report.completeTo?.event).toBe(7);
    expect(report.erasures).toEqual([{ event: 7, documents: [] }]);
    const told = (language: "vi" | "en") => tellBundle(report, language).map(({ text }) => text);
    expect(told("en")).toContain(
      "Content erased (event 7): all documents, and the applicant. What was committed to stays proven.",
    );
    expect(told("vi").some((text) => text.startsWith("Nội dung đã xóa (sự kiện 7)"))).toBe(true);
  });
});

describe("what is told of a report", () => {
  it.each(["vi", "en"] as const)(
    "has a sentence for everything that can be found, in %s, with the event's number",
    (language) => {
      const values = new Proxy({}, { get: (_, name) => (typeof name === "string" ? `<${name}>` : undefined) });
      for (const [code, severity] of Object.entries(findingSeverities)) {
        const sentence = tellFinding({ code: code as FindingCode, severity, event: 7, values }, language);
        expect(sentence, code).toMatch(/7: .+[.)>A-Z]$/u);
        expect(sentence).toBe(sentence.normalize("NFC"));
        expect(sentence).not.toMatch(/undefined|NaN/);
      }
    },
  );

  it("says of custody nothing where the trail does not hold", async () => {
    const world = await World.create();
    world.open({ keys: [fixedKey("unknown")] });
    world.filler(2);
    const lines = tellBundle(await reportOf(world), "en").map(({ text }) => text);
    expect(lines[0]).toBe("The trail of H26-261122-0001 does NOT hold.");
    expect(lines.join("\n")).toContain("Event 1: the key ");
    expect(lines.join("\n")).not.toContain("Who held it");
  });
});
