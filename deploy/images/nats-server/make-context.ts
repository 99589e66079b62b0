// Makes what `docker build` needs for the nats-server's image: node deploy/images/nats-server/make-context.ts FOLDER
import { execFile } from "node:child_process";
import { copyFile, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findNatsServer } from "@lienthong/nats-server";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * Writes a Dockerfile and `rootfs/` into a folder: the nats-server that this project would run, the libraries that it is linked with, and the
 * configuration of deploy/nats. What belongs to a site is mounted: /etc/lienthong/site.conf, with its cluster.conf and certificates.
 */
export async function makeNatsImageContext(folder: string): Promise<{ readonly version: string }> {
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("An image needs a nats-server binary.");
  const rootfs = join(folder, "rootfs");
  await copyInto(rootfs, await realpath(found.path), "/usr/bin/nats-server");
  for (const library of await librariesOf(found.path)) await copyInto(rootfs, await realpath(library), library);
  await copyInto(rootfs, join(here, "..", "..", "nats", "nats-server.conf"), "/etc/lienthong/nats-server.conf");
  // A store that is not mounted must still be writable, and so must Go's temporary files.
  for (const empty of ["/var/lib/lienthong", "/tmp"]) await mkdir(join(rootfs, empty), { recursive: true });
  await copyFile(join(here, "Dockerfile"), join(folder, "Dockerfile"));
  return { version: found.version };
}

/** Absolute paths of the shared libraries and of the loader that a program wants; none for one that is linked statically. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run("ldd", [program]).catch(() => ({ stdout: "" }));
  return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map((match) => match[1] as string);
}

async function copyInto(rootfs: string, from: string, to: string): Promise<void> {
  const target = join(rootfs, to);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, target);
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    process.stderr.write("Name the folder to write: node deploy/images/nats-server/make-context.ts FOLDER\n");
    process.exitCode = 2;
  } else {
    const { version } = await makeNatsImageContext(folder);
    process.stdout.write(`nats-server ${version}: docker build -t lienthong/nats-server:${version} ${folder}\n`);
  }
}
