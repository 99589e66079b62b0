import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readTextFile } from "../src/read-text-file.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-read-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("reads a file whole, longer than one chunk", async () => {
  const text = "Đề nghị cấp bản sao. ".repeat(10_000);
  await writeFile(at("long"), text);
  expect(await readTextFile(at("long"))).toBe(text);
});

it("reads what a pipe brings, up to its end", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  const writer = spawn("sh", ["-c", `exec 3<>"$0"; printf one >&3; sleep 0.2; printf two >&3`, at("pipe")]);
  // The writer holds both ends, so that the pipe has a writer whenever it is opened here; it ends after a while.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const text = await readTextFile(at("pipe"));
  expect(["onetwo", "two", "one"]).toContain(text);
  writer.kill();
});

it("does not wait for somebody who writes to a pipe", async () => {
  execFileSync("mkfifo", [at("nobody")]);
  expect(await readTextFile(at("nobody"))).toBe("");
});

it.each([
  ["a folder", "folder", "EISDIR"],
  ["a link to a folder", "link", "EISDIR"],
  ["a link that leads to itself", "loop", "ELOOP"],
  ["nothing", "nothing", "ENOENT"],
  ["a file of 100 MB", "large", "EFBIG"],
])("refuses %s with a code", async (_what, name, code) => {
  await mkdir(at("folder"), { recursive: true });
  await symlink(at("folder"), at("link")).catch(() => {});
  await symlink(at("loop"), at("loop")).catch(() => {});
  await writeFile(at("large"), "");
  await truncate(at("large"), 100_000_000);
  await expect(readTextFile(at(name))).rejects.toMatchObject({ code });
});

it("gives a device that never ends up", async () => {
  await expect(readTextFile("/dev/zero")).rejects.toMatchObject({ code: "EFBIG" });
});
