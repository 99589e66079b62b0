/** What the command has of the outside world; tests give it another. */
export interface CliIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Width of the terminal; null where stdout is none. */
  readonly columns: number | null;
  /** A line of stderr can be rewritten in place. */
  readonly stderrIsTerminal: boolean;
  /** Colours are understood: a terminal, or FORCE_COLOR. */
  readonly colorful: boolean;
  /** Calls back when the user interrupts (Ctrl-C, SIGTERM); returns how to stop listening. */
  onInterrupt(interrupted: () => void): () => void;
}

/** Width of what is written to a file or a pipe. */
export const columnsWithoutTerminal = 120;
