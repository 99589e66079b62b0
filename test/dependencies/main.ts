// `npm run audit:dependencies`: exits 1 on anything found. `--require-advisories` also when the registry did not answer.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { askForAdvisories } from "./advisories.ts";
import { checkLockfile, type Lockfile, type RootPackage } from "./check-lockfile.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const json = (name: string): unknown => JSON.parse(readFileSync(`${root}${name}`, "utf8"));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const lockfile = json("package-lock.json") as Lockfile;
const found = checkLockfile(lockfile, json("package.json") as RootPackage);
for (const sentence of found) say(`FOUND: ${sentence}`);
const count = Object.keys(lockfile.packages ?? {}).length;
if (found.length === 0) say(`The lockfile is in order: ${count} packages, sources, hashes, scripts, licences, majors.`);

const advisories = await askForAdvisories(root);
if (advisories.kind === "checked") {
  say(`Advisories of what runs in production: ${advisories.told}.`);
} else {
  const line = "!".repeat(72);
  say(`${line}\nADVISORIES WERE NOT CHECKED: ${advisories.why}.`);
  say(`Known faults in dependencies would not be noticed here. Run this where the registry answers.\n${line}`);
}
const isBad =
  found.length > 0 ||
  (advisories.kind === "checked" ? advisories.serious > 0 : process.argv.includes("--require-advisories"));
process.exitCode = isBad ? 1 : 0;
