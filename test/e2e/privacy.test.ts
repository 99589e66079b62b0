// Personal data is planted wherever a user may write something, and looked for wherever the bus keeps something.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { narrowSeed, startBus } from "@lienthong/bus";
import { createLogger } from "@lienthong/chassis";
import { BusCallError } from "@lienthong/client";
import {
  Channel,
  type Document,
  Outcome,
  Statement,
  SupplementReason,
} from "@lienthong/contracts/exchange/v1/statement";
import { readStatement, signStatementPayload } from "@lienthong/statement";
import { dossierCode, TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSeed } from "../../deploy/seed/load-seed.ts";
import { runLine } from "../../packages/cli/test/run-line.ts";
import { plantInEveryRequest } from "./plant-requests.ts";
import { PlantedPerson } from "./planted-person.ts";

const ward = "hn-wold-00004";
const areaCode = "00004";
const procedure = "birth-group-nd63";

const person = new PlantedPerson("Đỗ Thị Ẩn Danh Nguyễn Ớt");
/** Stands in the content of documents alone. */
const inDocuments = new PlantedPerson("Phạm Giấu Tên Quách Ỷ");
let data: string;
let desk: string;
let bus: TestBus;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "lienthong-privacy-"));
  // The desk's own folder, with the person's name on it, is not the bus's.
  desk = join(await mkdtemp(join(tmpdir(), "lienthong-desk-")), person.name);
  await mkdir(desk);
  const started = await startBus({
    dataDirectory: data,
    seed: async () => narrowSeed(await loadSeed(), testAreas),
    // Everything that could be logged is.
    logger: createLogger({ service: "bus", level: "trace", destination: join(data, "logs", "bus.log") }),
    audit: {},
  });
  bus = new TestBus(started, false);
}, 120_000);
afterAll(async () => {
  await bus?.stop();
  for (const folder of [data, join(desk, "..")]) await rm(folder, { recursive: true, force: true });
});

const lienthong = (...args: string[]) => runLine([...args, "--data", data]);
const isPartFile = (path: string) => /^nats\/jetstream\/.*\/LT_DOCUMENT_PARTS_[^/]+\/msgs\/[^/]+\.blk$/.test(path);

/** Every statement that differs from a valid one in one text, which is planted. */
function* withPlantedTexts(payload: Uint8Array): Generator<{ path: string; payload: Uint8Array }> {
  const statement = Statement.decode(payload);
  for (const path of textPaths(statement)) {
    for (const text of person.texts) {
      const altered = Statement.decode(payload);
      setAt(altered, path, text);
      yield { path: path.join("."), payload: Statement.encode(altered).finish() };
    }
  }
}

function textPaths(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value === "string") return path.at(-1) === "$case" ? [] : [[...path]];
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, part]) => textPaths(part, [...path, key]));
}

function setAt(value: unknown, path: readonly string[], text: string): void {
  const [key = "", ...rest] = path;
  const holder = value as Record<string, unknown>;
  if (rest.length === 0) holder[key] = text;
  else setAt(holder[key], rest, text);
}

/** Submits a statement once with each of its texts replaced, all of which must be refused; then as it is. */
async function plantAndSubmit(agency: string, envelope: Uint8Array): Promise<Uint8Array> {
  const office = bus.office(agency);
  const { payload } = readStatement(envelope).envelope;
  let refused = 0;
  for (const planted of withPlantedTexts(payload)) {
    const signed = signStatementPayload(planted.payload, [bus.keyOf(agency)]);
    const answer = await office
      .connection()
      .exchange.submit(signed)
      .catch((error: unknown) => error);
    expect({ path: planted.path, refused: answer instanceof BusCallError }).toEqual({
      path: planted.path,
      refused: true,
    });
    refused += 1;
  }
  expect(refused).toBeGreaterThan(10);
  const accepted = await office.connection().exchange.submit(envelope);
  return leafHash(accepted.event);
}

const pdf = { mediaType: "application/pdf" };

