import { beforeAll, describe, expect, it } from "vitest";
import {
  type Bundle,
  type BundleEvent,
  type BundleReport,
  FileUnreadableError,
  type VerifyOptions,
  verifyBundle,
  writeBundle,
} from "../src/index.ts";
import { World } from "./world.ts";

let world: World;
let bundle: Bundle;
let text: string;
let untouched: string;
let trust: VerifyOptions;

beforeAll(async () => {
  world = await World.create();
  world.filler(1);
  world.open();
  world.forward();
  world.acknowledge();
  world.filler(2);
  trust = { network: world.registry.state.network, policy: world.policy };
  bundle = await world.bundle();
  text = writeBundle(bundle);
  untouched = JSON.stringify(await verifyBundle(text, trust));
});

/** Every how manieth byte is flipped where whole files would take minutes; 1 tries all (LIENTHONG_FLIP_EVERY=1). */
const every = Number(process.env.LIENTHONG_FLIP_EVERY ?? 37);

/** What becomes of a file: the report, or where it cannot be read. */
async function read(changed: string): Promise<BundleReport | FileUnreadableError> {
  try {
    return await verifyBundle(changed, trust);
  } catch (error) {
    if (error instanceof FileUnreadableError) return error;
    throw error;
  }
}

/** Events that a report finds broken, or where the file cannot be read. */
function brokenEvents(outcome: BundleReport | FileUnreadableError): (number | null)[] {
  if (outcome instanceof FileUnreadableError) {
    const index = /^trail\.events\[(\d+)\]/.exec(outcome.path)?.[1];
    return [index === undefined ? null : Number(index) + 1];
  }
  return outcome.findings.filter(({ severity }) => severity === "broken").map(({ event }) => event);
}

/**
 * An answer without the witnesses beyond the quorum, which a flip of their line's name or key id makes strangers: the answer then says truly that
 * they did not sign, and holds as before.
 */
function withoutSpareWitnesses({ completeTo, registry, times, ...report }: BundleReport) {
  const facts = [completeTo?.checkpoint, registry].map((checkpoint) => [checkpoint?.size, checkpoint?.quorumHolds]);
  const brackets = times.map(({ sealedAfter: _after, sealedBy: _by, ...time }) => time);
  return JSON.parse(JSON.stringify({ ...report, complete: completeTo?.event, facts, brackets }));
}

function flip(file: string, position: number): string {
  const bytes = Buffer.from(file, "utf8");
  bytes[position] = (bytes[position] as number) ^ (1 << (position % 7));
  return bytes.toString("utf8");
}

