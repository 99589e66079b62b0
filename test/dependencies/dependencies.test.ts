import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readAdvisories } from "./advisories.ts";
import { checkLockfile, type LockedPackage, type Lockfile, type RootPackage } from "./check-lockfile.ts";

const json = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const lockfile = json("package-lock.json") as Lockfile;
const root = json("package.json") as RootPackage;

const withPackage = (path: string, change: Partial<LockedPackage>): Lockfile => ({
  ...lockfile,
  packages: { ...lockfile.packages, [path]: { ...lockfile.packages?.[path], ...change } as LockedPackage },
});
const good: LockedPackage = { version: "1.0.0", license: "MIT", integrity: `sha512-${"A".repeat(86)}==` };

test("the lockfile of this repository is in order", () => {
  expect(checkLockfile(lockfile, root)).toEqual([]);
});

test.each<[string, Lockfile, RegExp]>([
  ["without a hash", withPackage("node_modules/pino", { integrity: "" }), /^node_modules\/pino has no SHA-512/],
  ["with a weak hash", withPackage("node_modules/pino", { integrity: "sha1-abc=" }), /has no SHA-512/],
  [
    "fetched from a repository",
    withPackage("node_modules/pino", { resolved: "git+ssh://git@host/a/b.git#1" }),
    /fetched from/,
  ],
  ["fetched over HTTP", withPackage("node_modules/pino", { resolved: "http://host/pino.tgz" }), /fetched from/],
  ["wanted from a repository", withPackage("node_modules/pino", { dependencies: { a: "github:a/b" } }), /wants a from/],
  [
    "wanted from an address",
    withPackage("packages/chassis", { dependencies: { a: "https://h/a.tgz" } }),
    /wants a from/,
  ],
  [
    "wanted by a short name of a repository",
    withPackage("", { dependencies: { a: "owner/name" } }),
    /package.json wants a/,
  ],
  ["that runs a script", withPackage("node_modules/scripted", { ...good, hasInstallScript: true }), /runs a script/],
  ["under another licence", withPackage("node_modules/pino", { license: "AGPL-3.0-only" }), /licence "AGPL-3.0-only"/],
  ["partly under another licence", withPackage("node_modules/pino", { license: "(MIT AND GPL-2.0-only)" }), /licence/],
  [
    "under a tool's licence at run time",
    withPackage("node_modules/odd", { ...good, license: "MPL-2.0" }),
    /licence "MPL-2.0"/,
  ],
  [
    "of unknown licence",
    withPackage("node_modules/odd", { version: "1.0.0", integrity: good.integrity ?? "" }),
    /licence ""/,
  ],
  [
    "for cryptography in two majors",
    withPackage("node_modules/a/node_modules/@noble/hashes", { ...good, version: "1.8.0" }),
    /@noble\/hashes is there in 2 majors/,
  ],
])("a package %s is found", (_what, planted, said) => {
  expect(checkLockfile(planted, root)).toEqual([expect.stringMatching(said)]);
});

test("scripts that are let run, and names that nothing has, are found", () => {
  const allowed = { allowScripts: { ...root.allowScripts, protobufjs: true, "left-behind": false } };
  expect(checkLockfile(lockfile, allowed)).toEqual([
    expect.stringMatching(/protobufjs runs a script/),
    expect.stringMatching(/lets protobufjs run/),
    expect.stringMatching(/names left-behind/),
  ]);
});

test("a registry that does not answer is told apart from one that found nothing", () => {
  expect(readAdvisories('{"message":"405 Method Not Allowed - POST https://host/path"}')).toEqual({
    kind: "unchecked",
    why: "405 Method Not Allowed",
  });
  expect(readAdvisories("")).toMatchObject({ kind: "unchecked" });
  const vulnerabilities = { info: 0, low: 1, moderate: 0, high: 2, critical: 1, total: 4 };
  expect(readAdvisories(JSON.stringify({ metadata: { vulnerabilities } }))).toMatchObject({
    kind: "checked",
    serious: 3,
  });
});
