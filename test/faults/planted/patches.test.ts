// What is patched into a process must fit the code as it is now, and be code.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { durableSteps, stepPatch } from "../kinds/durable-steps.ts";
import { plantedBugs } from "./planted-bugs.ts";
import { applyPatch, type TextPatch } from "./text-patch.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const patches: [string, TextPatch][] = [
  ...durableSteps.flatMap((step): [string, TextPatch][] => [
    [`before ${step.name}`, stepPatch(step, "before", 1)],
    [`after ${step.name}`, stepPatch(step, "after", 1)],
  ]),
  ...plantedBugs.flatMap(({ name, patches: own }) => own.map((patch): [string, TextPatch] => [name, patch])),
];

test.each(patches)("%s", (_name, patch) => {
  const text = readFileSync(`${root}${patch.module}`, "utf8");
  const patched = applyPatch(text, patch);
  expect(patched).not.toBe(text);
  expect(() => stripTypeScriptTypes(patched)).not.toThrow();
});
