import { runCli } from "./run-cli.ts";

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  colorful: (process.stdout.isTTY && process.env.TERM !== "dumb") || Boolean(process.env.FORCE_COLOR),
  onInterrupt(interrupted) {
    process.once("SIGINT", interrupted);
    process.once("SIGTERM", interrupted);
    return () => {
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
    };
  },
});
