import { execFile } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { renderDeployConfig } from "../src/server-config.ts";
import { findTestBinary, makeTemporaryFolder } from "./test-server.ts";

const deployFolder = fileURLToPath(new URL("../../../deploy/nats/", import.meta.url));

test("the configuration in deploy/nats is the one the declared accounts give", async () => {
  expect(await readFile(join(deployFolder, "nats-server.conf"), "utf8")).toBe(renderDeployConfig());
});

test("the server accepts the configuration in deploy/nats with the example of a site", async () => {
  const folder = await makeTemporaryFolder();
  await cp(join(deployFolder, "nats-server.conf"), join(folder, "nats-server.conf"));
  await cp(join(deployFolder, "site.conf.example"), join(folder, "site.conf"));
  const { path } = await findTestBinary();
  const { stderr } = await promisify(execFile)(path, ["-t", "-c", join(folder, "nats-server.conf")]);
  expect(stderr).toContain("is valid");
});
