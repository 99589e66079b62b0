import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const source = new URL("../src/", import.meta.url);
const IMPORT = /^(import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)";|^import\s+"([^"]+)";/gms;

/** Everything that a door loads when it is imported, type-only imports left out: own files, then packages. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, , typeOnly, from, bare] of readFileSync(new URL(file, source), "utf8").matchAll(IMPORT)) {
    const specifier = from ?? bare ?? "";
    if (typeOnly !== undefined) continue;
    if (specifier.startsWith("./")) loadedBy(specifier.slice(2), seen);
    else seen.add(specifier);
  }
  return seen;
}

describe("the doors for clients", () => {
  it.each([
    ["status.ts", ["@lienthong/contracts/google/rpc/error_details", "@lienthong/contracts/google/rpc/status"]],
    ["channel.ts", ["@grpc/grpc-js", "node:tls"]],
    ["clock.ts", []],
    ["durable-file.ts", ["node:crypto", "node:fs", "node:fs/promises", "node:path"]],
    ["folder-lock.ts", ["node:path", "node:sqlite"]],
    ["passing-bytes.ts", ["node:v8", "node:vm"]],
    ["read-text-file.ts", ["node:fs/promises", "node:timers/promises"]],
    ["secret-file.ts", ["node:fs", "node:fs/promises", "node:timers/promises"]],
    ["timestamp.ts", []],
    ["tls-files.ts", ["node:crypto", "node:fs", "node:fs/promises", "node:timers/promises", "node:tls"]],
  ])("%s loads no server code", (door, packages) => {
    const loaded = [...loadedBy(door)];
    expect(loaded.filter((name) => !name.endsWith(".ts")).sort()).toEqual(packages);
    const own = [
      "bus-error.ts",
      "catalogue-text.ts",
      "error-catalogue.ts",
      "grpc-code.ts",
      "read-text-file.ts",
      "secret-file.ts",
      "status-details.ts",
      "timestamp.ts",
    ];
    expect(loaded.filter((name) => name.endsWith(".ts") && name !== door && !own.includes(name))).toEqual([]);
  });

  it("are the ones in package.json", () => {
    const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      exports: Record<string, string>;
    };
    expect(exports).toEqual({
      ".": "./src/index.ts",
      "./status": "./src/status.ts",
      "./channel": "./src/channel.ts",
      "./clock": "./src/clock.ts",
      "./durable-file": "./src/durable-file.ts",
      "./folder-lock": "./src/folder-lock.ts",
      "./passing-bytes": "./src/passing-bytes.ts",
      "./process-alive": "./src/process-alive.ts",
      "./read-text-file": "./src/read-text-file.ts",
      "./secret-file": "./src/secret-file.ts",
      "./timestamp": "./src/timestamp.ts",
      "./tls-files": "./src/tls-files.ts",
    });
  });
});