describe("a flipped bit of a bundle file", () => {
  /** Where each event's members stand in the file. */
  function spanOf(number: number): [number, number] {
    const start = text.indexOf(`"number": ${number},`);
    const next = text.indexOf(`"number": ${number + 1},`);
    return [start, next < 0 ? text.indexOf('"checkpoints":') : next];
  }

  it.each([1, 2, 3])("in event %i names that event", async (number) => {
    const [start, end] = spanOf(number);
    let named = 0;
    for (let position = start; position < end; position += every > 1 ? 11 : 1) {
      // Between the braces of two events stand signs that are neither's.
      if (/[\s{},[\]:"]/.test(text[position] as string)) continue;
      const outcome = await read(flip(text, position));
      const found = brokenEvents(outcome);
      if (found.length === 0) expect(JSON.stringify(outcome)).toBe(untouched);
      else if (!(outcome instanceof FileUnreadableError && outcome.path === "")) {
        expect(found, `${position}: ${text.slice(position - 20, position + 20)}`).toContain(number);
        named += 1;
      }
    }
    expect(named).toBeGreaterThan(20);
  });

  it("anywhere fails the verification, or changes no answer", { timeout: 600_000 }, async () => {
    let failed = 0;
    const same = withoutSpareWitnesses(JSON.parse(untouched) as BundleReport);
    for (let position = 0; position < Buffer.byteLength(text); position += every) {
      const outcome = await read(flip(text, position));
      if (outcome instanceof FileUnreadableError || !outcome.holds) failed += 1;
      else
        expect(withoutSpareWitnesses(outcome), `${position}: ${text.slice(position - 30, position + 30)}`).toEqual(
          same,
        );
    }
    expect(failed).toBeGreaterThan(Buffer.byteLength(text) / every / 3);
  });
});

describe("events that were changed", () => {
  const withEvents = (events: readonly BundleEvent[]) =>
    read(writeBundle({ ...bundle, trail: { ...bundle.trail, events } }));
  const event = (number: number) => bundle.trail.events[number - 1] as BundleEvent;

  it("are named: one edited", async () => {
    const bytes = Uint8Array.from(event(2).event as Uint8Array);
    bytes[bytes.length - 10] = (bytes[bytes.length - 10] as number) ^ 0x20;
    expect(brokenEvents(await withEvents([event(1), { ...event(2), event: bytes }, event(3)]))).toContain(2);
  });

  it("are named: one dropped, and the others numbered anew", async () => {
    expect(brokenEvents(await withEvents([event(1), event(3)]))).toContain(2);
    expect(brokenEvents(await withEvents([event(1), { ...event(3), number: 2 }]))).toContain(2);
    expect(brokenEvents(await withEvents([event(2), event(3)]))).toContain(1);
  });

  it("are named: two swapped, one repeated, none left", async () => {
    expect(brokenEvents(await withEvents([event(1), { ...event(3), number: 2 }, { ...event(2), number: 3 }]))).toEqual(
      expect.arrayContaining([2, 3]),
    );
    expect(brokenEvents(await withEvents([event(1), event(2), { ...event(2), number: 3 }]))).toContain(3);
    expect(brokenEvents(await withEvents([]))).toEqual([1]);
  });

  it("cut off at the end leave a trail that is complete to less, and says so", async () => {
    const report = (await withEvents([event(1), event(2)])) as BundleReport;
    expect(report.holds).toBe(true);
    expect(report.completeTo?.event).toBe(2);
    expect(report.branches?.[0]?.state).toBe("HANDED_OVER");
  });

  it("withheld by whoever passes the file on are shown as withheld, and a made-up hash is found", async () => {
    const hidden = { ...event(2), event: null, hash: world.trail[1]?.hash as Uint8Array };
    const report = (await withEvents([event(1), hidden, event(3)])) as BundleReport;
    expect(report).toMatchObject({ holds: true, withheld: [2] });
    const invented = { ...hidden, hash: new Uint8Array(32) };
    expect(new Set(brokenEvents(await withEvents([event(1), invented, event(3)])))).toEqual(new Set([2, 3]));
  });

  it("truncated files cannot be read", async () => {
    for (const length of [0, 1, text.length >> 1, text.length - 3]) {
      expect(await read(text.slice(0, length))).toBeInstanceOf(FileUnreadableError);
    }
  });
});

describe("the registry's part", () => {
  const withRegistry = async (registry: Partial<Bundle["registry"]>) =>
    (await read(writeBundle({ ...bundle, registry: { ...bundle.registry, ...registry } }))) as BundleReport;
  const codes = ({ findings }: BundleReport) => findings.map(({ code }) => code);

  it("without the last entry of a chain, such as a revocation, is found incomplete", async () => {
    const revoked = await World.create();
    revoked.open();
    const { revocationRecord, agencyRecord } = await import("../../registry-state/test/registry-fixture.ts");
    revoked.registry.add(revocationRecord("hn-w-00004", revoked.seals["hn-w-00004"] as never));
    revoked.registry.add(agencyRecord("hn-late", { kind: "office" }));
    revoked.filler(2);
    const whole = await revoked.bundle();
    const entries = whole.registry.entries.filter((_, index) => index !== whole.registry.entries.length - 2);
    const hidden = writeBundle({ ...whole, registry: { ...whole.registry, entries } });
    const report = (await verifyBundle(hidden, {
      network: revoked.registry.state.network,
      policy: revoked.policy,
    })) as BundleReport;
    expect(report.findings[0]?.code).toBe("registryChainIncomplete");
    expect(report.holds).toBe(false);
  });

  it("without a proof that the registrar's key was never revoked proves no entry", async () => {
    expect(bundle.registry.absent).toHaveLength(1);
    expect(codes(await withRegistry({ absent: [] }))).toContain("registryEntrySignature");
    const [absent] = bundle.registry.absent;
    const shifted = { ...absent, after: absent?.before ?? null } as never;
    expect(codes(await withRegistry({ absent: [shifted] }))).toContain("registryChainIncomplete");
  });

  it("with another root for a head that events cite is found", async () => {
    const [head] = bundle.registry.heads;
    const heads = [{ ...head, root: new Uint8Array(32) } as never];
    expect(codes(await withRegistry({ heads }))).toEqual(expect.arrayContaining(["registryHeadInconsistent"]));
  });
});
