// Pure: a registry in memory, a request changed in one place, the refusal that names it.
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RegistryRecord } from "@lienthong/contracts/registry/v1/record";
import { generateSigningKey, type SigningKey } from "@lienthong/statement";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  agencyRecord,
  fixedKey,
  keyRecord,
  LogWriter,
  possession,
  revocationRecord,
  systemRecord,
} from "../../registry-state/test/registry-fixture.ts";
import {
  agencyFolder,
  checkRequest,
  EnrolmentRefusedError,
  type EnrolmentRequest,
  readRequestFile,
  requestEnrolment,
  requestRenewal,
  requestRotation,
} from "../src/index.ts";
import { sealIn } from "./enrolment-fixture.ts";

const ward = "hn-w-00004";
const policy = { keysOnOperatorsDisk: new Set<string>(), isDemonstration: false };
const seal = fixedKey("ward seal");
const stranger = fixedKey("another office");

let root: string;
let writer: LogWriter;
let count = 0;
const newFolder = () => {
  count += 1;
  return agencyFolder(join(root, `folder-${count}`));
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-requests-"));
  writer = new LogWriter();
  writer.add(agencyRecord("hn"));
  writer.add(agencyRecord(ward));
  writer.add(agencyRecord("hn-w-00008"));
  writer.add(systemRecord("hn-mot-cua", [new Uint8Array(32).fill(1)]));
  writer.add(systemRecord("other-system", [new Uint8Array(32).fill(2)], { responsibleAgency: "hn" }));
  writer.addKey("hn-w-00008", stranger, { demonstration: false });
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function request(key: SigningKey | null = null, more = {}): Promise<{ request: EnrolmentRequest; file: string }> {
  const folder = newFolder();
  if (key !== null) await sealIn(folder, ward, key);
  const made = await requestEnrolment({
    folder,
    network: writer.state.network,
    agency: ward,
    system: { id: "ba-dinh", nameVi: "Hệ thống Ba Đình" },
    ...more,
  });
  return { request: made, file: folder.requestFile };
}

/** Changes the file and reads it, and whatever is refused on the way. */
async function refusalOf(file: string, change: (text: string) => string): Promise<EnrolmentRefusedError> {
  await writeFile(file, change(await readFile(file, "utf8")));
  try {
    checkRequest(await readRequestFile(file), writer.state, policy);
  } catch (error) {
    if (error instanceof EnrolmentRefusedError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

test("a request that nobody touched holds, and says what it asks for", async () => {
  const { request: made, file } = await request(null, { delegateTo: ["hn-mot-cua"] });
  const read = await readRequestFile(file);
  expect(read.fingerprint).toBe(made.fingerprint);
  expect(read).toMatchObject({ kind: "enrol", agency: ward, madeTime: made.madeTime, system: made.system });
  expect(read.records.map(({ bytes }) => Buffer.from(bytes))).toEqual(
    made.records.map(({ bytes }) => Buffer.from(bytes)),
  );
  const checked = checkRequest(read, writer.state, policy);
  expect(checked.key?.record).toMatchObject({ agency: ward, demonstration: false });
  expect(checked.delegations.map(({ record }) => record.system)).toEqual(["ba-dinh", "hn-mot-cua"]);
});

test("any change of what is asked changes the fingerprint, and the file is refused", async () => {
  const changes: [string, (text: string) => string][] = [
    ["agency", (text) => text.replaceAll(`"agency": "${ward}"`, '"agency": "hn-w-00008"')],
    ["name", (text) => text.replace("Hệ thống Ba Đình", "Hệ thống khác")],
    ["kind", (text) => text.replace('"kind": "enrol"', '"kind": "rotate"')],
    [
      "record",
      (text) => text.replace(/"record": "(..)/, (_, two: string) => `"record": "${two === "CA" ? "CB" : "CA"}`),
    ],
  ];
  for (const [what, change] of changes) {
    const { file } = await request();
    const refused = await refusalOf(file, change);
    expect(["FINGERPRINT_WRONG", "CONTENT_REFUSED"], what).toContain(refused.code);
  }
});

test("another certificate request, or another signature, is refused though the fingerprint were right", async () => {
  const [mine, other] = [await request(), await request()];
  const theirs = JSON.parse(await readFile(other.file, "utf8")) as { certificateRequest: string; signature: unknown };
  const swapped = await refusalOf(mine.file, (text) =>
    JSON.stringify({ ...JSON.parse(text), certificateRequest: theirs.certificateRequest }),
  );
  expect(swapped.code).toBe("FINGERPRINT_WRONG");
  const again = await request();
  const signature = await refusalOf(again.file, (text) =>
    JSON.stringify({ ...JSON.parse(text), signature: theirs.signature }),
  );
  expect(signature).toMatchObject({ code: "CONTENT_REFUSED", field: "signature.keyId" });
  const flipped = await refusalOf((await request()).file, (text) => {
    const file = JSON.parse(text) as { signature: { signature: string } };
    const bytes = Buffer.from(file.signature.signature, "base64");
    bytes[10] = bytes[10]! ^ 1;
    return JSON.stringify({ ...file, signature: { ...file.signature, signature: bytes.toString("base64") } });
  });
  expect(flipped).toMatchObject({ code: "SIGNATURE_WRONG", field: "signature.signature" });
  const endorsement = await refusalOf((await request()).file, (text) =>
    text.replace(
      /"signature": "([A-Za-z0-9+/]{4})/,
      (_, four: string) => `"signature": "${four === "AAAA" ? "BBBB" : "AAAA"}`,
    ),
  );
  expect(endorsement).toMatchObject({ code: "SIGNATURE_WRONG", field: "records[0].endorsements[0].signature" });
  const without = await refusalOf((await request()).file, (text) =>
    text.replace(/"endorsements": \[[^\]]*\]/, '"endorsements": []'),
  );
  expect(without).toMatchObject({ code: "CONTENT_REFUSED", field: "records[0].endorsements" });
  expect(without.message).toContain("one of role POSSESSION");
});

test("a request for another network, an agency or a system that is not there, or somebody else's system is refused by name", async () => {
  const refused = async (made: Promise<{ request: EnrolmentRequest }>) => {
    const { request: read } = await made;
    try {
      checkRequest(read, writer.state, policy);
    } catch (error) {
      return error as EnrolmentRefusedError;
    }
    throw new Error("Nothing was refused.");
  };
  expect(await refused(request(null, { network: new Uint8Array(32) }))).toMatchObject({ code: "NETWORK_OTHER" });
  expect(await refused(request(null, { agency: "nobody" }))).toMatchObject({ code: "AGENCY_UNKNOWN" });
  expect(await refused(request(null, { delegateTo: ["nowhere"] }))).toMatchObject({
    code: "SYSTEM_UNKNOWN",
    field: "records[2].record.delegation.system",
  });
  expect(await refused(request(null, { system: { id: "other-system" } }))).toMatchObject({ code: "SYSTEM_OF_ANOTHER" });
  expect((await refused(request(null, { system: { id: "hn-mot-cua" } }))).message).toContain(
    "the operator answers for",
  );
  // Signed by a key that is not the agency's: of another office, and of nobody.
  for (const key of [stranger, generateSigningKey("p256")]) {
    const wrong = await refused(request(key));
    expect(wrong).toMatchObject({ code: "CONTENT_REFUSED", field: "records[0].endorsements[0].keyId" });
  }
});

test("a rotation needs the old key in the registry, and its signature", async () => {
  const folder = newFolder();
  await sealIn(folder, ward, seal);
  const asking = { folder, network: writer.state.network, agency: ward };
  const rotation = await requestRotation(asking);
  expect(() => checkRequest(rotation, writer.state, policy)).toThrow(/a key of hn-w-00004 that the new one replaces/);
  const local = new LogWriter();
  local.add(agencyRecord("hn"));
  local.add(agencyRecord(ward));
  local.addKey(ward, seal, { demonstration: false });
  const known = await requestRotation({ ...asking, network: local.state.network });
  expect(checkRequest(known, local.state, policy).key?.record.replaces).toEqual(seal.keyId);
  const [record] = known.records;
  const lacking = { ...known, records: [{ ...record!, endorsements: record!.endorsements.slice(0, 1) }] };
  expect(() => checkRequest(lacking, local.state, policy)).toThrow(/one of role PREVIOUS_KEY/);
  local.add(revocationRecord(ward, seal, { demonstration: false }));
  expect(RegistryRecord.decode(record!.bytes).record?.$case).toBe("key");
});

test("a revoked key never comes back, and a demonstration key is recorded in the demonstration alone", async () => {
  const local = new LogWriter();
  local.add(agencyRecord("hn"));
  local.add(agencyRecord(ward));
  const folder = newFolder();
  const made = await requestEnrolment({ folder, network: local.state.network, agency: ward });
  const keyId = Buffer.from(made.signature!.keyId, "hex").toString("hex");
  const onDisk = { keysOnOperatorsDisk: new Set([keyId]), isDemonstration: true };
  expect(() => checkRequest(made, local.state, onDisk)).toThrow(
    /is a demonstration key: its private key lies on the operator's disk/,
  );
  expect(checkRequest(made, local.state, policy).key?.id).toBe(keyId);
  const [asked] = made.records;
  local.add(asked!.content, { endorsements: [...asked!.endorsements] });
  const revoked = { ...asked!.content } as ReturnType<typeof keyRecord>;
  if (revoked.$case === "key") {
    const value = { ...revoked.value, status: 2 as const, revocationReason: 3 as const };
    local.add({ $case: "key", value });
  }
  expect(() => checkRequest(made, local.state, policy)).toThrow(
    /was revoked by entry 4; a revoked key never comes back/,
  );
});

test("a key that calls itself a demonstration is refused outside it", async () => {
  const local = new LogWriter();
  local.add(agencyRecord("hn"));
  local.add(agencyRecord(ward));
  const made = await requestEnrolment({ folder: newFolder(), network: local.state.network, agency: ward });
  const content = keyRecord(ward, seal, { demonstration: true });
  const bytes = local.pen.recordBytes(content);
  const { endorsements } = local.endorsed(content, [possession, seal]);
  const demonstration = { ...made, records: [{ bytes, content, endorsements }] };
  expect(() => checkRequest(demonstration, local.state, policy)).toThrow(/Only the demonstration of lienthong up/);
});

test("a certificate is renewed on the TLS key's word only if the registry lists it for that system", async () => {
  const folder = newFolder();
  await requestEnrolment({ folder, network: writer.state.network, agency: ward, system: { id: "ba-dinh" } });
  await rename(folder.nextTlsKeyFile("ba-dinh"), folder.tlsKeyFile("ba-dinh"));
  const asking = { folder, network: writer.state.network, agency: ward, system: "ba-dinh" };
  const renewal = await requestRenewal(asking);
  expect(renewal.signature).toBeNull();
  expect(() => checkRequest(renewal, writer.state, policy)).toThrow(/has no system ba-dinh/);
  const local = new LogWriter();
  local.add(agencyRecord("hn"));
  local.add(agencyRecord(ward));
  local.add(systemRecord("ba-dinh", [new Uint8Array(32).fill(7)], { responsibleAgency: ward }));
  const other = await requestRenewal({ ...asking, network: local.state.network });
  expect(() => checkRequest(other, local.state, policy)).toThrow(/signature is missing/);
  const digest = new Uint8Array(Buffer.from(other.certificate!.keyDigestHex, "hex"));
  local.add(systemRecord("ba-dinh", [digest], { responsibleAgency: ward }));
  expect(checkRequest(other, local.state, policy).key).toBeNull();
});

test("a file that is no request says which field is wrong", async () => {
  const file = join(root, "odd.json");
  const fails = async (text: string) => {
    await writeFile(file, text);
    return readRequestFile(file).then(
      () => "nothing",
      (error: Error) => error.message,
    );
  };
  expect(await fails("{")).toContain("the file is not JSON");
  expect(await fails("[]")).toContain("an object");
  const whole = JSON.parse(await readFile((await request()).file, "utf8")) as Record<string, unknown>;
  const cases: [Record<string, unknown>, string][] = [
    [{ network: "12" }, "network is"],
    [{ agency: "../x" }, "agency is"],
    [{ kind: "steal" }, "kind is"],
    [{ records: "none" }, "records is"],
    [{ records: [{ record: "AAAA", endorsements: [] }] }, "records[0].record"],
    [{ system: null }, "certificateRequest is set"],
    [{ certificateRequest: "-----BEGIN" }, "certificateRequest This is no certificate request"],
    [{ fingerprint: "AAAA" }, "has the fingerprint"],
  ];
  for (const [change, expected] of cases)
    expect(await fails(JSON.stringify({ ...whole, ...change }))).toContain(expected);
  await rm(file);
  expect(await readRequestFile(file).catch((error: Error) => error.message)).toContain("cannot be read (ENOENT)");
});
