import { hashesEqual, rootOf } from "@lienthong/tlog";
import { describe, expect, test } from "vitest";
import { hexOf, RegistryEntryRefusedError, RegistryState, stateLeafHash } from "../src/index.ts";
import { agencyRecord, at, fixedKey, LogWriter, revocationRecord, writeSmallLog } from "./registry-fixture.ts";

describe("the fold of the registry log", () => {
  test("a log read again gives the same head, network and state root", () => {
    const { log, state } = writeSmallLog();
    const again = new RegistryState();
    for (const bytes of log) again.apply(bytes);
    expect(again.head).toEqual(state.head);
    expect(again.network).toEqual(state.network);
    expect(again.stateRoot).toEqual(state.stateRoot);
    expect(again.head.size).toBe(13n);
  });

  test("no byte of any entry can be changed", () => {
    const { log, state } = writeSmallLog();
    const folded = new RegistryState();
    for (const [number, bytes] of log.entries()) {
      for (let i = 0; i < bytes.length; i++) {
        const broken = bytes.slice();
        broken[i] = broken[i]! ^ (1 << (i % 8));
        const changed = `entry ${number}, byte ${i}`;
        try {
          folded.apply(broken);
        } catch (error) {
          if (error instanceof RegistryEntryRefusedError) continue;
          throw new Error(changed, { cause: error });
        }
        throw new Error(`${changed} was changed and nobody noticed`);
      }
      folded.apply(bytes);
    }
    expect(folded.head).toEqual(state.head);
  }, 60_000);

  test("cut, swapped, repeated and foreign entries are refused", () => {
    const { log } = writeSmallLog();
    const folded = new RegistryState();
    folded.apply(log[0]!);
    folded.apply(log[1]!);
    const reasonOf = (bytes: Uint8Array) => {
      try {
        folded.apply(bytes);
      } catch (error) {
        return (error as RegistryEntryRefusedError).reason;
      }
      return "accepted";
    };
    expect(reasonOf(log[1]!)).toBe("REGISTRY_HEAD_MOVED");
    expect(reasonOf(log[3]!)).toBe("REGISTRY_HEAD_MOVED");
    expect(reasonOf(log[0]!)).toBe("NETWORK_MISMATCH");
    expect(reasonOf(log[2]!.subarray(0, 100))).toBe("MESSAGE_MALFORMED");
    expect(reasonOf(new Uint8Array(61_441))).toBe("ENTRY_TOO_LARGE");
    expect(reasonOf(new LogWriter(fixedKey("other registrar")).write(agencyRecord("hn")))).toBe("NETWORK_MISMATCH");
    expect(reasonOf(log[2]!)).toBe("accepted");
  });

  test("heads at earlier sizes stay known", () => {
    const { log, state } = writeSmallLog();
    const folded = new RegistryState();
    for (const bytes of log) {
      folded.apply(bytes);
      expect(state.headAt(folded.head.size)).toEqual(folded.head);
    }
    const hashes = log.map((_, number) => state.entryHash(BigInt(number))!);
    expect(state.head.root).toEqual(rootOf(hashes));
    expect(state.includes(3n, hashes[3]!)).toBe(true);
    expect(state.includes(3n, hashes[4]!)).toBe(false);
    expect(() => state.headAt(99n)).toThrow(RangeError);
  });

  test("the state root covers the last entry of every subject, sorted", () => {
    const writer = new LogWriter();
    writer.add(agencyRecord("b"));
    writer.add(agencyRecord("a"));
    const again = writer.add(agencyRecord("b", { note: "again" }));
    const leaves = [
      stateLeafHash(1, "genesis", writer.state.network),
      stateLeafHash(2, "a", writer.state.entryHash(2n)!),
      stateLeafHash(2, "b", again.hash),
    ];
    expect(hashesEqual(writer.state.stateRoot, rootOf(leaves))).toBe(true);
  });

  test("many entries are folded the same with signatures verified on the pool", async () => {
    const { log, state } = writeSmallLog();
    const pooled = new RegistryState();
    const applied = await pooled.applyMany(log);
    expect(applied.map(({ number }) => number)).toEqual(log.map((_, number) => BigInt(number)));
    expect(pooled.head).toEqual(state.head);
  });

  test("a bad signature in the middle of many stops the fold right there", async () => {
    const { log } = writeSmallLog();
    const broken = log.map((bytes) => bytes.slice());
    const last = broken[5]!;
    last[last.length - 1] = last[last.length - 1]! ^ 1;
    const pooled = new RegistryState();
    await expect(pooled.applyMany(broken)).rejects.toMatchObject({
      reason: "SIGNATURE_INVALID",
      field: "signed_entry.signatures[0].signature",
    });
    expect(pooled.size).toBe(5);
    await pooled.applyMany(log.slice(5));
    expect(pooled.size).toBe(log.length);
  });

  test("bytes handed in may be reused by the caller", () => {
    const { log, state } = writeSmallLog();
    const folded = new RegistryState();
    for (const bytes of log) {
      const lent = bytes.slice();
      folded.apply(lent);
      lent.fill(0);
    }
    expect(folded.head).toEqual(state.head);
    expect(folded.agency("hn-w-00004")?.record.name?.vi).toBe("Ủy ban nhân dân phường Ba Đình");
    const key = folded.key(hexOf(fixedKey("ward seal 2").keyId))!;
    expect(key.record.publicKey?.publicKey).toEqual(new Uint8Array(fixedKey("ward seal 2").publicKey));
  });
});

describe("lookups", () => {
  test("a revoked key stays known, with the first revocation and the earliest doubt", () => {
    const writer = writeSmallLog();
    const keyId = hexOf(fixedKey("ward seal").keyId);
    writer.add(revocationRecord("hn-w-00004", fixedKey("ward seal"), { doubtedSince: at(1) }));
    const key = writer.state.key(keyId)!;
    expect(key.number).toBe(5n);
    expect(key.revoked).toMatchObject({ number: 11n, recordedTime: at(11), doubtedSince: at(1) });
    expect(writer.state.keysOfAgency("hn-w-00004").map((each) => each.revoked === null)).toEqual([false, true]);
  });

  test("systems, delegations, procedures, routes, calendars and shards are found", () => {
    const { state } = writeSmallLog();
    expect(state.systemByCertificateKeyDigest("09".repeat(32))?.id).toBe("hn-system");
    expect(state.isDelegated("hn-w-00004", "hn-system")).toBe(true);
    expect(state.isDelegated("hn", "hn-system")).toBe(false);
    expect(state.procedure("3.000722")?.id).toBe("birth-group");
    expect(state.procedure("birth-group")?.record.code).toBe("3.000722");
    const [route] = state.routesOf("birth-group");
    expect(route?.compiled.startSteps.map(({ id }) => id)).toEqual(["receive"]);
    expect(state.routeByEntry(hexOf(route!.entryHash))).toBe(route);
    expect(state.calendarInForce("2025-12-31")).toBeUndefined();
    expect(state.calendarInForce("2026-01-01")?.id).toBe("vn-state/2026-11-22");
    expect(state.shard("hanoi-2026q4")?.record.origin).toBe("example.org/lienthong/hanoi-2026q4");
    expect(state.isInForce("hn-w-00004", "2025-06-30")).toBe(false);
    expect(state.isInForce("ba-dinh-desk", "2025-06-30")).toBe(false);
    expect(state.isInForce("ba-dinh-desk", "2025-07-01")).toBe(true);
  });
});
