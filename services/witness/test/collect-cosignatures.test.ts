import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  addSignatureLines,
  checkPolicy,
  cosign,
  formatVerifierKey,
  parsePolicy,
  signerOfSeed,
  TlogFormatError,
} from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  collectCosignatures,
  knownSizeKey,
  openWitnessFolder,
  type ServedWitness,
  serveWitness,
  type WitnessToAsk,
} from "../src/index.ts";
import { post, quiet, TestLog } from "./test-log.ts";

const log = await TestLog.open();
const key = await signerOfSeed("witness.example/bad", 0x04, new Uint8Array(32).fill(99));
const text = (note: string) => note.slice(0, note.indexOf("\n\n") + 1);

let root: string;
const witnesses: ServedWitness[] = [];
const asked: WitnessToAsk[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-collect-"));
  for (const n of [1, 2, 3]) {
    const signer = await signerOfSeed(`witness.example/w${n}`, 0x04, new Uint8Array(32).fill(10 + n));
    const state = await openWitnessFolder(join(root, `w${n}`));
    const witness = await serveWitness({ state, signer, logs: [log.key], host: "127.0.0.1", port: 0, logger: quiet });
    witnesses.push(witness);
    asked.push({ name: `w${n}`, url: witness.url, vkey: witness.vkey });
  }
});
afterAll(async () => {
  await Promise.all(witnesses.map((witness) => witness.close(0)));
  await rm(root, { recursive: true, force: true });
});

const collect = async (
  size: number,
  from: readonly WitnessToAsk[] = asked,
  more: { timeoutMs?: number; knownSizes?: Map<string, number> } = {},
) =>
  collectCosignatures({
    checkpoint: await log.checkpoint(size),
    proofFrom: (oldSize) => log.proof(oldSize, size),
    witnesses: from,
    timeoutMs: 5_000,
    ...more,
  });

