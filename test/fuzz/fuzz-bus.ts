import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What the process of the bus is told. */
export type BusCommand = "start" | "facts" | "checkStream" | "loggedErrors" | "stop";

/** Where the bus under test is to be found. */
export interface StartedBus {
  readonly runFile: string;
  readonly registrarKeyFile: string;
  readonly folder: string;
}

/** What is seen from inside its process; times since they were asked for last. */
export interface BusFacts {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly natsRssBytes: number;
  /** Open handles, requests and timers by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Longest time that the event loop did not turn, whoever had the processor. */
  readonly eventLoopLateMsMax: number;
  /** Longest time for which it did not turn because its own thread worked. */
  readonly eventLoopBlockedMsMax: number;
  readonly warnings: readonly string[];
}

/** The whole stream, held against what must always hold. */
export interface StreamVerdict {
  readonly events: number;
  readonly faults: readonly string[];
}

/** A bus in a process of its own. */
export interface FuzzBus {
  readonly started: StartedBus;
  readonly pid: number;
  /** Null while it lives; else how it ended. */
  ended(): string | null;
  facts(): Promise<BusFacts>;
  checkStream(): Promise<StreamVerdict>;
  loggedErrors(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts it. Takes some seconds. */
export async function startFuzzBus(): Promise<FuzzBus> {
  const child: ChildProcess = fork(new URL("./bus-process.ts", import.meta.url), {
    execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
    env: { ...process.env, UV_THREADPOOL_SIZE: "2" },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-8_000);
  });
  let ended: string | null = null;
  child.once("exit", (code, signal) => {
    ended = `The process of the bus ended with ${code ?? signal}. ${complaints}`;
  });

  async function call<Result>(command: BusCommand): Promise<Result> {
    if (ended !== null) throw new Error(ended);
    const over = new AbortController();
    try {
      const answered = once(child, "message", { signal: over.signal });
      const gone = once(child, "exit", { signal: over.signal }).then(() => {
        throw new Error(ended ?? "The process of the bus ended.");
      });
      child.send(command);
      const [answer] = (await Promise.race([answered, gone])) as [{ result?: unknown; error?: string }];
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.result as Result;
    } finally {
      over.abort();
    }
  }

  const started = await call<StartedBus>("start");
  return {
    started,
    pid: child.pid ?? 0,
    ended: () => ended,
    facts: () => call("facts"),
    checkStream: () => call("checkStream"),
    loggedErrors: () => call("loggedErrors"),
    async stop() {
      if (ended !== null) return;
      await call("stop");
      if (ended === null) await once(child, "exit");
    },
  };
}
