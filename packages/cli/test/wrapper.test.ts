import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const wrapper = fileURLToPath(new URL("../bin/lienthong", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-wrapper-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A project of its own with a main.ts that tells how it was started. */
async function project(name: string, main: string): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, "packages/cli/bin"), { recursive: true });
  await mkdir(join(root, "packages/cli/src"));
  await cp(wrapper, join(root, "packages/cli/bin/lienthong"));
  await writeFile(join(root, "packages/cli/src/main.ts"), main);
  return root;
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
}

describe("the wrapper", () => {
  it("runs through links, relative ones included, and from any folder", async () => {
    const bin = join(folder, "node_modules/.bin");
    await mkdir(bin, { recursive: true });
    await symlink(wrapper, join(bin, "lienthong"));
    await symlink("node_modules/.bin/lienthong", join(folder, "lt"));
    for (const command of [wrapper, join(bin, "lienthong"), join(folder, "lt")]) {
      const { stdout, stderr } = await run(command, ["--help"], { cwd: folder, env: { ...process.env, LANG: "C" } });
      expect(stdout).toMatch(/^Examples:\n/);
      expect(stderr).toBe("");
    }
  });

  it("passes arguments as they are, spaces and quotes included", async () => {
    const root = await project("arguments", "console.log(JSON.stringify(process.argv.slice(2)));");
    await mkdir(join(root, "node_modules/.bin"), { recursive: true });
    await symlink(process.execPath, join(root, "node_modules/.bin/node"));
    const args = ["a b", 'c"d', "", "*", "$HOME", "é ạ"];
    const { stdout } = await run(join(root, "packages/cli/bin/lienthong"), args, { cwd: "/" });
    expect(JSON.parse(stdout)).toEqual(args);
  });

  it("prefers the project's pinned Node to the one on the PATH, and sizes the thread pool before it starts", async () => {
    const root = await project("pinned", "console.log(process.execPath, process.env.UV_THREADPOOL_SIZE);");
    await mkdir(join(root, "node_modules/.bin"), { recursive: true });
    await symlink(process.execPath, join(root, "node_modules/.bin/node"));
    const old = join(root, "old");
    await mkdir(old);
    await writeFile(join(old, "node"), "#!/bin/sh\necho 18\n", { mode: 0o755 });
    const env = { PATH: `${old}:/usr/bin:/bin` };
    const { stdout } = await run(join(root, "packages/cli/bin/lienthong"), [], { env });
    expect(stdout).toMatch(/^\/.*node [1-9]\d*\n$/);
    const given = await run(join(root, "packages/cli/bin/lienthong"), [], { env: { ...env, UV_THREADPOOL_SIZE: "7" } });
    expect(given.stdout).toMatch(/ 7\n$/);
  });

  it("gives verifying a large young generation, and no other command", async () => {
    const root = await project("young", "console.log(process.execArgv.join(' '));");
    await mkdir(join(root, "node_modules/.bin"), { recursive: true });
    await symlink(process.execPath, join(root, "node_modules/.bin/node"));
    const options = async (...args: string[]) => (await run(join(root, "packages/cli/bin/lienthong"), args)).stdout;
    expect(await options("verify", "file")).toMatch(/^--min-semi-space-size=64 --max-semi-space-size=64 /);
    for (const args of [[], ["up"], ["dossier", "verify"]]) expect(await options(...args)).not.toContain("semi-space");
  });

  it("says what to do where there is no Node 24", async () => {
    const root = await project("none", "");
    const old = join(root, "old");
    await mkdir(old);
    await writeFile(join(old, "node"), "#!/bin/sh\necho 20\n", { mode: 0o755 });
    const started = run(join(root, "packages/cli/bin/lienthong"), ["up"], { env: { PATH: `${old}:/usr/bin:/bin` } });
    await expect(started).rejects.toMatchObject({
      code: 5,
      stderr: "lienthong needs Node 24 or newer and found none; run 'npm ci' in the project, or install Node 24.\n",
    });
  });

  it("becomes the command, so that signals reach it", async () => {
    const root = await project(
      "signals",
      'process.on("SIGTERM", () => { console.log("ended well"); process.exit(4); }); console.log(process.pid); setInterval(() => {}, 1000);',
    );
    await mkdir(join(root, "node_modules/.bin"), { recursive: true });
    await symlink(process.execPath, join(root, "node_modules/.bin/node"));
    const child = spawn(join(root, "packages/cli/bin/lienthong"), { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    const started = new Promise<void>((resolve) => {
      child.stdout.on("data", (data: Buffer) => {
        output += data.toString();
        if (output.includes("\n")) resolve();
      });
    });
    await started;
    expect(Number(output)).toBe(child.pid);
    child.kill("SIGTERM");
    expect(await ended(child)).toEqual({ code: 4, signal: null });
    expect(output).toContain("ended well");
  });
});
