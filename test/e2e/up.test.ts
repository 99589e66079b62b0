// `lienthong up` as a user runs it: a process of its own, ended by signals, started again on the same data.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const command = fileURLToPath(new URL("../../packages/cli/bin/lienthong", import.meta.url));
const data = mkdtempSync(join(tmpdir(), "lienthong-up-"));
const run = promisify(execFile);

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout(): string;
}

/** Starts `up` and resolves when it says how to end it. */
async function startUp(...options: string[]): Promise<Running> {
  const child = spawn(command, ["up", "--data", data, "--lang", "vi", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
      if (stdout.includes("Ctrl-C")) resolve();
    });
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const ended = await Promise.race([ready.then(() => null), exited]);
  if (ended !== null)
    throw new Error(`up ended with ${ended.code ?? ended.signal} before it was ready:\n${stderr}\n${stdout}`);
  return { child, exited, stdout: () => stdout };
}

async function lienthong(...args: string[]): Promise<string> {
  const { stdout } = await run(command, [...args, "--data", data], { env: { ...process.env, NO_COLOR: "1" } });
  return stdout;
}

let up: Running;

beforeAll(async () => {
  up = await startUp("--dossiers", "6");
}, 240_000);

afterAll(async () => {
  up.child.kill("SIGKILL");
  await up.exited;
  rmSync(data, { recursive: true, force: true });
});

describe("lienthong up", () => {
  test("plays the scenario, shows a trail a clerk can read, and ends its talk with how to end it", () => {
    const output = up.stdout();
    expect(output).toMatch(/6 hồ sơ \(\d+ đã trả kết quả, \d+ kết thúc sớm, \d+ đang xử lý\)/);
    expect(output).toContain("Hành trình của hồ sơ H26-");
    expect(output).toContain("UBND");
    expect(output.match(/ {2}npx lienthong /g)).toHaveLength(4);
    expect(output).toMatch(/Hành trình của hồ sơ H26-\S+ đúng\.\nĐầy đủ đến sự kiện \d+/);
    expect(output.trimEnd().split("\n").at(-1)).toContain("Ctrl-C");
  });

  test("says in run.json where everything is", () => {
    const runFile = JSON.parse(readFileSync(join(data, "run.json"), "utf8"));
    expect(runFile).toMatchObject({ pid: up.child.pid, shard: "hanoi-2025q2-scenario" });
    expect(runFile.grpc.registry).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(runFile.grpc.exchange).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(existsSync(runFile.tls.ca)).toBe(true);
    expect(existsSync(runFile.tls.certificates.operator.certificate)).toBe(true);
  });

  test("the commands it prints work, the one that verifies the shown trail again among them", async () => {
    const commands = [...up.stdout().matchAll(/ {2}npx lienthong (.*)$/gm)].map((match) =>
      (match[1] as string).split(" "),
    );
    for (const words of commands) {
      const { stdout } = await run(command, words);
      expect(stdout.length).toBeGreaterThan(20);
    }
  });

  test("drains on SIGTERM, and starts again on the same data with nothing lost", async () => {
    const code = /Hành trình của hồ sơ (H26-\S+):/.exec(up.stdout())?.[1] as string;
    const agency = new RegExp(`dossier trail ${code} --as (\\S+)`).exec(up.stdout())?.[1] as string;
    const before = await lienthong("dossier", "trail", code, "--as", agency, "--json");
    up.child.kill("SIGTERM");
    expect(await up.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(join(data, "run.json"))).toBe(false);

    up = await startUp();
    expect(up.stdout()).toContain("Khởi động lại trên dữ liệu cũ");
    expect(await lienthong("dossier", "trail", code, "--as", agency, "--json")).toBe(before);
  });

  test("a second bus on the same folder is refused, and the first goes on", async () => {
    const second = await run(command, ["up", "--data", data]).catch((error: { code: number; stderr: string }) => error);
    expect(second).toMatchObject({ code: expect.any(Number) });
    expect("stderr" in second && second.stderr).toMatch(/in use|runs|another/i);
    expect(await lienthong("procedure", "list", "--json")).toContain("2.000286");
  });

  test("ends on SIGINT as well", async () => {
    up.child.kill("SIGINT");
    expect(await up.exited).toEqual({ code: 0, signal: null });
  });
});
