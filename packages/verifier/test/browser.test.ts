import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, it } from "vitest";
import type { BundleReport } from "../src/index.ts";
import { writeBundle } from "../src/index.ts";
import { World } from "./world.ts";

type Verifier = typeof import("../src/index.ts") & { provideDescriptors(bytes: Uint8Array): void };

let code: string;
let external: readonly string[];

beforeAll(async () => {
  const entry = new URL("./browser-entry.ts", import.meta.url).pathname;
  const bundle = await rolldown({ input: entry, platform: "browser", external: [/^node:/], logLevel: "silent" });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  code = output[0].code;
  external = output.flatMap((chunk) => ("imports" in chunk ? chunk.imports : []));
});

describe("the verifier where there is no Node", () => {
  it("imports nothing of Node and no server code", () => {
    expect(external).toEqual([]);
    expect(code).not.toMatch(/from\s*"node:|require\("node:/);
    expect(code).not.toMatch(/nats-io|grpc-js/);
  });

  it("gives the same answers with WebCrypto, all three kinds of keys included", async () => {
    const verifier = (await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`)) as Verifier;
    const descriptors = createRequire(import.meta.url).resolve("@lienthong/contracts/descriptors");
    verifier.provideDescriptors(await readFile(new URL("./gen/descriptors.binpb", `file://${descriptors}`)));
    const world = (await World.create()).play();
    const trust = { network: world.registry.state.network, policy: world.policy };
    const { verifyBundle } = await import("../src/index.ts");
    const whole = await world.bundle();
    const spoilt = structuredClone(whole);
    (spoilt.trail.events[3]?.event as Uint8Array)[300]! ^= 1;
    for (const text of [writeBundle(whole), writeBundle(spoilt)]) {
      const report: BundleReport = await verifier.verifyBundle(text, trust);
      expect(report).toEqual(await verifyBundle(text, trust));
    }
  });
});
