import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { EXIT } from "./exit-codes.ts";

// Taking the types off hundreds of files costs a second; done once per version of a file, Tab answers at once. Where the folder cannot
// be written everything works all the same.
enableCompileCache(fileURLToPath(new URL("../../../.cache/compiled", import.meta.url)));
const { runCli } = await import("./run-cli.ts");

// Whoever reads may have seen enough: `lienthong agency list | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  stderrIsTerminal: process.stderr.isTTY === true,
  colorful: (process.stdout.isTTY && process.env.TERM !== "dumb") || Boolean(process.env.FORCE_COLOR),
  onInterrupt(interrupted) {
    let firstMs = 0;
    // Ctrl-C under npx arrives twice at once: from the terminal and from npm. Only one that comes later means "end now".
    const onSignal = () => {
      if (firstMs > 0 && performance.now() - firstMs > 1_000) process.exit(EXIT.interrupted);
      if (firstMs === 0) {
        firstMs = performance.now();
        interrupted();
      }
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
    return () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    };
  },
});
