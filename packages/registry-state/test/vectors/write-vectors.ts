// Writes the vectors anew: `node packages/registry-state/test/vectors/write-vectors.ts`. Signed data cannot change later, so a
// difference in the result is a change of the format and needs a decision.
import { writeFileSync } from "node:fs";
import { computeSmallLogVectors } from "./small-log.ts";

const file = new URL("small-log.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(computeSmallLogVectors(), null, 2)}\n`);
