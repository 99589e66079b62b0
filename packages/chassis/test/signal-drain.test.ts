import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";

interface Ended {
  readonly said: string[];
  readonly log: string;
  readonly code: number | null;
}

/** Runs the process, sends each signal when its line has been said, and waits for the end. */
async function runProcess(args: string[], signals: readonly (readonly [string, NodeJS.Signals])[]): Promise<Ended> {
  const script = new URL("./drain-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  let log = "";
  child.stderr.on("data", (bytes: Buffer) => {
    log += bytes.toString();
  });
  const left = [...signals];
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    if (line === left[0]?.[0]) child.kill(left.shift()![1]);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { said, log, code };
}

describe("ending by a signal", { timeout: 20_000 }, () => {
  it.each(["SIGINT", "SIGTERM"] as const)("%s runs the steps in order and exits with 0", async (signal) => {
    const { said, code } = await runProcess(["works"], [["ready", signal]]);
    expect(said).toEqual(["ready", "grpc", "nats"]);
    expect(code).toBe(0);
  });

  it("goes on after a step that fails, and exits with 1", async () => {
    const { said, log, code } = await runProcess(["fails"], [["ready", "SIGTERM"]]);
    expect(said).toEqual(["ready", "grpc", "nats"]);
    expect(log).toContain("cannot close");
    expect(code).toBe(1);
  });

  it("names the step that hangs when the time is over, and exits with 1", async () => {
    const { said, log, code } = await runProcess(["hangs", "100"], [["ready", "SIGTERM"]]);
    expect(said).toEqual(["ready", "grpc"]);
    expect(log).toContain('"step":"grpc"');
    expect(code).toBe(1);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("a second signal %s exits at once with %i", async (signal, expected) => {
    const { said, code } = await runProcess(
      ["hangs"],
      [
        ["ready", "SIGTERM"],
        ["grpc", signal],
      ],
    );
    expect(said).toEqual(["ready", "grpc"]);
    expect(code).toBe(expected);
  });
});
