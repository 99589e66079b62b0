import type { BusCallError } from "@lienthong/client";
import { dossierCode, startTestBus, type TestBus } from "@lienthong/testkit";
import {
  decodeBundle,
  leafHash,
  openCheckpoint,
  parsePolicy,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
  verifyTlogProof,
} from "@lienthong/tlog";
import { afterAll, beforeAll, expect, test } from "vitest";

let bus: TestBus;
let shard: string;

beforeAll(async () => {
  bus = await startTestBus();
  shard = bus.bus.shard.name;
}, 60_000);

afterAll(() => bus.stop());

const log = (name = shard) => {
  const found = bus.bus.run.logs.find((each) => each.name === name);
  if (found === undefined) throw new Error(`run.json names no log ${name}.`);
  return found;
};
const ledger = () => bus.connection("operator", "ledger").ledger;
const ward = "hn-wold-00001";

async function opened() {
  const office = bus.office(ward);
  const code = dossierCode();
  const accepted = await office.submit(office.signOpen(code, "00001", "birth-group-nd63"));
  return { code, accepted };
}

test("an accepted event has a sealed receipt within two seconds, which verifies offline against the policy", async () => {
  const { code, accepted } = await opened();
  const before = performance.now();
  const receipt = await ledger().receipt({ log: shard, leafIndex: accepted.leafIndex });
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(receipt.leafHash).toEqual(Buffer.from(leafHash(accepted.event)));
  const policy = parsePolicy((await ledger().listLogs())[0]?.policy ?? "");
  const verified = await verifyTlogProof(receipt.receipt, leafHash(accepted.event), policy);
  expect(verified.index).toBe(Number(accepted.leafIndex));
  expect(verified.log.name).toBe(bus.bus.shard.origin);

  const byEvent = await ledger().receipt({ log: shard, dossier: code, hash: leafHash(accepted.event) });
  expect(byEvent.leafIndex).toBe(accepted.leafIndex);
});

test("the registry's log holds its entries, in order, under the root that the registry's own head names", async () => {
  const { state } = bus.bus.registry;
  await expect.poll(() => bus.bus.ledger?.ledger.logs.find("registry")?.head().size).toBe(state.size);
  const checkpoint = await ledger().getCheckpoint({ log: "registry" });
  expect(Number(checkpoint.size)).toBe(state.size);
  expect(Buffer.from(checkpoint.root)).toEqual(Buffer.from(state.head.root));
  const entries: Uint8Array[] = [];
  for await (const part of ledger().streamEntries({ log: "registry" })) entries.push(...part.entries);
  expect(entries).toHaveLength(state.size);
  expect(Buffer.from(leafHash(entries[0] as Uint8Array))).toEqual(Buffer.from(state.network));
});

test("foreign tools read checkpoint, tiles and, with the token, entries over plain HTTP", async () => {
  await opened();
  const { url, vkey, entriesToken } = log();
  await expect.poll(async () => (await fetch(`${url}/checkpoint`)).status, { timeout: 5_000 }).toBe(200);
  const response = await fetch(`${url}/checkpoint`);
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(response.headers.get("cache-control")).toContain("max-age=1");
  const { size } = await openCheckpoint(await response.text(), parseVerifierKey(vkey));
  expect(size).toBeGreaterThan(0);
  const tile = await fetch(`${url}/tile/0/000.p/${size}`);
  expect(tile.status).toBe(200);
  expect(tile.headers.get("cache-control")).toContain("immutable");
  const hashes = new Uint8Array(await tile.arrayBuffer());
  const bundle = `${url}/tile/entries/000.p/${size}`;
  expect((await fetch(bundle)).status).toBe(401);
  expect((await fetch(bundle, { headers: { authorization: `Bearer ${entriesToken.slice(1)}x` } })).status).toBe(401);
  const entries = await fetch(bundle, { headers: { authorization: `Bearer ${entriesToken}` } });
  const decoded = decodeBundle(new Uint8Array(await entries.arrayBuffer()), size);
  expect(Buffer.concat(decoded.map((entry) => leafHash(entry)))).toEqual(Buffer.from(hashes));
  expect((await fetch(`${url}/tile/0/../../../keys/registrar.pem`)).status).toBe(404);
  expect((await fetch(`${url}/head`)).status).toBe(404);
  expect((await fetch(`${url}/checkpoint`, { method: "POST" })).status).toBe(405);
  expect((await fetch(`${url}/checkpoints/${size}`)).status).toBe(200);
});