test("every text of a statement that names a person is refused, by whoever could say the statement", async () => {
  const office = bus.office(ward);
  const dossier = dossierCode();
  const document = await office.upload(dossier, Buffer.from("tờ khai"), "application-form");
  const opening = readStatement(office.signOpen(dossier, areaCode, procedure, [document]).envelope).statement;
  const value = opening.what?.$case === "open" ? opening.what.value : null;
  if (value === null) throw new Error("No statement was made.");
  const open = office.pen.open({
    ...{ dossier, areaCode, step: value.step, channel: Channel.CHANNEL_ONLINE, documents: [document] },
    ...{ procedureEntry: value.procedureEntry, routeEntry: value.routeEntry, calendarEntry: value.calendarEntry },
    ...{ helpedAt: ward, competentAgency: ward },
  });
  let head = await plantAndSubmit(ward, open.envelope);
  const on = () => ({ dossier, branch: "0", head });
  head = await plantAndSubmit(
    ward,
    office.pen.requestSupplement({
      ...on(),
      reason: SupplementReason.SUPPLEMENT_REASON_PAPER_MISSING,
      documentKinds: ["birth-notice"],
    }).envelope,
  );
  head = await plantAndSubmit(
    ward,
    office.pen.bringSupplement({ ...on(), request: head, documents: [document] }).envelope,
  );
  const unit = bus.bus.registry.state.unitsOf(ward)[0]?.id ?? "";
  head = await plantAndSubmit(ward, office.pen.assign({ ...on(), unit, officerRef: "cb-1", internalStep: 1 }).envelope);
  head = await plantAndSubmit(
    ward,
    office.pen.complete({
      ...{ ...on(), step: value.step, outcome: Outcome.OUTCOME_GRANTED, documents: [document] },
      resultsTo: [{ agency: "hn-so-yt" }],
    }).envelope,
  );
  const held = { dossier, areaCode, procedure, branch: "0", step: value.step, head };
  const targets = office.targets(held).map((target) => ({
    ...target,
    documents: [document],
    copies: [{ agency: "hn-so-yt" }],
  }));
  await plantAndSubmit(ward, office.pen.forward({ ...held, targets }).envelope);
});

test("requests of every method of every service are given the person in every text", async () => {
  const { run } = bus.bus;
  const sensible = { shard: run.shard, agency: ward, agencies: ward, subscription: "planted", on_date: "2025-05-05" };
  const system = bus.systemOf(ward);
  let methods = 0;
  for (const [service, address] of Object.entries(run.grpc)) {
    if (address === "") continue;
    for (const as of [system, "operator"]) {
      const sent = await plantInEveryRequest({ address, tls: bus.tls(as), planted: person.texts, sensible });
      expect({ service, sent: sent.requests > 0 }).toEqual({ service, sent: true });
      methods += sent.methods;
    }
  }
  expect(methods).toBeGreaterThan(40);
  for (const { url, entriesToken } of run.logs) {
    if (url === "") continue;
    for (const text of person.texts) {
      const headers = { authorization: `Bearer ${entriesToken}`, "user-agent": encodeURIComponent(text) };
      const answer = await fetch(`${url}/${encodeURIComponent(text)}?q=${encodeURIComponent(text)}`, { headers });
      await answer.arrayBuffer();
    }
  }
});

describe("the command line", () => {
  test("takes the person in any argument and brings nothing of it to the bus", async () => {
    const file = join(desk, `${person.name}.pdf`);
    await writeFile(file, "giấy chứng sinh");
    const code = dossierCode();
    for (const text of person.texts) {
      for (const line of [
        ["agency", "list", "--name", text],
        ["agency", "show", text],
        ["procedure", "show", text],
        ["dossier", "show", text, "--as", ward],
        ["dossier", "trail", code, "--as", text],
        ["dossier", "open", code, "--procedure", text, "--as", ward],
        ["dossier", "open", code, "--procedure", procedure, "--step", text, "--choose", text, "--as", ward],
        ["dossier", "open", text, "--procedure", procedure, "--as", ward],
        ["dossier", "refuse", code, "--reason", text, "--as", ward],
        ["dossier", "erase", code, "--reason", "mistake", "--document", text, "--as", ward],
        ["document", "put", file, "--dossier", code, "--kind", text, "--as", ward],
        ["document", "put", file, "--dossier", code, "--kind", "scan", "--type", text, "--as", ward],
        ["document", "get", text, "--dossier", code, "--as", ward],
        ["inbox", "watch", "--subscription", text, "--count", "1", "--as", ward],
        ["audit", "find", text],
        ["audit", "trail", text],
      ]) {
        const ran = await lienthong(...line);
        // A list of offices without the person is an answer.
        if (line[0] !== "agency") expect({ line, code: ran.code }).not.toEqual({ line, code: 0 });
      }
    }
  });

  test("commits to the applicant, and leaves the person at the desk", async () => {
    const file = join(desk, "applicant.json");
    const { name, number: identity } = person;
    await writeFile(file, JSON.stringify({ kind: "citizen", identity, name, born: "1999-02-28" }));
    const code = dossierCode();
    const open = ["dossier", "open", code, "--procedure", procedure, "--applicant", file, "--as", ward];
    expect(await lienthong(...open)).toMatchObject({ code: 0 });
    const salts = `${file}.${code}.salts.json`;
    expect(await lienthong("dossier", "check", code, "--salt", salts, "--as", ward)).toMatchObject({ code: 0 });
  });

  test("asks for keys under the person's number in vain: what the registry publishes names no person by number", async () => {
    const asked = ["agency", "request", "--agency", ward, "--system", "desk-2", "--system-name", person.texts[2] ?? ""];
    const ran = await lienthong(...asked, "--out", join(desk, "keys"), "--json");
    const request = (await readdir(join(desk, "keys"), { recursive: true })).find((each) =>
      each.endsWith("request.json"),
    );
    if (ran.code === 0) {
      const file = join(desk, "keys", request ?? "");
      const key = join(data, "keys", "registrar.pem");
      expect(await lienthong("agency", "approve", file, "--registrar-key", key)).not.toMatchObject({ code: 0 });
    }
  });
});

