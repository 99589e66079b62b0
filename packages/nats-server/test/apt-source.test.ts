import { expect, test } from "vitest";
import { findSignedBy, suitesToTry } from "../src/apt-source.ts";

test("suites are tried from the machine's own to the newest, never an older one", () => {
  expect(suitesToTry("debian", "bookworm")).toEqual(["bookworm", "trixie", "forky", "sid"]);
  expect(suitesToTry("debian", "sid")).toEqual(["sid"]);
  expect(suitesToTry("ubuntu", "noble")[0]).toBe("noble");
  expect(suitesToTry("debian", "a-suite-of-the-future")).toEqual(["a-suite-of-the-future", "sid"]);
});

test("the key of the machine's own source stays in force, in both notations", () => {
  const stanzas = [
    "Types: deb",
    "# a remark",
    "URIs: http://mirror.example/debian",
    "Suites: bookworm bookworm-updates",
    "Components: main",
    "Signed-By: /keys/main.gpg",
    "",
    "Types: deb",
    "URIs: http://mirror.example/security",
    "Suites: bookworm-security",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " abc",
  ].join("\n");
  expect(findSignedBy(stanzas, "http://mirror.example/debian/", "bookworm")).toBe("/keys/main.gpg");
  expect(findSignedBy(stanzas, "http://mirror.example/security/", "bookworm-security")).toContain("\n .\n abc");
  expect(findSignedBy(stanzas, "http://mirror.example/other/", "bookworm")).toBeUndefined();

  const lines = [
    "deb [arch=amd64 signed-by=/keys/line.gpg] http://mirror.example/ubuntu/ noble main universe",
    "deb http://mirror.example/ubuntu noble-updates main",
  ].join("\n");
  expect(findSignedBy(lines, "http://mirror.example/ubuntu", "noble")).toBe("/keys/line.gpg");
  expect(findSignedBy(lines, "http://mirror.example/ubuntu/", "noble-updates")).toBeUndefined();
});
