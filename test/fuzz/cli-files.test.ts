import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aliasBomb } from "./mutate-text.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/lienthong", import.meta.url));
const endMsMax = 60_000;
/** 5 is a fault of the command itself, and no file may be one. */
const documented = [0, 1, 2, 3];
const stderrLinesMax = 3;

let folder: string;
const at = (name: string) => join(folder, name);
const names = [
  "empty",
  "nul",
  "random",
  "folder",
  "link",
  "nowhere",
  "loop",
  "unreadable",
  "bomb",
  "deep",
  "large",
  "pipe",
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-cli-files-"));
  await writeFile(at("empty"), "");
  await writeFile(at("nul"), Buffer.alloc(1_000));
  await writeFile(at("random"), Buffer.from("fb02c3289f001b5b324affd8ffe000104a464946".repeat(50), "hex"));
  await mkdir(at("folder"));
  await symlink(at("folder"), at("link"));
  await symlink(at("nothing-there"), at("nowhere"));
  await symlink(at("loop"), at("loop"));
  await writeFile(at("unreadable"), "x");
  await chmod(at("unreadable"), 0);
  await writeFile(at("bomb"), aliasBomb);
  await writeFile(at("deep"), '{"a":'.repeat(2_000));
  await writeFile(at("large"), "");
  await truncate(at("large"), 100_000_000);
  execFileSync("mkfifo", [at("pipe")]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function run(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, LANG: "C.UTF-8" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), endMsMax);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    });
  });
}

/** A data folder whose file of this name is the odd one. */
async function dataFolder(file: string, name: string): Promise<string> {
  const data = at(`data-${file}-${name}`);
  await mkdir(data);
  await symlink(at(name), join(data, file));
  return data;
}

function expectSentence({ code, stderr }: Ended): void {
  expect(documented, stderr).toContain(code);
  expect(stderr).not.toMatch(/^\s+at |node:internal|TypeError|SyntaxError|RangeError/m);
  const lines = stderr.trim().split("\n");
  expect(lines[0]).not.toBe("");
  expect(lines.length).toBeLessThanOrEqual(stderrLinesMax);
}

test.each(names)("route check of %s ends with a sentence", async (name) => {
  const ended = await run(["route", "check", at(name)]);
  expectSentence(ended);
  expect(ended.code).not.toBe(0);
});

test.each(names)("a run.json that is %s ends with a sentence", async (name) => {
  expectSentence(await run(["agency", "list", "--data", await dataFolder("run.json", name)]));
});

test.each(names)("a network.json that is %s ends with a sentence", async (name) => {
  const out = await dataFolder("network.json", name);
  expectSentence(await run(["agency", "request", "--agency", "hn-wold-00001", "--out", out, "--data", at("no-bus")]));
});

test.each(names)("an approval, and a request, that is %s ends with a sentence", async (name) => {
  const out = await dataFolder("request.json", name);
  expectSentence(await run(["agency", "install", at(name), "--out", out]));
});
