// Commands to and answers from the processes of a bench.
import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

/** In the child: answers each command of the parent. bigint travels as such. */
export function onCommand<Command, Result>(run: (command: Command) => Promise<Result>): void {
  process.on("message", (command: Command) => {
    run(command).then(
      (result) => process.send?.({ result } satisfies Answer),
      (error: Error) => process.send?.({ error: error.stack ?? String(error) } satisfies Answer),
    );
  });
  // Without the parent there is nothing to measure.
  process.on("disconnect", () => process.exit(1));
}

/** A child process that answers commands. */
export interface BenchProcess<Command, Result> {
  readonly pid: number;
  call(command: Command): Promise<Result>;
  /** Asks it to end, and waits until it has. */
  end(): Promise<void>;
}

/** Starts a file of this folder as a process of its own, with these options for Node. */
export function startBenchProcess<Command, Result>(
  file: string,
  nodeOptions: readonly string[] = [],
): BenchProcess<Command, Result> {
  const child: ChildProcess = fork(new URL(file, import.meta.url), {
    serialization: "advanced",
    // BENCH_PROFILE=DIR writes a processor profile of each process there.
    execArgv: [
      "--disable-warning=ExperimentalWarning",
      ...nodeOptions,
      ...(process.env.BENCH_PROFILE === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${process.env.BENCH_PROFILE}`]),
    ],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism()) },
  });
  return {
    pid: child.pid ?? 0,
    call(command) {
      return new Promise((resolve, reject) => {
        const onExit = (code: number | null): void =>
          reject(new Error(`${file} ended with ${code} before it answered.`));
        child.once("exit", onExit);
        child.once("message", (answer: Answer) => {
          child.off("exit", onExit);
          if (answer.error !== undefined) reject(new Error(`${file}: ${answer.error}`));
          else resolve(answer.result as Result);
        });
        child.send(command as object);
      });
    },
    async end() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}
