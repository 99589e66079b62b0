import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { TestContext } from "vitest";

const run = promisify(execFile);

/** Debian's first: another Python on the PATH does not see Debian's libraries. */
const candidates = [process.env.LIENTHONG_PYTHON, "/usr/bin/python3", "python3"];
const imports = "import sys, grpc, google.protobuf, cryptography; assert sys.version_info >= (3, 11)";

const missing =
  "The Python client cannot be tested here: install its libraries with 'apt-get install -y --no-install-recommends python3-grpcio python3-protobuf python3-cryptography', or name a Python 3.11 or newer that has grpcio, protobuf and cryptography in LIENTHONG_PYTHON.";

/**
 * A Python that has what the client needs. Without one the test says so and is left out: nothing else here needs Python. Where it must be
 * tested, LIENTHONG_REQUIRE_PYTHON=1 makes its absence an error.
 */
export function needsPython(context: TestContext, python: string | null): asserts python is string {
  if (python !== null) return;
  if (process.env.LIENTHONG_REQUIRE_PYTHON === "1") throw new Error(missing);
  context.skip(missing);
}

/** A Python that has what the client needs; null if there is none. */
export async function findPython(): Promise<string | null> {
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    try {
      await run(candidate, ["-c", imports]);
      return candidate;
    } catch {
      // Not there, too old, or without the libraries: the next one may do.
    }
  }
  return null;
}
