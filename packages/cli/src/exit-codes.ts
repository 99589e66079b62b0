/** What the command ends with. Documented in README.md; scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** The bus refused, or what was checked has faults. */
  refused: 1,
  /** Wrong usage: nothing was asked of the bus. */
  usage: 2,
  /** No bus runs, or it cannot be reached. */
  unreachable: 3,
  /** Interrupted before it was done. */
  interrupted: 4,
  /** A fault of the command itself, or a machine that cannot run it. */
  fault: 5,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a sentence that says what was wrong and what to do next. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Wrong usage, in a sentence. */
export function usageError(message: string): CliError {
  return new CliError(EXIT.usage, message);
}
