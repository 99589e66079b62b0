import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openDevelopmentAuthority } from "@lienthong/chassis";
import { expect, test } from "vitest";
import { ensureRoleKeys, type Role, renderClusterMemberConfig } from "../src/index.ts";
import { findTestBinary, makeTemporaryFolder } from "./test-server.ts";

const run = promisify(execFile);

test("the server accepts a member's configuration, with routes that want a certificate from both sides", async () => {
  const folder = await makeTemporaryFolder();
  const { path } = await findTestBinary();
  const keys = await ensureRoleKeys(join(folder, "nkeys"));
  const authority = await openDevelopmentAuthority({ folder: join(folder, "tls") });
  const { files } = await authority.member("nats-1", ["localhost", "127.0.0.1"]);
  const text = renderClusterMemberConfig({
    serverName: "nats-1",
    port: -1,
    storeDirectory: join(folder, "jetstream"),
    storeBytesMax: 1024 ** 3,
    memoryStoreBytesMax: 1024 ** 2,
    logFile: join(folder, "log"),
    pidFile: join(folder, "pid"),
    portsDirectory: folder,
    publicKeys: Object.fromEntries(Object.entries(keys).map(([role, key]) => [role, key.publicKey])) as Record<
      Role,
      string
    >,
    clusterName: "lienthong",
    routeListen: "127.0.0.1:6222",
    routes: ["127.0.0.1:6223", "127.0.0.1:6224"],
    routeTls: files,
  });
  expect(text).toContain("verify: true");
  expect(text).toContain("sync_interval: always");
  const configFile = join(folder, "nats-server.conf");
  await writeFile(configFile, text);
  const { stderr } = await run(path, ["-t", "-c", configFile]);
  expect(stderr).toContain("is valid");
});

test("the example of a cluster's site has what a member of ours has", async () => {
  const folder = fileURLToPath(new URL("../../../deploy/nats/", import.meta.url));
  const example = await readFile(join(folder, "cluster.conf.example"), "utf8");
  for (const line of ['ping_interval: "2s"', "ping_max: 2", "verify: true"]) expect(example).toContain(line);
  const scratch = await makeTemporaryFolder();
  const authority = await openDevelopmentAuthority({ folder: scratch });
  const { files } = await authority.member("nats-1", ["nats-1"]);
  const filled = example
    .replaceAll("/etc/lienthong/routes-ca.crt", files.caPath)
    .replaceAll("/etc/lienthong/route.crt", files.certPath)
    .replaceAll("/etc/lienthong/route.key", files.keyPath);
  await writeFile(join(scratch, "cluster.conf"), filled);
  await writeFile(
    join(scratch, "site.conf"),
    `${await readFile(join(folder, "site.conf.example"), "utf8")}\ninclude "cluster.conf"\n`,
  );
  await writeFile(join(scratch, "nats-server.conf"), await readFile(join(folder, "nats-server.conf"), "utf8"));
  const { path } = await findTestBinary();
  const { stderr } = await run(path, ["-t", "-c", join(scratch, "nats-server.conf")]);
  expect(stderr).toContain("is valid");
});
