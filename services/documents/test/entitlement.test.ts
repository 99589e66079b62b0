import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dossierCode, type Ground, prepareGround, TestShard, type TestStatement } from "./harness.ts";

let ground: Ground;
let shard: TestShard;

beforeAll(async () => {
  ground = await prepareGround();
  shard = await TestShard.create(ground);
});
afterAll(async () => {
  await shard.stop();
  await ground.stop();
});

const agencies = ["desk", "holder", "receiver", "copied", "asked", "other", "results"] as const;

/** The agencies, of all that there are, that may open a document. */
async function readersOf(document: Document): Promise<string[]> {
  const may = await Promise.all(agencies.map((agency) => shard.mayOpen(agency, document)));
  return agencies.filter((_, index) => may[index]);
}

const to = (agency: string) => ({ agency, unit: "" });
const branch = (id: string, receiver: string, more: Record<string, unknown> = {}) => ({
  branch: id,
  step: "review",
  edge: "go",
  receiver: to(receiver),
  documents: [],
  copies: [],
  ...more,
});

/** A dossier opened by "desk" and handed to "holder", who has taken it. */
async function heldDossier(): Promise<string> {
  const dossier = dossierCode();
  await shard.say({ author: "desk", dossier, what: { $case: "open", value: { step: "take", documents: [] } } });
  const forward = { $case: "forward", value: { branches: [branch("0", "holder")] } } as const;
  const hash = await shard.say({ author: "desk", dossier, what: forward });
  const handoff = { forward: hash, branch: "0" };
  await shard.say({ author: "holder", dossier, what: { $case: "acknowledge", value: { handoff } } });
  return dossier;
}

describe("a document is open to those that an event names it for, and to its uploader", () => {
  // The uploader is "other" wherever it plays no part, so that only the event decides.
  const cases: [string, string[], (document: Document) => TestStatement["what"], string?][] = [
    ["complete", ["desk", "results"], (d) => complete(d, ["results"])],
    ["requestSupplement", ["desk", "holder"], (d) => plain("requestSupplement", d)],
    ["pause", ["desk", "holder"], (d) => plain("pause", d)],
    ["resume", ["desk", "holder"], (d) => plain("resume", d)],
    ["extend", ["desk", "holder"], (d) => plain("extend", d)],
    ["stop", ["desk", "holder"], (d) => plain("stop", d)],
    ["return", ["desk", "holder"], (d) => plain("return", d)],
    ["withdraw", ["desk", "holder"], (d) => plain("withdraw", d), "desk"],
    ["bringSupplement", ["holder"], (d) => plain("bringSupplement", d), "desk"],
    [
      "forward",
      ["receiver", "copied"],
      (d) => ({
        $case: "forward",
        value: { branches: [branch("0", "receiver", { documents: [d], copies: [to("copied")] })] },
      }),
    ],
    [
      "consult",
      ["asked"],
      (d) => ({ $case: "consult", value: { branches: [branch("0.1", "asked", { documents: [d] })] } }),
    ],
  ];
  const plain = (name: TestStatement["what"]["$case"], document: Document): TestStatement["what"] => ({
    $case: name,
    value: { documents: [document] },
  });
  const complete = (document: Document, resultsTo: string[]): TestStatement["what"] => ({
    $case: "complete",
    value: { step: "review", documents: [document], resultsTo: resultsTo.map(to) },
  });

  test.each(cases)("%s", async (_name, readers, what, author = "holder") => {
    const dossier = await heldDossier();
    const { document } = await shard.upload("other", dossier);
    expect(await readersOf(document)).toEqual(["other"]);
    await shard.say({ author, dossier, what: what(document) });
    expect(await readersOf(document)).toEqual([...readers, "other"].toSorted(inOrder));
  });

  test("open: the desk", async () => {
    const dossier = dossierCode();
    const { document } = await shard.upload("other", dossier);
    await shard.say({ author: "desk", dossier, what: plain("open", document) });
    expect(await readersOf(document)).toEqual(["desk", "other"]);
  });

  test("refuse: the sender, who holds the branch still", async () => {
    const dossier = await heldDossier();
    const { document } = await shard.upload("other", dossier);
    const forward = { $case: "forward", value: { branches: [branch("0", "receiver")] } } as const;
    const hash = await shard.say({ author: "holder", dossier, what: forward });
    const value = { handoff: { forward: hash, branch: "0" }, documents: [document] };
    await shard.say({ author: "receiver", dossier, what: { $case: "refuse", value } });
    expect(await readersOf(document)).toEqual(["holder", "other"]);
  });

  test("the opinion of a consulted agency: who asked, and the desk", async () => {
    const dossier = await heldDossier();
    const { document } = await shard.upload("other", dossier);
    const consult = { $case: "consult", value: { branches: [branch("0.1", "asked")] } } as const;
    const hash = await shard.say({ author: "holder", dossier, what: consult });
    const handoff = { forward: hash, branch: "0.1" };
    const on = ["0.1"];
    await shard.say({ author: "asked", dossier, on, what: { $case: "acknowledge", value: { handoff } } });
    await shard.say({ author: "asked", dossier, on, what: complete(document, []) });
    expect(await readersOf(document)).toEqual(["desk", "holder", "other"]);
  });

  test("each branch of a fork has its own; a later holder sees a document only if a forward names it again", async () => {
    const dossier = await heldDossier();
    const one = await shard.upload("holder", dossier);
    const two = await shard.upload("holder", dossier);
    const branches = [
      branch("0.1", "receiver", { documents: [one.document] }),
      branch("0.2", "asked", { documents: [two.document] }),
    ];
    const hash = await shard.say({ author: "holder", dossier, what: { $case: "forward", value: { branches } } });
    expect(await readersOf(one.document)).toEqual(["holder", "receiver"]);
    expect(await readersOf(two.document)).toEqual(["holder", "asked"]);
    const on = ["0.1"];
    const handoff = { forward: hash, branch: "0.1" };
    await shard.say({ author: "receiver", dossier, on, what: { $case: "acknowledge", value: { handoff } } });
    const bare = [branch("0.1", "results")];
    await shard.say({ author: "receiver", dossier, on, what: { $case: "forward", value: { branches: bare } } });
    expect(await readersOf(one.document)).toEqual(["holder", "receiver"]);
    const again = [branch("0.1", "results", { documents: [one.document] })];
    await shard.say({ author: "receiver", dossier, on, what: { $case: "forward", value: { branches: again } } });
    expect(await readersOf(one.document)).toEqual(["holder", "receiver", "results"]);
  });
});

