import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { NatsServerError } from "./errors.ts";

const run = promisify(execFile);
const exitWaitMs = 10_000;

/**
 * Ends the server that a crashed owner left behind on this data folder, named by its pid file. The command line must
 * name our configuration file, so a reused process id never costs a stranger its life. Returns the pid it ended.
 */
export async function endStaleServer(pidFile: string, configFile: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  if (!Number.isInteger(pid) || pid <= 1 || !(await isOurServer(pid, configFile))) {
    return undefined;
  }
  process.kill(pid, "SIGTERM");
  const deadline = Date.now() + exitWaitMs;
  while (await isOurServer(pid, configFile)) {
    if (Date.now() > deadline) {
      throw new NatsServerError(
        "STALE_SERVER_STUCK",
        `nats-server (process ${pid}) of an earlier run does not end; look at it, then end it with "kill -KILL ${pid}" and start again.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return pid;
}

async function isOurServer(pid: number, configFile: string): Promise<boolean> {
  const commandLine = await readCommandLine(pid);
  return commandLine.some((part) => part.endsWith("nats-server")) && commandLine.includes(configFile);
}

/** Empty for a process that is gone, a zombie included. */
async function readCommandLine(pid: number): Promise<string[]> {
  if (process.platform === "linux") {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  }
  const { stdout } = await run("ps", ["-o", "command=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim().split(" ");
}
