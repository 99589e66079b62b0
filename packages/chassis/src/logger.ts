import { type DestinationStream, destination as openDestination, pino, stdTimeFunctions } from "pino";
import { describeError, redact } from "./log-redaction.ts";

/** Levels, loudest last. `silent` prints nothing. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** A level of `LOG_LEVELS`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One method of a logger: an object of facts and a sentence, or the sentence alone. */
export interface LogMethod {
  (facts: object, sentence: string): void;
  (sentence: string): void;
}

/** What the services log with. Anything of pino's shape fits. */
export interface Logger {
  trace: LogMethod;
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  fatal: LogMethod;
  /** A logger whose lines carry these facts too. */
  child(facts: Record<string, unknown>): Logger;
  isLevelEnabled(level: string): boolean;
  level: string;
}

/** Where lines go: the process's stderr, the path of a file to append to, or anything with `write(line)`. */
export type LogDestination = "stderr" | (string & {}) | DestinationStream;

/** How a logger is made. */
export interface LoggerOptions {
  /** Name of the service; stands in every line. */
  readonly service: string;
  /** Default "info". */
  readonly level?: LogLevel;
  /** Default "stderr", so that results on stdout stay clean. */
  readonly destination?: LogDestination;
}

/** What waits while the disk refuses; beyond it lines are dropped. */
const unwrittenBytesMax = 1_048_576;

function openLogDestination(destination: LogDestination): DestinationStream {
  if (typeof destination !== "string") return destination;
  // Synchronous: the line that says why a process ends must be there when it has ended. At level info a line per call is not written.
  const opened =
    destination === "stderr"
      ? openDestination({ dest: 2, sync: true, maxLength: unwrittenBytesMax })
      : openDestination({ dest: destination, sync: true, mkdir: true, append: true, maxLength: unwrittenBytesMax });
  // A full disk, or a reader of stderr that went away. Without this the event would end the process, which has better things to do than to log:
  // lines wait, as far as there is room for them, and are written with the next one that the disk takes.
  opened.on("error", () => {});
  return opened;
}

/**
 * A logger of JSON lines: `time` (ISO), `level` (name), `service`, `msg`, and the facts given, with secrets masked and bytes
 * replaced by their number. Give an error as `err`: its causes are printed with it.
 */
export function createLogger({ service, level = "info", destination = "stderr" }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => redact(bindings) as Record<string, unknown>,
        log: (facts) => redact(facts) as Record<string, unknown>,
      },
      serializers: {
        err: (thrown: unknown) => describeError(thrown),
        error: (thrown: unknown) => describeError(thrown),
      },
    },
    openLogDestination(destination),
  );
}