describe("collecting cosignatures", () => {
  test("from all witnesses, wherever each stands, satisfies the policy", async () => {
    // w1 has seen size 4, w2 size 2, w3 nothing.
    await collect(2, asked.slice(0, 2));
    await collect(4, asked.slice(0, 1));
    const { cosignatures, missing } = await collect(11);
    expect(missing).toEqual([]);
    expect(cosignatures.map(({ name }) => name)).toEqual(["w1", "w2", "w3"]);
    const note = addSignatureLines(
      await log.checkpoint(11),
      cosignatures.map(({ line }) => line),
    );
    const policy = parsePolicy(
      `log ${log.vkey}\n${asked.map(({ name, vkey }) => `witness ${name} ${vkey}`).join("\n")}\ngroup g all w1 w2 w3\nquorum g\n`,
    );
    const result = await checkPolicy(note, policy);
    expect(result.quorumHolds).toBe(true);
    expect(result.witnesses.map(({ time }) => time)).toEqual(cosignatures.map(({ time }) => time));
  });

  test("again for the same checkpoint gives cosignatures again", async () => {
    expect((await collect(11)).cosignatures).toHaveLength(3);
  });

  test("remembers where each stands, and needs one request then", async () => {
    const knownSizes = new Map<string, number>();
    await collect(12, asked, { knownSizes });
    expect(knownSizes.get(knownSizeKey(asked[0]!, log.origin))).toBe(12);
    // Wrong knowledge costs a request and no more.
    knownSizes.set(knownSizeKey(asked[0]!, log.origin), 3);
    knownSizes.set(knownSizeKey(asked[1]!, log.origin), 1_000);
    const { cosignatures } = await collect(13, asked, { knownSizes });
    expect(cosignatures).toHaveLength(3);
    expect([...knownSizes.values()]).toEqual([13, 13, 13]);
  });

  test("a log that went back or forked hears it, in a sentence", async () => {
    await collect(20);
    const back = await collect(14);
    expect(back.cosignatures).toEqual([]);
    expect(back.missing[0]).toEqual({
      name: "w1",
      kind: "ahead",
      reason:
        "w1 has cosigned this log at size 20, and was now offered 14: the log went backwards, or two writers sign for it.",
      knownSize: 20,
    });
    const forked = await TestLog.open(log.origin, 1, 300, { from: 5, word: "forked" });
    const fork = await collectCosignatures({
      checkpoint: await forked.checkpoint(25),
      proofFrom: (oldSize) => forked.proof(oldSize, 25),
      witnesses: asked,
      timeoutMs: 5_000,
    });
    expect(fork.missing.map(({ kind }) => kind)).toEqual(["inconsistent", "inconsistent", "inconsistent"]);
    expect(fork.missing[0]!.reason).toMatch(
      /^w1 holds that the tree of 25 does not continue the one that it cosigned \(422\): The proof/,
    );
  });

  test("a witness that does not know the log, or another key of it", async () => {
    const other = await TestLog.open("log.example/other", 3);
    const impostor = await TestLog.open(log.origin, 4);
    for (const [stranger, status] of [
      [other, 404],
      [impostor, 403],
    ] as const) {
      const { missing } = await collectCosignatures({
        checkpoint: await stranger.checkpoint(5),
        proofFrom: (oldSize) => stranger.proof(oldSize, 5),
        witnesses: asked.slice(0, 1),
        timeoutMs: 5_000,
      });
      expect(missing).toMatchObject([{ kind: "refused", reason: expect.stringContaining(`(${status})`) }]);
    }
  });

  test("two writers that move one witness at once both come to an answer", async () => {
    const [one] = asked;
    const sizes = [21, 22, 23, 24, 25, 26];
    const found = await Promise.all(sizes.map((size) => collect(size, [one!])));
    for (const { cosignatures, missing } of found) {
      expect(cosignatures.length + missing.length).toBe(1);
      for (const { kind } of missing) expect(kind).toBe("ahead");
    }
    expect(found.at(-1)!.cosignatures).toHaveLength(1);
  });

  test("a checkpoint that is none is the caller's mistake, a key that is none counts as missing", async () => {
    const options = { proofFrom: async () => [], witnesses: asked, timeoutMs: 100 };
    await expect(collectCosignatures({ ...options, checkpoint: "no note" })).rejects.toThrow(TlogFormatError);
    const { missing } = await collect(30, [{ ...asked[0]!, vkey: "no key" }]);
    expect(missing[0]!.reason).toContain("The key given for w1 cannot be read");
  });

  test("a proof that cannot be made is said, and the others sign", async () => {
    const { cosignatures, missing } = await collectCosignatures({
      checkpoint: await log.checkpoint(40),
      proofFrom: async () => Promise.reject(new Error("The tile tile/0/000.p/11 is missing.")),
      witnesses: asked.slice(0, 1),
      timeoutMs: 5_000,
    });
    expect(cosignatures).toEqual([]);
    expect(missing[0]).toMatchObject({
      kind: "no-proof",
      reason: expect.stringContaining("The tile tile/0/000.p/11 is missing."),
    });
  });
});

