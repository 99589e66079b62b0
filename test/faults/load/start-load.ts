import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoadAnswer, LoadCallName, LoadCalls } from "./load-messages.ts";

/** The load's process. */
export interface RunningLoad extends LoadCalls {
  stop(): Promise<void>;
}

/** Starts the process that plays the agencies. */
export function startLoadProcess(): RunningLoad {
  const child = fork(fileURLToPath(new URL("./load-process.ts", import.meta.url)), {
    serialization: "advanced",
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { ...process.env, UV_THREADPOOL_SIZE: "2" },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let next = 1;
  child.on("message", ({ number, result, error }: LoadAnswer) => {
    const asked = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(`The load: ${error}`));
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      for (const asked of waiting.values()) asked.reject(new Error(`The load's process ended with ${signal ?? code}.`));
      waiting.clear();
      resolve();
    });
  });
  const call = (name: LoadCallName, argument: unknown): Promise<unknown> => {
    const asked = Promise.withResolvers<unknown>();
    const number = next++;
    waiting.set(number, asked);
    child.send({ number, name, argument });
    return asked.promise;
  };
  return {
    start: (ground) => call("start", ground) as Promise<void>,
    pulse: (question) => call("pulse", question) as ReturnType<LoadCalls["pulse"]>,
    receipt: (question) => call("receipt", question) as ReturnType<LoadCalls["receipt"]>,
    order: (order) => call("order", order) as Promise<void>,
    counts: () => call("counts", null) as ReturnType<LoadCalls["counts"]>,
    finish: (question) => call("finish", question) as ReturnType<LoadCalls["finish"]>,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
    },
  };
}
