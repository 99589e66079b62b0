import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "services/*/test/**/*.test.ts",
      "deploy/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    globalSetup: ["test/global-setup.ts"],
    setupFiles: ["test/equal-bytes.ts"],
    // Real servers start in most files, and machines are shared: a test waits on conditions, these bounds only end one that hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: availableParallelism(),
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { UV_THREADPOOL_SIZE: String(availableParallelism()) },
  },
});
