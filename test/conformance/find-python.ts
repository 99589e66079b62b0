import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Debian's first: another Python on the PATH does not see Debian's libraries. */
const candidates = [process.env.LIENTHONG_PYTHON, "/usr/bin/python3", "python3"];
const imports = "import sys, grpc, google.protobuf, cryptography; assert sys.version_info >= (3, 11)";

/** A Python that has what the client needs. Throws a sentence that says what to install. */
export async function findPython(): Promise<string> {
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    try {
      await run(candidate, ["-c", imports]);
      return candidate;
    } catch {
      // Not there, too old, or without the libraries: the next one may do.
    }
  }
  throw new Error(
    "The Python client cannot be tested here: install its libraries with 'apt-get install -y python3-grpcio python3-protobuf python3-cryptography', or name a Python 3.11 or newer that has grpcio, protobuf and cryptography in LIENTHONG_PYTHON.",
  );
}