describe("witnesses that misbehave", () => {
  async function answering(listener: RequestListener): Promise<{ server: Server; witness: WitnessToAsk }> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return { server, witness: { name: "bad", url: `http://127.0.0.1:${port}/`, vkey: formatVerifierKey(key) } };
  }

  async function missingFrom(
    listener: RequestListener,
    timeoutMs = 5_000,
  ): Promise<{ kind: string; reason: string } | undefined> {
    const { server, witness } = await answering(listener);
    try {
      const { cosignatures, missing } = await collect(50, [witness], { timeoutMs });
      expect(cosignatures).toEqual([]);
      return missing[0];
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const say =
    (status: number, body: string, type = "text/plain"): RequestListener =>
    (request, response) => {
      request.resume();
      response.writeHead(status, { "content-type": type }).end(body);
    };

  test("are said to, each in its way, and none makes the collecting fail", async () => {
    expect(await missingFrom(say(200, ""))).toMatchObject({ kind: "bad-answer" });
    expect(await missingFrom(say(200, "thank you\n"))).toMatchObject({ kind: "bad-answer" });
    expect(await missingFrom(say(200, "x".repeat(70_000)))).toMatchObject({
      reason: "bad answered with more than 65536 bytes.",
    });
    const other = await cosign(text(await log.checkpoint(49)), key, 1_764_000_000);
    expect(await missingFrom(say(200, other))).toMatchObject({
      kind: "bad-answer",
      reason: expect.stringContaining("does not hold"),
    });
    const stranger = await signerOfSeed("witness.example/bad", 0x04, new Uint8Array(32).fill(98));
    const unknown = await cosign(text(await log.checkpoint(50)), stranger, 1_764_000_000);
    expect(await missingFrom(say(200, unknown))).toMatchObject({ kind: "bad-answer" });
    expect(await missingFrom(say(409, "7\n"))).toMatchObject({
      reason: "bad answered 409 without the size that it knows.",
    });
    expect(await missingFrom(say(409, "07\n", "text/x.tlog.size"))).toMatchObject({ kind: "bad-answer" });
    expect(await missingFrom(say(409, "7\n", "text/x.tlog.size"))).toMatchObject({
      reason: "bad kept answering 409, the last time with size 7.",
    });
    expect(await missingFrom(say(503, "busy\n"))).toMatchObject({
      kind: "unreachable",
      reason: "bad answered 503: busy",
    });
    expect(await missingFrom(say(418, ""))).toMatchObject({ kind: "bad-answer", reason: "bad answered 418." });
    const elsewhere = await missingFrom(
      (_, response) => void response.writeHead(307, { location: `${asked[0]!.url}/add-checkpoint` }).end(),
    );
    expect(elsewhere).toMatchObject({ kind: "unreachable" });
    expect(await missingFrom((request) => void request.socket.destroy())).toMatchObject({ kind: "unreachable" });
    let size = 0;
    const climbing: RequestListener = (request, response) => {
      request.resume();
      response.writeHead(409, { "content-type": "text/x.tlog.size" }).end(`${++size}\n`);
    };
    expect(await missingFrom(climbing)).toMatchObject({ reason: "bad kept answering 409, the last time with size 4." });
  });

  test("a silent one costs its time and no more, and the others sign meanwhile", async () => {
    const { server, witness } = await answering((request) => void request.resume());
    const { cosignatures, missing } = await collect(60, [witness, asked[0]!], { timeoutMs: 4_000 });
    expect(cosignatures.map(({ name }) => name)).toEqual(["w1"]);
    expect(missing).toMatchObject([
      { name: "bad", kind: "unreachable", reason: expect.stringContaining("gave no answer within 4000 ms") },
    ]);
    server.closeAllConnections();
    server.close();
  });

  test("who asks can end the asking early", async () => {
    const ending = new AbortController();
    const { server, witness } = await answering((request) => {
      request.resume();
      ending.abort();
    });
    const { missing } = await collectCosignatures({
      checkpoint: await log.checkpoint(60),
      proofFrom: (oldSize) => log.proof(oldSize, 60),
      witnesses: [witness],
      timeoutMs: 60_000,
      signal: ending.signal,
    });
    expect(missing).toMatchObject([
      { kind: "unreachable", reason: `bad (${witness.url}) was not waited for any longer.` },
    ]);
    server.closeAllConnections();
    server.close();
  });

  test("one that is not there is named with its address", async () => {
    const { server, witness } = await answering(() => {});
    await new Promise((resolve) => server.close(resolve));
    const { missing } = await collect(61, [witness]);
    expect(missing[0]!.reason).toContain(`bad (${witness.url}) cannot be reached`);
  });

  test("a good line among others of unknown keys is taken, those are not", async () => {
    const checkpoint = await log.checkpoint(50);
    const good = await cosign(text(checkpoint), key, 1_764_000_000);
    const stranger = await cosign(
      text(checkpoint),
      await signerOfSeed("stranger.example", 0x04, new Uint8Array(32).fill(97)),
      5,
    );
    const { server, witness } = await answering(say(200, stranger + good));
    const { cosignatures } = await collect(50, [witness]);
    expect(cosignatures).toEqual([{ name: "bad", line: good, time: 1_764_000_000 }]);
    server.closeAllConnections();
    server.close();
    expect((await post(asked[0]!.url, "")).status).toBe(400);
  });
});
