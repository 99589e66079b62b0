import type { Logger } from "./logger.ts";

/** One step of ending, e.g. "gRPC server", "NATS", "ledger". */
export interface DrainStep {
  readonly name: string;
  readonly run: () => unknown;
}

/** How a process ends. */
export interface SignalDrainOptions {
  readonly logger: Logger;
  /** Most time for all steps together, in milliseconds. */
  readonly timeoutMs: number;
}

/** A way to end that is installed. */
export interface SignalDrain {
  /** Runs the steps as a signal would, and settles with the exit code when they are done; does not exit. */
  drain(why: string): Promise<number>;
  /** Stops listening to signals. */
  uninstall(): void;
}

const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const;
type EndSignal = keyof typeof EXIT_CODE;

/**
 * On SIGINT or SIGTERM, runs the steps in the order given, once, and exits: 0 if all went well, 1 if one failed or the time was
 * over. A step that fails does not keep the later ones from running. A second signal exits at once with 130 (SIGINT) or 143 (SIGTERM);
 * nothing durable depends on the steps, so that is as safe as a crash.
 */
export function installSignalDrain(steps: readonly DrainStep[], options: SignalDrainOptions): SignalDrain {
  const { logger, timeoutMs } = options;
  let running: Promise<number> | null = null;
  let current = "";

  const runSteps = async (): Promise<number> => {
    let exitCode = 0;
    for (const { name, run } of steps) {
      current = name;
      try {
        await run();
        logger.debug({ step: name }, "A step of ending is done.");
      } catch (error) {
        exitCode = 1;
        logger.error({ err: error, step: name }, "A step of ending failed; the next ones run all the same.");
      }
    }
    return exitCode;
  };

  const runInTime = async (why: string): Promise<number> => {
    logger.info({ why, steps: steps.map((step) => step.name), timeoutMs }, "The process ends in good order.");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<number>((resolve) => {
      timer = setTimeout(() => {
        logger.error({ step: current, timeoutMs }, "The time to end in good order is over; the step named hangs.");
        resolve(1);
      }, timeoutMs);
    });
    const exitCode = await Promise.race([runSteps(), late]);
    clearTimeout(timer);
    logger.info({ exitCode }, "The process has ended its work.");
    return exitCode;
  };

  const drain = (why: string): Promise<number> => {
    running ??= runInTime(why);
    return running;
  };

  const onSignal = (signal: EndSignal): void => {
    if (running !== null) {
      logger.warn({ signal }, "A second signal: the process exits at once.");
      process.exit(EXIT_CODE[signal]);
    }
    void drain(signal).then((exitCode) => process.exit(exitCode));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);

  return {
    drain,
    uninstall: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
