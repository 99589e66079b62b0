// Writes the vectors anew: `node packages/registry-state/test/vectors/write-vectors.ts`. Signed data cannot change later, so a
// difference in the result is a change of the format and needs a decision.
import { writeFileSync } from "node:fs";
import { computeAllKindsVectors } from "./all-kinds.ts";
import { computeSmallLogVectors } from "./small-log.ts";

for (const [name, vectors] of [
  ["small-log.json", computeSmallLogVectors()],
  ["all-kinds.json", computeAllKindsVectors()],
] as const) {
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
}
