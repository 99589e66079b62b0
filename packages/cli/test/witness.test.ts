import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  consistencyProof,
  formatVerifierKey,
  leafHash,
  parseVerifierKey,
  rootOf,
  signCheckpoint,
  signerOfSeed,
} from "@lienthong/tlog";
import { collectCosignatures } from "@lienthong/witness";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type Ran, runLine } from "./run-line.ts";

const origin = "log.example/hanoi";
const signer = await signerOfSeed(origin, 0x01, new Uint8Array(32).fill(5));
const vkey = formatVerifierKey(signer);
const leaves = Array.from({ length: 9 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
const source = {
  hashes: async (nodes: readonly { level: number; index: number }[]) =>
    nodes.map(({ level, index }) => rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))),
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-cli-witness-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Runs the command until it serves, asks it something, and interrupts it. */
async function whileServing(args: readonly string[], asks: (line: string) => Promise<void>): Promise<Ran> {
  const [started, interrupted] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  const ran = runLine(args, {
    interrupted: interrupted.promise,
    onStdout: (text) => {
      if (text.endsWith("\n")) started.resolve(text.split("\n", 1)[0] as string);
    },
  });
  const line = await Promise.race([started.promise, ran.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  await asks(line).finally(() => interrupted.resolve());
  return ran;
}

const collect = async (url: string, key: string, size: number) =>
  collectCosignatures({
    checkpoint: await signCheckpoint({ origin, size, root: rootOf(leaves.slice(0, size)) }, signer),
    proofFrom: (oldSize) => consistencyProof(oldSize, size, source),
    witnesses: [{ name: "hanoi", url, vkey: key }],
    timeoutMs: 5_000,
  });

describe("lienthong witness", () => {
  it("makes its key once, prints it, cosigns, ends well by an interrupt, remembers over a restart, and tells a fork at once", async () => {
    const data = join(root, "w1");
    const line = ["witness", "--data", data, "--log", vkey, "--port", "0", "--json"];
    let key = "";
    const first = await whileServing([...line, "--name", "witness.example/hanoi"], async (said) => {
      const { name, vkey: own, url, logs } = JSON.parse(said);
      expect({ name, logs }).toEqual({ name: "witness.example/hanoi", logs: [origin] });
      expect(parseVerifierKey(own).type).toBe(0x04);
      key = own;
      expect((await collect(url, own, 7)).missing).toEqual([]);
    });
    expect(first).toMatchObject({ code: EXIT.ok, stderr: "" });
    expect((await stat(join(data, "witness", "witness.key"))).mode & 0o777).toBe(0o600);
    expect(first.stdout + first.stderr).not.toContain("PRIVATE");

    const again = await whileServing(line, async (said) => {
      const { vkey: own, url } = JSON.parse(said);
      expect(own).toBe(key);
      expect((await collect(url, own, 5)).missing).toMatchObject([{ kind: "ahead" }]);
      expect((await collect(url, own, 9)).cosignatures).toHaveLength(1);
      const fork = await collectCosignatures({
        checkpoint: await signCheckpoint({ origin, size: 9, root: rootOf(leaves.toReversed()) }, signer),
        proofFrom: async () => [],
        witnesses: [{ name: "hanoi", url, vkey: own }],
        timeoutMs: 5_000,
      });
      expect(fork.missing).toMatchObject([{ kind: "inconsistent" }]);
    });
    expect(again.code).toBe(EXIT.ok);
    const [, alarm] = again.stdout.trim().split("\n");
    const { event, size, fork } = JSON.parse(alarm as string);
    expect({ event, size }).toEqual({ event: "forked", size: 9 });
    expect(JSON.parse(await readFile(fork, "utf8"))).toMatchObject({ origin, size: 9 });
  });

  it("tells people where it serves, and what others put into their policy", async () => {
    const data = join(root, "w2");
    const ran = await whileServing(
      ["witness", "--data", data, "--name", "hue.example/witness", "--log", vkey, "--port", "0"],
      async (own) => {
        expect(parseVerifierKey(own).name).toBe("hue.example/witness");
        expect(await readFile(join(data, "witness", "witness.key"), "utf8")).toMatch(
          /^PRIVATE\+KEY\+hue\.example\/witness\+/,
        );
      },
    );
    expect(ran.code).toBe(EXIT.ok);
    expect(ran.stdout.trim().split("\n")).toHaveLength(1);
    expect(ran.stderr).toMatch(/Serving on http:\/\/127\.0\.0\.1:\d+ for log\.example\/hanoi; Ctrl-C ends it\./);
    expect(ran.stderr).toContain(`\nwitness hue.example ${ran.stdout.trim()} http://127.0.0.1:`);
    expect(ran.stderr).toContain("The witness has ended; what it cosigned is kept.");
  });

  it("speaks Vietnamese when asked", async () => {
    const args = ["witness", "--data", join(root, "w3"), "--log", vkey, "--port", "0", "--lang", "vi"];
    const ran = await whileServing(args, async () => {});
    expect(ran.stderr).toContain("Đang phục vụ tại http://127.0.0.1:");
    const wrong = await runLine([...args, "--name", "tên khác"]);
    expect(wrong.code).toBe(EXIT.usage);
    expect(wrong.stderr).toContain("không phải tên khác; hãy bỏ tên, hoặc chọn tệp khác.");
  });

  it("refuses what it cannot do, in a sentence", async () => {
    const line = ["witness", "--data", join(root, "w4"), "--port", "0"];
    const refused = async (more: readonly string[]) => runLine([...line, ...more]);
    expect(await refused([])).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining("--log <VKEY...> is required"),
    });
    expect(await refused(["--log", "nonsense"])).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining('--log "nonsense" is no verifier key'),
    });
    expect(await refused(["--log", vkey, "--port", "70000"])).toMatchObject({ code: EXIT.usage });
    expect(await refused(["--log", vkey, "--name", "two words"])).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining('"two words" cannot name a witness'),
    });
    await whileServing([...line, "--log", vkey], async () => {
      expect(await refused(["--log", vkey])).toMatchObject({
        code: EXIT.refused,
        stderr: expect.stringContaining("Another process keeps the witness in"),
      });
    });
    await rm(join(root, "w4", "witness", "witness.key"));
    await whileServing([...line, "--log", vkey], async () => {});
  });
});
