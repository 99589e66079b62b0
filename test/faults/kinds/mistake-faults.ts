import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Fault } from "../fault.ts";

const serviceModule = fileURLToPath(new URL("../world/service-process.ts", import.meta.url));
const mistakeMs = 20_000;

/** Two of what there must be one of. */
export const mistakeFaults: readonly Fault[] = [
  {
    name: "two-ledgers",
    async run(world) {
      const { LIENTHONG_NATS_URL: _, ...environment } = process.env;
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", serviceModule, "ledger", world.directory, "0"],
        {
          stdio: ["pipe", "ignore", "ignore"],
          env: {
            ...environment,
            ...world.natsEnvironment,
            LIENTHONG_NATS_URL: world.natsProxies.ledger.address,
          },
        },
      );
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      const early = await Promise.race([ended, wait(mistakeMs, "runs" as const)]);
      child.kill("SIGKILL");
      await ended;
      if (early === "runs") world.violated("A second ledger on the same folder went on as if it were the only one.");
      // That the log had one writer, the check of forks tells at the end.
      return early === "runs" ? "the second one ran on" : `the second one ended with ${early}`;
    },
  },
];
