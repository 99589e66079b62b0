import { rootOf } from "@lienthong/tlog";
import { describe, expect, it } from "vitest";
import { readBundle, verifyReadBundle, WholeLogReader, type WholeLogReport, writeBundle } from "../src/index.ts";
import { World } from "./world.ts";

/** Reads a log beside the bundle that was made when it had `size` leaves. */
async function readBeside(world: World, size: number, read: (reader: WholeLogReader) => void): Promise<WholeLogReport> {
  const trust = { network: world.registry.state.network, policy: world.policy };
  const bundle = readBundle(writeBundle(await world.bundle({ size })));
  const reader = new WholeLogReader(await verifyReadBundle(bundle, trust));
  read(reader);
  return reader.finish(await world.shardLog.checkpoint(undefined, world.witnesses), trust);
}

describe("the whole log beside a bundle", () => {
  it("excludes later events of the dossier when every entry was read", async () => {
    const world = (await World.create()).play();
    const report = await readBeside(world, world.shardLog.entries.length - 1, (reader) => {
      for (const entry of world.shardLog.entries) reader.addEntry(entry);
    });
    expect(report).toMatchObject({ holds: true, wholeLog: { entriesRead: true } });
  });

  it("excludes nothing when only hashes were read, and says so", async () => {
    const world = (await World.create()).play();
    const report = await readBeside(world, world.shardLog.entries.length - 1, (reader) => {
      for (const hash of world.shardLog.hashes) reader.addHash(hash);
    });
    expect(report).toMatchObject({ holds: true, wholeLog: { entriesRead: false } });
  });

  it("finds an event of the dossier that the bundle has not", async () => {
    const world = await World.create();
    world.open();
    world.forward();
    world.acknowledge();
    world.filler(1);
    const all = [...world.trail];
    world.trail.pop();
    const report = await readBeside(world, 3, (reader) => {
      for (const entry of world.shardLog.entries) reader.addEntry(entry);
    });
    expect(all).toHaveLength(3);
    expect(report.holds).toBe(false);
    expect(report.completeTo).toBeNull();
    expect(report.findings.find(({ severity }) => severity === "broken")).toMatchObject({
      code: "laterEvent",
      values: { number: "3", leaf: "2" },
    });
  });

  it("is not the bundle's log when a leaf was changed, dropped or swapped, or the beginning is another", async () => {
    for (const change of [
      (hashes: Uint8Array[]) => void hashes.splice(1, 1),
      (hashes: Uint8Array[]) => void hashes.reverse(),
      (hashes: Uint8Array[]) => void hashes.fill(new Uint8Array(32), 0, 1),
    ]) {
      const world = (await World.create()).play();
      const { hashes } = world.shardLog;
      change(hashes);
      const report = await readBeside(world, world.shardLog.entries.length - 1, (reader) => {
        for (const hash of hashes) reader.addHash(hash);
      });
      expect(report.findings.map(({ code }) => code)).toContain("logOther");
      expect(report).toMatchObject({ holds: false, wholeLog: null });
    }
  });

  it("settles an older checkpoint that the bundle does not connect to: the log only grew, or was changed since", async () => {
    for (const forked of [false, true]) {
      const world = (await World.create()).play();
      const { hashes, entries } = world.shardLog;
      const size = entries.length - 1;
      const root = forked ? new Uint8Array(32).fill(9) : rootOf(hashes.slice(0, size - 1));
      const since = await world.shardLog.checkpoint(size - 1, world.witnesses, root);
      const trust = { network: world.registry.state.network, policy: world.policy, since };
      const bundle = readBundle(writeBundle(await world.bundle({ size })));
      const verified = await verifyReadBundle(bundle, trust);
      expect(verified.report).toMatchObject({ holds: false, since: { size: size - 1, consistent: false } });
      const reader = new WholeLogReader(verified);
      for (const entry of entries) reader.addEntry(entry);
      const report = await reader.finish(await world.shardLog.checkpoint(undefined, world.witnesses), trust);
      expect(report).toMatchObject({ holds: !forked, since: { size: size - 1, consistent: !forked } });
      expect(report.findings.some(({ code }) => code === "sinceNotProven")).toBe(false);
      expect(report.findings.some(({ code }) => code === "sinceInconsistent")).toBe(forked);
    }
  });
});
