import { execFile, spawn } from "node:child_process";
import { access, open } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const socketPath = "/var/run/docker.sock";
const startWithinMs = 30_000;

/** A container engine to test with, or why there is none, in a sentence. */
export type Docker =
  | { readonly usable: true /** Ends the engine if it was started here. */; stop(): Promise<void> }
  | { readonly usable: false; readonly why: string };

/**
 * Finds a Docker engine that runs; else starts the one that is installed; else, only if `mayInstall`, installs the distribution's own package
 * first. Needs root for all but the first.
 */
export async function ensureDocker({ mayInstall }: { readonly mayInstall: boolean }): Promise<Docker> {
  if (await answers()) return { usable: true, stop: async () => {} };
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return { usable: false, why: "no Docker engine answers, and only root on Linux may start one" };
  }
  if (!(await exists("/usr/sbin/dockerd")) && !(await exists("/usr/bin/dockerd"))) {
    if (!mayInstall)
      return { usable: false, why: "Docker is not installed; with LIENTHONG_CONTAINERS=required the test installs it" };
    const installed = await install();
    if (installed !== null) return { usable: false, why: installed };
  }
  const failures: string[] = [];
  // A kernel without netfilter can still bridge, and one without overlay can still copy.
  for (const settings of [[], ["--iptables=false"], ["--iptables=false", "--storage-driver=vfs"]]) {
    const started = await start(settings);
    if (typeof started !== "string") return { usable: true, stop: started };
    failures.push(started);
  }
  return { usable: false, why: `dockerd does not start: ${failures.at(-1)}` };
}

async function install(): Promise<string | null> {
  if (!(await exists("/usr/bin/apt-get")))
    return "Docker is not installed, and this is no Debian whose package could be";
  process.stderr.write("Installing docker.io from the distribution's packages, for the test on container networks.\n");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run("apt-get", ["update", "-qq"], { env, timeout: 180_000 });
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "docker.io"], { env, timeout: 300_000 });
    return null;
  } catch (error) {
    return `docker.io could not be installed: ${String(error).split("\n").at(-1)}`;
  }
}

/** Gives how to stop it, or what it said last. */
async function start(settings: readonly string[]): Promise<(() => Promise<void>) | string> {
  const logPath = join(tmpdir(), `lienthong-dockerd-${process.pid}.log`);
  const log = await open(logPath, "w", 0o600);
  const child = spawn("dockerd", [...settings], { stdio: ["ignore", log.fd, log.fd], detached: true });
  await log.close();
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  }).then(() => {
    ended = true;
  });
  for (const deadline = performance.now() + startWithinMs; !ended && performance.now() < deadline; await wait(200)) {
    if (await answers()) {
      return async () => {
        child.kill("SIGTERM");
        await exited;
      };
    }
  }
  child.kill("SIGKILL");
  await exited;
  const { stdout } = await run("tail", ["-n", "1", logPath]).catch(() => ({ stdout: "it said nothing" }));
  return stdout.trim();
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: "/_ping", timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
