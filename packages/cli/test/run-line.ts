import { runCli } from "../src/run-cli.ts";

/** What a command line did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The first line of stdout as JSON. */
  json(): unknown;
}

/** The surroundings of a command line. */
export interface RunLineOptions {
  readonly env?: Record<string, string>;
  readonly columns?: number;
  /** Told of all of stdout whenever something is written to it. */
  readonly onStdout?: (text: string) => void;
  /** Ctrl-C. */
  readonly interrupted?: Promise<void>;
}

/** Runs a command line in this process, without terminal. */
export async function runLine(args: readonly string[], options: RunLineOptions = {}): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const code = await runCli(args, {
    stdout: {
      write(text) {
        stdout += text;
        options.onStdout?.(stdout);
      },
    },
    stderr: { write: (text) => (stderr += text) },
    env: { LANG: "C.UTF-8", ...options.env },
    columns: options.columns ?? null,
    stderrIsTerminal: false,
    colorful: false,
    onInterrupt(interrupted) {
      void options.interrupted?.then(interrupted);
      return () => {};
    },
  });
  return { code, stdout, stderr, json: () => JSON.parse(stdout.split("\n", 1)[0] ?? "") as unknown };
}
