import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { demonstrationSystems } from "@lienthong/bus";
import { readEvent } from "@lienthong/statement";
import { dossierCode, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

const areaCode = testAreas[0];
const ward = `hn-wold-${areaCode}`;
const procedure = "social-allowance-3tier";
const script = join(import.meta.dirname, "../example/ward-desk.ts");

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus({
    areas: [areaCode],
    // The ward's system, and one that speaks for everybody else.
    systems: (seed) => {
      const agencies = seed.agencies.map(({ record }) => record.id);
      const [operator] = demonstrationSystems(seed);
      const name = { vi: "Hệ thống thử nghiệm", en: "A test's system" };
      return [
        ...(operator === undefined ? [] : [operator]),
        { id: "he-thong-phuong", name, agencies: [ward] },
        { id: "he-thong-quan", name, agencies: agencies.filter((agency) => agency !== ward) },
      ];
    },
  });
});

afterAll(() => bus?.stop());

interface DeskProcess {
  readonly lines: string[];
  readonly complaints: string[];
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;
}

async function startDesk(system: string, seals: readonly string[], open: object | undefined): Promise<DeskProcess> {
  const { run, folder } = bus.bus;
  const directory = join(folder.root, `desk-${system}`);
  await mkdir(directory, { recursive: true });
  const { certificate, key } = run.tls.certificates[system]!;
  const settings = {
    exchange: run.grpc.exchange,
    registry: run.grpc.registry,
    tls: { ca: run.tls.ca, certificate, key },
    seals: Object.fromEntries(seals.map((agency) => [agency, join(run.keys, `${agency}.pem`)])),
    directory,
    procedure,
    open,
  };
  const file = join(directory, "desk.json");
  await writeFile(file, JSON.stringify(settings));
  const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const desk: DeskProcess = {
    lines: [],
    complaints: [],
    child,
    ended: once(child, "exit").then(([code, signal]) => code ?? signal),
  };
  createInterface({ input: child.stdout! }).on("line", (line) => desk.lines.push(line));
  createInterface({ input: child.stderr! }).on("line", (line) => desk.complaints.push(line));
  return desk;
}

async function until(condition: () => boolean, desks: readonly DeskProcess[]): Promise<void> {
  const deadline = performance.now() + 90_000;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(
        `It did not come so far: ${desks.map(({ lines, complaints }) => [...lines, ...complaints].join("; ")).join(" | ")}`,
      );
    }
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

test("a ward's and a district's desk bring dossiers from the citizen and back, though the district's is killed on the way", async () => {
  const dossiers = Array.from({ length: 6 }, () => dossierCode());
  const { state } = bus.bus.registry;
  const others = ["DISTRICT_LABOUR_DIVISION", "DEPT_HEALTH", "DISTRICT_CHAIR"].flatMap((role) =>
    state.resolveRole({ role, areaCode, procedure, date: "2025-05-05" }).candidates.map(({ agency }) => agency),
  );
  const wardDesk = await startDesk("he-thong-phuong", [ward], { agency: ward, areaCode, dossiers });
  const killed = await startDesk("he-thong-quan", [...new Set(others)], undefined);
  await until(() => killed.lines.length >= 5, [wardDesk, killed]);
  killed.child.kill("SIGKILL");
  await killed.ended;
  const districtDesk = await startDesk("he-thong-quan", [...new Set(others)], undefined);
  const returned = () => wardDesk.lines.filter((line) => line.endsWith(" return")).length;
  await until(() => returned() === dossiers.length, [wardDesk, districtDesk]);

  for (const desk of [wardDesk, districtDesk]) {
    desk.child.kill("SIGTERM");
    expect(await desk.ended).toBe(0);
    expect(desk.complaints).toEqual([]);
  }
  for (const dossier of dossiers) {
    const trail = await bus
      .office(ward)
      .connection()
      .exchange.getTrail({ shard: bus.bus.shard.name, dossier, agency: ward });
    const said = trail.flatMap(({ event }) => {
      if (event.length === 0) return [];
      const { body } = readEvent(event);
      return body.$case === "statement" ? [body.statement.what?.$case] : [];
    });
    const handoff = ["forward", "acknowledge", "complete"];
    const way = ["open", "complete", ...handoff, ...handoff, ...handoff, "forward", "acknowledge", "return"];
    expect(said).toEqual(way);
  }
});