test("nothing is served beyond the published size", async () => {
  const { url, vkey } = log();
  const publishedSize = async () => {
    const response = await fetch(`${url}/checkpoint`);
    return (await openCheckpoint(await response.text(), parseVerifierKey(vkey))).size;
  };
  for (const beyond of ["tile/0/000.p", "checkpoints"]) {
    // A log that grew between question and answer may answer: then it is asked again.
    await expect
      .poll(async () => {
        const size = await publishedSize();
        const { status } = await fetch(`${url}/${beyond}/${size + 1}`);
        return (await publishedSize()) === size ? status : "grew";
      })
      .toBe(404);
  }
});

test("checkpoints that were signed earlier stay there, and each grew from the one before", async () => {
  for (let i = 0; i < 3; i++) {
    const { accepted } = await opened();
    await ledger().receipt({ log: shard, leafIndex: accepted.leafIndex });
  }
  const { checkpoints } = await ledger().listCheckpoints({ log: shard });
  expect(checkpoints.length).toBeGreaterThanOrEqual(4);
  for (const [i, next] of checkpoints.entries()) {
    const before = checkpoints[i - 1];
    if (before === undefined) continue;
    const { path } = await ledger().getConsistencyProof({ log: shard, oldSize: before.size, newSize: next.size });
    expect(verifyConsistency(Number(before.size), before.root, Number(next.size), next.root, path)).toBe(true);
  }
  const last = checkpoints.at(-1);
  const proofs = await ledger().getInclusionProofs({ log: shard, leafIndexes: [0n, 1n] });
  for (const { leafIndex, leafHash, path } of proofs.proofs) {
    const { size, root } = proofs.checkpoint ?? { size: 0n, root: new Uint8Array(32) };
    expect(verifyInclusion(leafHash, Number(leafIndex), Number(size), path, root)).toBe(true);
  }
  const bracket = await ledger().listCheckpoints({ log: shard, maxSize: 1n, newestFirst: true, pageSize: 1 });
  expect(Number(bracket.checkpoints[0]?.size)).toBeLessThanOrEqual(1);
  expect(last?.witnessed).toBe(false);
});

test("who may not is told so: strangers, systems without an auditor, waits for a witness where there is none", async () => {
  const reason = (call: Promise<unknown>) =>
    call.then(
      () => "",
      (error: BusCallError) => error.reason,
    );
  const agency = ward;
  const own = bus.connection(bus.systemOf(agency), "ledger").ledger;
  const all = async (question: Parameters<typeof own.streamEntries>[0]) => {
    for await (const part of own.streamEntries(question)) expect(part.entries.length).toBeGreaterThan(0);
  };
  expect(await reason(all({ log: shard, agency }))).toBe("NOT_ENTITLED");
  expect(await reason(all({ log: shard, agency: "nobody-here" }))).toBe("AGENCY_UNKNOWN");
  expect(await reason(ledger().streamEntries({ log: shard, agency }).next())).toBe("DELEGATION_MISSING");
  expect(await reason(ledger().getCheckpoint({ log: "elsewhere" }))).toBe("LOG_UNKNOWN");
  expect(await reason(ledger().getCheckpoint({ log: shard, size: 999_999n }))).toBe("CHECKPOINT_UNKNOWN");
  expect(await reason(ledger().receipt({ log: shard, leafIndex: 999_999n }))).toBe("LEAF_UNKNOWN");
  expect(await reason(ledger().receipt({ log: shard, leafIndex: 0n, level: "witnessed" }))).toBe("WITNESSES_ABSENT");
  expect(await reason(ledger().getInclusionProofs({ log: shard, leafIndexes: [] }))).toBe("FIELD_INVALID");
});
