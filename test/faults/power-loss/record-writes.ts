import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";

/** Calls that change files, make them durable, or say which file a descriptor is. */
const tracedCalls = [
  "open,openat,creat,close,dup,dup2,dup3,lseek,clone,clone3,fork,vfork",
  "write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,sendfile",
  "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir",
  "fsync,fdatasync,sync_file_range",
].join(",");

/** Longer writes cannot be recorded; the reader says so if one occurs. */
const writeBytesMax = 33_554_432;

/** Why writes cannot be recorded here, in a sentence; null if they can. */
export function whyNoRecording(): string | null {
  try {
    execFileSync("strace", ["-f", "--seccomp-bpf", "-e", "trace=openat", "-o", "/dev/null", "true"], { stdio: "pipe" });
    return null;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    if (code === "ENOENT") return "strace is not installed (Debian: apt-get install strace).";
    return `strace does not work here: ${String(stderr ?? error).trim()}`;
  }
}

/**
 * Runs a Node program and all that it starts, and records every change of a file in the order in which it happened. A process goes on only after
 * what it did is recorded, so what one process did because of another's write stands behind that write.
 * @throws an Error with the program's words if it fails.
 */
export async function recordWrites(program: {
  /** Path of the program and its arguments, for this Node. */
  readonly command: readonly string[];
  /** File for the recording. */
  readonly traceFile: string;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<void> {
  const { command, traceFile, environment = {} } = program;
  const options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", String(writeBytesMax), "-e", `trace=${tracedCalls}`];
  const child = spawn("strace", [...options, "-o", traceFile, "--", process.execPath, ...command], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-8_000);
    });
  }
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(`The recorded program ended with ${code ?? signal}:\n${said}`);
}
