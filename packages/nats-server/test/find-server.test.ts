import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compareVersions, findNatsServer, isVersionAccepted, natsServerVersionMin } from "../src/index.ts";
import { findTestBinary, makeTemporaryFolder } from "./test-server.ts";

async function writeServerScript(folder: string, version: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "nats-server");
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

const fetchNothing = () => Promise.reject(new Error("nothing may be fetched here"));

test("a server named in the environment is taken before anything else", async () => {
  const folder = await makeTemporaryFolder();
  await writeServerScript(folder, "2.99.0");
  const env = { LIENTHONG_NATS_URL: "nats://nats.example:4222", PATH: folder };
  expect(await findNatsServer({ env, cacheDirectory: folder, fetchServer: fetchNothing })).toEqual({
    kind: "external",
    url: "nats://nats.example:4222",
  });
});

test("a new enough server on the PATH comes before the cache, and an old one is passed over aloud", async () => {
  const folder = await makeTemporaryFolder();
  const cached = await writeServerScript(join(folder, "cache"), "2.15.1");
  const onPath = await writeServerScript(join(folder, "bin"), "2.14.0");
  const lines: string[] = [];
  const options = {
    env: { PATH: `${join(folder, "empty")}:${join(folder, "bin")}:/bin` },
    cacheDirectory: join(folder, "cache"),
    fetchServer: fetchNothing,
    report: (line: string) => lines.push(line),
  };
  expect(await findNatsServer(options)).toEqual({ kind: "binary", path: onPath, version: "2.14.0", origin: "path" });
  expect(lines).toEqual([]);

  await writeServerScript(join(folder, "bin"), "2.9.10");
  expect(await findNatsServer(options)).toEqual({ kind: "binary", path: cached, version: "2.15.1", origin: "cache" });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("2.9.10");
});

test("a copy in the cache is used without apt, even with an empty PATH", async () => {
  const folder = await makeTemporaryFolder();
  const real = await findTestBinary();
  await copyFile(real.path, join(folder, "nats-server"));
  const found = await findNatsServer({ env: { PATH: "" }, cacheDirectory: folder, fetchServer: fetchNothing });
  expect(found).toEqual({ kind: "binary", path: join(folder, "nats-server"), version: real.version, origin: "cache" });
});

test("when there is nothing, the last resort fetches into the cache folder given", async () => {
  const folder = await makeTemporaryFolder();
  const found = await findNatsServer({
    env: { PATH: folder },
    cacheDirectory: join(folder, "cache"),
    fetchServer: async (cacheDirectory) => ({
      path: await writeServerScript(cacheDirectory, "2.15.1"),
      version: "2.15.1",
    }),
  });
  expect(found).toMatchObject({ origin: "fetched", path: join(folder, "cache", "nats-server") });
});

test("the refusal of an old server says its version, the least version, and what else failed", async () => {
  const folder = await makeTemporaryFolder();
  await writeServerScript(folder, "2.13.9");
  const finding = findNatsServer({
    env: { PATH: folder },
    cacheDirectory: join(folder, "none"),
    fetchServer: fetchNothing,
  });
  await expect(finding).rejects.toMatchObject({ reason: "SERVER_TOO_OLD" });
  await expect(finding).rejects.toThrow(/2\.13\.9.*at least 2\.14\.0.*nothing may be fetched/);
});

test("versions are compared by number, and a pre-release is older than its release", () => {
  expect(compareVersions("2.9.10", "2.14.0")).toBeLessThan(0);
  expect(compareVersions("v2.14.0", "2.14.0")).toBe(0);
  expect(compareVersions("2.14.10", "2.14.9")).toBeGreaterThan(0);
  expect(isVersionAccepted("2.14.0-RC.1")).toBe(false);
  expect(isVersionAccepted(natsServerVersionMin)).toBe(true);
  expect(() => compareVersions("new", "2.14.0")).toThrow(/not a server version/);
});
