// A client written in another language takes part: the Python client against a real bus, and every vector recomputed by it.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readAccepted } from "@lienthong/client";
import { readDescriptors } from "@lienthong/contracts/descriptors";
import { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { payloadTypes, readEvent, readStatement, verifyPayload } from "@lienthong/statement";
import { dossierCode, type TestBus } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPython, needsPython } from "./find-python.ts";
import {
  algorithms,
  districtOf,
  legalDay,
  pairs,
  procedure,
  settingsOf,
  startThreeDistricts,
  wardOf,
} from "./three-districts.ts";

const run = promisify(execFile);
const clientFolder = fileURLToPath(new URL("../../packages/client-python/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lienthong-python-"));
const descriptors = join(folder, "descriptors.binpb");
const environment = { ...process.env, LIENTHONG_DESCRIPTORS: descriptors, PYTHONDONTWRITEBYTECODE: "1" };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

let python: string | null = null;

beforeAll(async () => {
  python = await findPython();
  writeFileSync(descriptors, readDescriptors());
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every vector file is recomputed by the Python client", async (context) => {
  needsPython(context, python);
  const { stderr } = await run(python, ["-m", "unittest", "discover", "-s", join(clientFolder, "test")], {
    env: environment,
  });
  expect(stderr).toMatch(/Ran \d\d tests[\s\S]*\nOK\n$/);
});

describe("on a real bus", () => {
  let bus: TestBus;

  beforeAll(async () => {
    if (python === null) return;
    bus = await startThreeDistricts(join(folder, "bus"));
  });

  afterAll(() => bus?.stop());

  function settingsFile(agency: string, area: string, dossier: string): string {
    const file = join(folder, `${agency}-${dossier}.json`);
    writeFileSync(
      file,
      JSON.stringify({ descriptors, ...settingsOf(bus, agency), area, procedure, legal_day: legalDay, dossier }),
    );
    return file;
  }

  test.for(pairs)("a ward's $ward seal and a district's $district seal, both in Python", async (pair, context) => {
    needsPython(context, python);
    const { state } = bus.bus.registry;
    const dossier = dossierCode();
    const ward = wardOf(pair);
    const district = districtOf(bus, pair);
    const [districtLines, wardLines] = await Promise.all([
      runExample("district_office.py", settingsFile(district, pair.area, dossier)),
      runExample("ward_desk.py", settingsFile(ward, pair.area, dossier)),
    ]);

    expect(wardLines.find((line) => "refused" in line)).toEqual({
      refused: "PRIOR_STALE",
      field: "statement.prior[0].head",
      texts: ["en", "vi"],
    });
    expect(wardLines.at(-1)).toEqual({ events: expect.any(Number), withheld: 0, holder: district });

    // What Python was answered holds for TypeScript as well.
    const answers = [...wardLines, ...districtLines].filter((line) => typeof line.accepted === "string");
    expect(answers).toHaveLength(4);
    for (const { accepted, envelope } of answers) {
      const answer = AcceptedStatement.decode(Buffer.from(accepted as string, "hex"));
      const sent = Buffer.from(envelope as string, "hex");
      const promiseKey = state.promiseKey(hex(answer.promise?.keyId ?? new Uint8Array(0)))?.verifyingKey;
      const held = readAccepted(answer, {
        sent: { envelope: sent, payload: readStatement(sent).envelope.payload },
        promiseKeys: promiseKey === undefined ? [] : [promiseKey],
        network: state.network,
        origin: bus.bus.shard.origin,
      });
      expect(held.promiseVerified).toBe(true);
    }

    const question = { shard: bus.bus.shard.name, dossier, agency: ward };
    const trail = await bus.connection(bus.systemOf(ward)).exchange.getTrail(question);
    expect(wardLines.at(-1)?.events).toBe(trail.length);
    let previous: Uint8Array = new Uint8Array(0);
    const said: string[] = [];
    for (const entry of trail) {
      const { header, body } = readEvent(entry.event);
      expect(hex(header.previous)).toBe(hex(previous));
      previous = leafHash(entry.event);
      expect(hex(entry.hash)).toBe(hex(previous));
      if (body.$case !== "statement") continue;
      const { statement, payload } = body;
      said.push(statement.what?.$case ?? "");
      const author = statement.author?.agency ?? "";
      for (const { keyId, signature } of signaturesOf(trailEnvelope(answers, payload))) {
        const key = state.key(hex(keyId));
        expect(key?.record.agency).toBe(author);
        expect(key?.verifyingKey.algorithm).toBe(algorithms[author === ward ? pair.ward : pair.district]);
        expect(
          key !== undefined && (await verifyPayload(key.verifyingKey, payloadTypes.statement, payload, signature)),
        ).toBe(true);
      }
    }
    expect(said).toEqual(["open", "complete", "forward", "acknowledge"]);
  });

  function trailEnvelope(answers: readonly Line[], payload: Uint8Array): Uint8Array {
    const found = answers
      .map(({ envelope }) => Buffer.from(envelope as string, "hex"))
      .find((envelope) => hex(StatementEnvelope.decode(envelope).payload) === hex(payload));
    if (found === undefined) throw new Error("The trail holds a statement that Python did not sign.");
    return found;
  }

  const signaturesOf = (envelope: Uint8Array) => StatementEnvelope.decode(envelope).signatures;
});

type Line = Readonly<Record<string, unknown>>;

/** Runs an example to its end; the lines of JSON that it wrote. */
async function runExample(name: string, settings: string): Promise<Line[]> {
  const child: ChildProcess = spawn(python ?? "", [join(clientFolder, "examples", name), settings], {
    stdio: ["ignore", "pipe", "pipe"],
    env: environment,
  });
  const lines: Line[] = [];
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  if (child.stdout !== null) createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line) as Line));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${stderr}`);
  return lines;
}
