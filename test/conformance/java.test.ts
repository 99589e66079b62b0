// Java: the vectors by a program of the JDK alone, and a district's office on a real bus with Debian's protobuf-java.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readAccepted } from "@lienthong/client";
import { readDescriptors } from "@lienthong/contracts/descriptors";
import { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { readStatement } from "@lienthong/statement";
import { dossierCode, type TestBus } from "@lienthong/testkit";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import {
  algorithms,
  districtOf,
  type Pair,
  pairs,
  procedure,
  settingsOf,
  startThreeDistricts,
  wardOf,
} from "./three-districts.ts";

const run = promisify(execFile);
const project = fileURLToPath(new URL("../../", import.meta.url));
const releaseMin = 17;
/** Debian's protobuf-java, or where somebody keeps it. */
const protobufJar = process.env.LIENTHONG_PROTOBUF_JAR ?? "/usr/share/java/protobuf.jar";
/** Whether a JDK that is new enough is on the PATH. */
async function hasJdk(): Promise<boolean> {
  try {
    // A runtime without the compiler cannot run a source file.
    const { stdout } = await run("java", ["--list-modules"]);
    return Number(/^jdk\.compiler@(\d+)/m.exec(stdout)?.[1] ?? 0) >= releaseMin;
  } catch {
    return false;
  }
}

/** A JDK is 115 MB that nothing else here needs; where Java must be tested, LIENTHONG_REQUIRE_JAVA=1 makes its absence an error. */
function needs(context: TestContext, isThere: boolean, packages: string): void {
  if (isThere) return;
  const sentence = `Java cannot be tested here: install what it needs with 'apt-get install -y --no-install-recommends ${packages}'.`;
  if (process.env.LIENTHONG_REQUIRE_JAVA === "1") throw new Error(sentence);
  context.skip(sentence);
}

test("every vector that needs no reader of messages is recomputed by Java", async (context) => {
  needs(context, await hasJdk(), "default-jdk-headless");
  const { stdout } = await run("java", ["packages/client-java/VerifyVectors.java"], { cwd: project });
  expect(stdout).toMatch(/^\d{3} checks, all equal\.\n$/);
});

describe("a district's office in Java on a real bus", () => {
  const folder = mkdtempSync(join(tmpdir(), "lienthong-java-"));
  const descriptors = join(folder, "descriptors.binpb");
  const classes = join(folder, "classes");
  let canRun = false;
  let bus: TestBus | undefined;

  beforeAll(async () => {
    canRun = (await hasJdk()) && existsSync(protobufJar);
    if (!canRun) return;
    writeFileSync(descriptors, readDescriptors());
    mkdirSync(classes);
    const source = join(project, "packages/client-java/DistrictOffice.java");
    await run("javac", ["-d", classes, "-cp", protobufJar, source]);
    bus = await startThreeDistricts(join(folder, "bus"));
  });

  afterAll(async () => {
    await bus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it for a dossier to its end; what it wrote. */
  async function districtOffice(pair: Pair, agency: string, dossier: string): Promise<string> {
    if (bus === undefined) throw new Error("The bus did not start.");
    const settings = { descriptors, ...settingsOf(bus, agency), algorithm: pair.district, dossier };
    const file = join(folder, `${dossier}.properties`);
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
    const { stdout } = await run("java", ["-cp", [classes, protobufJar].join(":"), "DistrictOffice", file]);
    return stdout;
  }

  test.for(pairs)("acknowledges under a $district seal what was forwarded to it", async (pair, context) => {
    needs(context, canRun, "default-jdk-headless libprotobuf-java");
    if (bus === undefined) throw new Error("The bus did not start.");
    const dossier = dossierCode();
    const office = bus.office(wardOf(pair));
    const opened = await office.completeIfRequired(await office.open(dossier, pair.area, procedure));
    await office.forward(opened);

    const district = districtOf(bus, pair);
    await expect(districtOffice(pair, district, dossierCode())).rejects.toThrow("GetDossier failed with status 5");
    const stdout = await districtOffice(pair, district, dossier);

    const said = JSON.parse(stdout) as { accepted: string; envelope: string };
    const sent = Buffer.from(said.envelope, "hex");
    const answer = AcceptedStatement.decode(Buffer.from(said.accepted, "hex"));
    const { envelope } = readStatement(sent);
    readAccepted(answer, { sent: { envelope: sent, payload: envelope.payload } });
    const keyId = Buffer.from(envelope.signatures[0]?.keyId ?? []).toString("hex");
    expect(bus.bus.registry.state.key(keyId)?.verifyingKey.algorithm).toBe(algorithms[pair.district]);

    const question = { shard: bus.bus.shard.name, dossier, agency: wardOf(pair) };
    const state = await office.connection().exchange.getDossier(question);
    expect(state.branches.map(({ holder }) => holder)).toEqual([district]);
  });
});