function inOrder(a: string, b: string): number {
  return agencies.indexOf(a as "desk") - agencies.indexOf(b as "desk");
}

test("an id that is named with other bytes, or without any that travel, opens nothing", async () => {
  const dossier = await heldDossier();
  const { document } = await shard.upload("other", dossier);
  for (const transferDigest of [new Uint8Array(0), new Uint8Array(32).fill(9)]) {
    const documents = [{ ...document, transferDigest }];
    const value = { branches: [branch("0", "receiver", { documents })] };
    await shard.say({ author: "holder", dossier, what: { $case: "forward", value } });
  }
  expect(await readersOf(document)).toEqual(["other"]);
});

test("whoever is not entitled hears the same as about a document that does not exist", async () => {
  const { document } = await shard.upload("other", await heldDossier());
  const unknown = { ...document, documentId: document.documentId.replace(/.{12}$/, "000000000000") };
  const refusals = await Promise.all(
    [document, unknown].map((asked) =>
      shard.download("receiver", asked).catch((error: Record<string, unknown>) => ({
        ...{ reason: error.reason, field: error.field, code: error.code },
        message: String(error.message).replaceAll(asked.documentId, "<id>"),
      })),
    ),
  );
  expect(refusals[0]).toEqual(refusals[1]);
  expect(refusals[0]).toMatchObject({ reason: "NOT_ENTITLED" });
});

describe("DescribeDocuments", () => {
  test("lists what an agency may open, with the salts, page by page, and nothing else", async () => {
    const dossier = await heldDossier();
    const uploads = [];
    for (let index = 0; index < 5; index++) uploads.push(await shard.upload("holder", dossier));
    const documents = uploads.slice(0, 3).map(({ document }) => document);
    const value = { branches: [branch("0", "receiver", { documents })] };
    await shard.say({ author: "holder", dossier, what: { $case: "forward", value } });
    const about = { shard: shard.name, dossier };
    const described = await shard.calls.describeDocuments({ ...about, agency: "receiver" });
    expect(described.map(({ document }) => document?.documentId)).toEqual(
      documents.map(({ documentId }) => documentId).toSorted(),
    );
    for (const stored of described) {
      const upload = uploads.find(({ document }) => document.documentId === stored.document?.documentId);
      expect(stored).toMatchObject({ agency: "holder", dossier, encrypted: false });
      expect(Buffer.compare(stored.contentSalt, upload?.contentSalt ?? new Uint8Array(0))).toBe(0);
    }
    expect(await shard.calls.describeDocuments({ ...about, agency: "results" })).toEqual([]);
    const ids = uploads.slice(2).map(({ document }) => document.documentId);
    const asked = await shard.calls.describeDocuments({ ...about, agency: "receiver", documentIds: ids });
    expect(asked.map(({ document }) => document?.documentId)).toEqual(ids.slice(0, 1));
    const foreign = { shard: shard.name, dossier: dossierCode(), agency: "holder" };
    expect(await shard.calls.describeDocuments({ ...foreign, documentIds: ids })).toEqual([]);
  });

  test.each([
    ["shard", { shard: "nowhere" }, "SHARD_UNKNOWN"],
    ["dossier", { dossier: "x" }, "FIELD_INVALID"],
    ["agency", { agency: "stranger" }, "DELEGATION_MISSING"],
    ["document_ids[1]", { documentIds: ["01969e0f-9d00-7000-8000-000000000001", "x"] }, "FIELD_INVALID"],
  ])("refuses by name: %s", async (field, change, reason) => {
    const question = { shard: shard.name, agency: "desk", dossier: dossierCode(), ...change };
    await expect(shard.calls.describeDocuments(question)).rejects.toMatchObject({ reason, field });
  });
});
