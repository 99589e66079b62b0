import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as edNode from "../src/ed25519-node.ts";
import * as edWeb from "../src/ed25519-web.ts";
import { sha256 } from "../src/index.ts";
import * as mlNode from "../src/ml-dsa-44-node.ts";
import * as mlWeb from "../src/ml-dsa-44-web.ts";
import * as native from "../src/sha256-node.ts";
import * as pure from "../src/sha256-web.ts";
import { base64, flipBit, utf8 } from "./naive-tree.ts";

describe("the package runs outside Node", () => {
  const folder = new URL("../src/", import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

  test("only the files for Node import from it, and none imports a package but the hashes where there is no Node", () => {
    for (const file of readdirSync(folder)) {
      const source = readFileSync(new URL(file, folder), "utf8");
      const imports = [...source.matchAll(/^(?:import|export|\})[^"\n]*"([^"]+)";$/gm)].map(
        ([, name]) => name as string,
      );
      for (const name of imports) {
        if (file.endsWith("-node.ts")) expect(name, file).toBe("node:crypto");
        else if (file === "sha256-web.ts") expect(name, file).toBe("@noble/hashes/sha2.js");
        else expect(name.startsWith("./") || name in manifest.imports, `${file} imports ${name}`).toBe(true);
      }
      if (!file.endsWith("-node.ts")) expect(source).not.toMatch(/\b(?:Buffer|process|require)\b/);
    }
    expect(Object.keys(manifest.dependencies)).toEqual(["@noble/hashes"]);
  });

  test("each import condition has a file for Node and one for everywhere else", () => {
    for (const conditions of Object.values(manifest.imports) as Record<string, string>[]) {
      expect(Object.keys(conditions)).toEqual(["node", "default"]);
      expect(conditions.node).toMatch(/-node\.ts$/);
      for (const file of Object.values(conditions))
        expect(readFileSync(new URL(`../${file}`, import.meta.url)).length).toBeGreaterThan(0);
    }
  });
});

describe("both platforms agree", () => {
  test("on SHA-256, at every length around a block and over many random inputs", () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = new Uint8Array(length).fill(length);
      expect(base64(pure.sha256(bytes))).toBe(base64(native.sha256(bytes)));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.nat(255), (bytes, prefix) => {
        // A view that does not begin where its buffer does.
        const view = bytes.subarray(bytes.length > 3 ? 3 : 0);
        expect(base64(pure.sha256(view))).toBe(base64(sha256(view)));
        expect(base64(pure.sha256Prefixed(prefix, view))).toBe(base64(native.sha256Prefixed(prefix, view)));
      }),
      { numRuns: 300 },
    );
    expect(base64(native.sha256Prefixed(1, new Uint8Array(4_097)))).toBe(
      base64(pure.sha256Prefixed(1, new Uint8Array(4_097))),
    );
  });

  test("on Ed25519: the same keys, the same signatures, the same verdicts", async () => {
    for (let i = 0; i < 20; i++) {
      const seed = new Uint8Array(32).fill(i);
      const message = utf8(`message ${i}`);
      const [node, web] = [await edNode.openEd25519Seed(seed), await edWeb.openEd25519Seed(seed)];
      expect(base64(web.publicKey)).toBe(base64(node.publicKey));
      const signature = await node.sign(message);
      expect(base64(await web.sign(message))).toBe(base64(signature));
      for (const platform of [edNode, edWeb]) {
        expect(await platform.verifyEd25519(node.publicKey, message, signature)).toBe(true);
        expect(await platform.verifyEd25519(node.publicKey, message, flipBit(signature, i * 25))).toBe(false);
        expect(await platform.verifyEd25519(node.publicKey, utf8("another"), signature)).toBe(false);
        expect(await platform.verifyEd25519(node.publicKey, message, signature.subarray(1))).toBe(false);
        expect(await platform.verifyEd25519(node.publicKey.subarray(1), message, signature)).toBe(false);
      }
    }
  });

  test("on ML-DSA-44, where WebCrypto has it; else it says that it cannot tell", async () => {
    const published = JSON.parse(readFileSync(new URL("vectors/public-checkpoints.json", import.meta.url), "utf8"))
      .checkpoints[1];
    const publicKey = Uint8Array.from(
      Buffer.from(published.witnessKey.split("+").slice(2).join("+"), "base64"),
    ).subarray(1);
    const signature = new Uint8Array(2_420);
    expect(await mlNode.verifyMlDsa44(publicKey, utf8("x"), signature)).toBe(false);
    expect([false, null]).toContain(await mlWeb.verifyMlDsa44(publicKey, utf8("x"), signature));
    for (const platform of [mlNode, mlWeb]) {
      expect(await platform.verifyMlDsa44(publicKey.subarray(1), utf8("x"), signature)).toBe(false);
      expect(await platform.verifyMlDsa44(publicKey, utf8("x"), signature.subarray(1))).toBe(false);
    }
  });
});