test("documents lie in the store of documents alone, under their file's name nowhere, and after erasure nowhere at all", async () => {
  const office = bus.office(ward);
  const dossier = dossierCode();
  const { name, number } = inDocuments;
  const file = join(desk, `${person.name} ${person.number}.pdf`);
  await writeFile(file, Buffer.alloc(700_000, `${name} ${number}; `));
  const put = ["document", "put", file, "--dossier", dossier, "--kind", "application-form", "--as", ward, "--json"];
  const { documentId, saltsFile } = (await lienthong(...put)).json() as { documentId: string; saltsFile: string };
  const kept = JSON.parse(await readFile(saltsFile, "utf8")) as { contentSalt: string; transferSalt: string };
  const [described] = await office.documents.describeDocuments({
    ...{ shard: bus.bus.run.shard, agency: ward, dossier },
    documentIds: [documentId],
  });
  const document = described?.document as Document;
  const held = await office.complete(await office.open(dossier, areaCode, procedure));
  const targets = office.targets(held).map((target) => ({ ...target, documents: [document] }));
  const offered = await office.forward(held, targets);
  const [police] = targets;
  const receiver = police?.receiver.agency ?? "";
  await bus.office(receiver).acknowledge(offered[0] ?? held);
  const shared = { shard: bus.bus.run.shard, agency: receiver, document };
  await bus.office(receiver).documents.downloadDocument({ ...shared, path: join(desk, "received.pdf") });
  // One that nobody finishes.
  const half = await office.documents
    .uploadDocument({
      ...{ shard: bus.bus.run.shard, agency: ward, dossier, kind: "scan", ...pdf },
      source: Buffer.alloc(9_000_000, `${name} ${number}. `),
      signal: AbortSignal.timeout(150),
    })
    .catch(() => null);
  expect(half === null || half.document.kind === "scan").toBe(true);

  const saltsIn = async () => {
    const salts = [kept.contentSalt, kept.transferSalt].map((salt) => Buffer.from(salt, "hex"));
    const found: string[] = [];
    for (const path of await readdir(data, { recursive: true })) {
      const content = await readFile(join(data, path)).catch(() => Buffer.alloc(0));
      if (salts.some((salt) => content.includes(salt) || content.includes(salt.toString("hex")))) found.push(path);
    }
    return found;
  };
  const before = await inDocuments.filesIn(data);
  expect(before.length).toBeGreaterThan(0);
  expect(before.filter((path) => !isPartFile(path))).toEqual([]);
  expect((await saltsIn()).filter((path) => !isPartFile(path))).toEqual([]);
  expect(await saltsIn()).not.toEqual([]);

  expect(await lienthong("dossier", "erase", dossier, "--reason", "data-subject", "--as", ward)).toMatchObject({
    code: 0,
  });
  await expect.poll(() => inDocuments.filesIn(data), { timeout: 30_000 }).toEqual([]);
  await expect.poll(saltsIn, { timeout: 30_000 }).toEqual([]);
  const check = ["dossier", "check", dossier, "--salt", saltsFile, "--as", ward];
  expect(await lienthong(...check)).toMatchObject({ code: 0 });
  // A bundle made after the erasure holds, says so, and tells nothing more. It lies where the last test looks.
  const bundle = join(data, "bundle.json");
  expect(await lienthong("dossier", "bundle", dossier, "-o", bundle, "--as", ward)).toMatchObject({ code: 0 });
  const verified = await lienthong("verify", bundle);
  expect(verified).toMatchObject({ code: 0 });
  expect(verified.stdout + verified.stderr).toMatch(/content erased/i);
});

test("no file of the bus tells of the person: streams, heads, indexes, logs, tiles, run.json", async () => {
  const log = await readFile(join(data, "logs", "bus.log"), "utf8");
  expect(log.split("\n").filter((line) => person.isIn(Buffer.from(line)))).toEqual([]);
  expect(await person.filesIn(data)).toEqual([]);
  await bus.stop({ keepFolder: true });
  for (const each of [person, inDocuments]) expect(await each.filesIn(data)).toEqual([]);
  expect(person.isIn(await readFile(join(desk, "applicant.json")))).toBe(true);
}, 120_000);
