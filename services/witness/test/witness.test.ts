import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock, timestampFromMs } from "@lienthong/chassis";
import {
  addSignatureLines,
  newSeed,
  openCheckpoint,
  parseVerifierKey,
  signCheckpoint,
  signerOfSeed,
  signNote,
} from "@lienthong/tlog";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  createWitness,
  formatAddCheckpoint,
  openWitnessFolder,
  parseAddCheckpoint,
  requestBytesMax,
  type ServedWitness,
  serveWitness,
} from "../src/index.ts";
import { post, quiet, TestLog } from "./test-log.ts";

const log = await TestLog.open();
const second = await TestLog.open("log.example/hue", 2);
const signer = await signerOfSeed("witness.example/w1", 0x04, new Uint8Array(32).fill(7));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-witness-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

let folders = 0;
async function serve(): Promise<ServedWitness & AsyncDisposable> {
  const state = await openWitnessFolder(join(root, `w${folders++}`));
  const served = await serveWitness({
    state,
    signer,
    logs: [log.key, second.key],
    host: "127.0.0.1",
    port: 0,
    logger: quiet,
  });
  return { ...served, [Symbol.asyncDispose]: () => served.close(0) };
}

describe("the witness protocol", () => {
  let witness: ServedWitness & AsyncDisposable;
  beforeEach(async () => {
    witness = await serve();
    return () => witness.close(0);
  });
  const add = (body: string) => post(witness.url, body);
  const latest = (hash = log.hash) => fetch(`${witness.url}/${hash}/checkpoint`);

  test("cosigns a log's first checkpoint and each that continues it, and serves the last with both signatures", async () => {
    expect((await latest()).status).toBe(404);
    const before = Math.floor(Date.now() / 1_000);
    for (const [oldSize, size] of [
      [0, 5],
      [5, 6],
      [6, 6],
      [6, 256],
      [256, 300],
    ] as const) {
      const { status, body, type } = await add(await log.request(oldSize, size));
      expect({ status, type }).toEqual({ status: 200, type: "text/plain; charset=utf-8" });
      const note = addSignatureLines(await log.checkpoint(size), [body]);
      const opened = await openCheckpoint(note, log.key, [parseVerifierKey(witness.vkey)]);
      const [, cosigned] = opened.note.verified;
      expect(cosigned?.time).toBeGreaterThanOrEqual(before);
      const served = await latest();
      expect(served.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(await served.text()).toBe(note);
    }
    expect(await (await fetch(`${witness.url}/${log.hash}/checkpoint`, { method: "HEAD" })).text()).toBe("");
  });

  test("begins with an empty log, which must have the empty root", async () => {
    const wrong = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: await log.checkpoint(0, log.root(1)) });
    expect(await add(wrong)).toMatchObject({ status: 422, body: "A tree of size 0 has the root of the empty tree.\n" });
    expect((await add(await log.request(0, 0))).status).toBe(200);
    expect((await add(await log.request(0, 3))).status).toBe(200);
  });

  test("404 for a log that it does not know", async () => {
    const stranger = await TestLog.open("log.example/other", 3);
    expect(await add(await stranger.request(0, 5))).toMatchObject({ status: 404 });
    expect((await latest(stranger.hash)).status).toBe(404);
  });

  test("403 without a signature of the log, and with a wrong one", async () => {
    const checkpoint = await log.checkpoint(5);
    const impostor = await signCheckpoint(
      { origin: log.origin, size: 5, root: log.root(5) },
      await signerOfSeed(log.origin, 0x01, newSeed()),
    );
    // Signed by a log that the witness knows, under the name of another that it knows.
    const text = checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1);
    const wrong = `${checkpoint.slice(0, -6)}${checkpoint.at(-6) === "A" ? "B" : "A"}${checkpoint.slice(-5)}`;
    for (const each of [impostor, await signNote(text, [second.signer]), wrong]) {
      expect(await add(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: each }))).toMatchObject({
        status: 403,
      });
    }
    const more = addSignatureLines(checkpoint, [impostor.slice(impostor.indexOf("—"))]);
    expect(await add(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: more }))).toMatchObject({ status: 200 });
  });

  test("400 for an old size above the new one, 409 with the size it knows for any other that it is not at", async () => {
    expect(await add(await log.request(6, 5))).toMatchObject({ status: 400 });
    expect(await add(await log.request(3, 5))).toEqual({ status: 409, body: "0\n", type: "text/x.tlog.size" });
    await add(await log.request(0, 8));
    for (const [oldSize, size] of [
      [0, 9],
      [7, 9],
      [9, 9],
      [0, 5],
      [5, 5],
    ] as const) {
      expect(await add(await log.request(oldSize, size))).toEqual({
        status: 409,
        body: "8\n",
        type: "text/x.tlog.size",
      });
    }
  });

  test("422 for a fork: another root at the same size, a larger tree that leaves out what was cosigned, a proof that proves nothing", async () => {
    await add(await log.request(0, 8));
    const forked = await TestLog.open(log.origin, 1, 300, { from: 7, word: "forked" });
    expect(await add(await forked.request(8, 8))).toMatchObject({
      status: 422,
      body: "The witness cosigned another root for size 8: the log has forked.\n",
    });
    expect(await add(await forked.request(8, 20))).toMatchObject({ status: 422 });
    const proof = await log.proof(8, 20);
    const checkpoint = await log.checkpoint(20);
    for (const wrong of [proof.slice(1), [...proof, log.root(1)], proof.toReversed(), []]) {
      expect(await add(formatAddCheckpoint({ oldSize: 8, proof: wrong, checkpoint }))).toMatchObject({ status: 422 });
    }
    // What was refused left no trace.
    expect(await add(await log.request(8, 20))).toMatchObject({ status: 200 });
    const superfluous = formatAddCheckpoint({
      oldSize: 0,
      proof: [log.root(1)],
      checkpoint: await second.checkpoint(4),
    });
    expect(await add(superfluous)).toMatchObject({ status: 422 });
  });

  test("400 for a request that is none", async () => {
    const good = await log.request(0, 5);
    const hash = Buffer.from(log.root(1)).toString("base64");
    for (const body of [
      "",
      "old 0\n",
      good.replace("old 0", "old 00"),
      good.replace("old 0", "old -1"),
      good.replace("old 0", "old 18446744073709551615"),
      good.replace("old 0", "new 0"),
      good.replace("old 0\n", "old 0\nnohash\n"),
      good.replace("old 0\n", `old 0\n${`${hash}\n`.repeat(64)}`),
      good.replaceAll("\n", "\r\n"),
      good.trimEnd(),
      good.replace("\n5\n", "\n05\n"),
      good.slice(0, good.indexOf("—")),
      `old 0\n\n${good.slice(7).replace(`${log.origin}\n`, "\n")}`,
    ]) {
      expect(await add(body), body).toMatchObject({ status: 400 });
    }
    expect(await post(witness.url, Uint8Array.of(0xff, 0xfe))).toMatchObject({
      status: 400,
      body: "The request is not UTF-8 text.\n",
    });
  });

  test("of many that come at once for one log, the answers are those of some order, and the last kept is the largest cosigned", async () => {
    await add(await log.request(0, 1));
    const requests = await Promise.all(Array.from({ length: 40 }, (_, i) => log.request(1, 2 + i)));
    const answers = await Promise.all(requests.map(add));
    // All start from size 1, so exactly one can move it; the others learn where it stands.
    const cosigned = answers.flatMap(({ status }, i) => (status === 200 ? [2 + i] : []));
    expect(cosigned).toHaveLength(1);
    for (const { status, body } of answers)
      if (status !== 200) expect({ status, body }).toEqual({ status: 409, body: `${cosigned[0]}\n` });
    expect((await (await latest()).text()).split("\n")[1]).toBe(String(cosigned[0]));
    // Another log goes on by itself.
    expect(await add(await second.request(0, 9))).toMatchObject({ status: 200 });
  });
});

describe("the server", () => {
  test("knows two paths and their methods", async () => {
    await using witness = await serve();
    const status = async (path: string, method = "GET") => (await fetch(`${witness.url}${path}`, { method })).status;
    expect(await status("/")).toBe(404);
    expect(await status("/add-checkpoint")).toBe(405);
    expect(await status("/add-checkpoint/", "POST")).toBe(404);
    expect(await status(`/${log.hash}/checkpoint`, "POST")).toBe(405);
    expect(await status(`/${log.hash.toUpperCase()}/checkpoint`)).toBe(404);
    expect(await status(`/${encodeURIComponent(log.origin)}/checkpoint`)).toBe(404);
    expect(await status(`/../${log.hash}/checkpoint`)).toBe(404);
  });

  test("refuses bodies that are too long, told before or not, and goes on", async () => {
    await using witness = await serve();
    expect((await post(witness.url, "x".repeat(requestBytesMax + 1))).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 6; i++) controller.enqueue(Buffer.alloc(64 * 1_024, "x"));
        controller.close();
      },
    });
    const chunked = await fetch(`${witness.url}/add-checkpoint`, {
      method: "POST",
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect((await post(witness.url, await log.request(0, 5))).status).toBe(200);
  });

  test("does not wait for ever for a request that comes slowly", async () => {
    await using witness = await serve();
    const socket = connect(Number(new URL(witness.url).port), "127.0.0.1");
    const ended = Promise.withResolvers<string>();
    let said = "";
    socket.on("data", (bytes) => {
      said += bytes.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => ended.resolve(said));
    socket.write("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\n");
    expect(await ended.promise).toContain("408");
  });

  test("ends in good order: what is under way is answered, nothing new is taken, the folder is free", async () => {
    const folder = join(root, "drained");
    const served = await serveWitness({
      state: await openWitnessFolder(folder),
      signer,
      logs: [log.key],
      host: "127.0.0.1",
      port: 0,
      logger: quiet,
    });
    const { url } = served;
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const body = await log.request(0, 5);
    const answered = new Promise<string>((resolve) => {
      let said = "";
      socket.on("data", (bytes) => {
        said += bytes.toString("utf8");
      });
      socket.on("close", () => resolve(said));
    });
    // Half of a request is there when the end begins.
    await new Promise<void>((resolve) =>
      socket.write(
        `POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, 40)}`,
        () => resolve(),
      ),
    );
    await expect(fetch(`${url}/`)).resolves.toMatchObject({ status: 404 });
    const closed = served.close(10_000);
    socket.write(body.slice(40));
    expect(await answered).toContain("HTTP/1.1 200");
    await closed;
    await expect(fetch(url)).rejects.toThrow();
    (await openWitnessFolder(folder)).release();
  });
});

describe("the witness's clock", () => {
  test("set back a little, the times stand still; set back far, it stops cosigning and says so", async () => {
    const state = await openWitnessFolder(join(root, "clock"));
    let offsetMs = 0;
    const base = new SimulatedClock(timestampFromMs(1_764_000_000_000), () => 0);
    const clock = { now: () => timestampFromMs(base.nowMs() + offsetMs), nowMs: () => base.nowMs() + offsetMs };
    const witness = await createWitness({ signer, logs: [log.key], state, clock });
    const timeOf = async (oldSize: number, size: number) => {
      const { status, body } = await witness.addCheckpoint(await log.request(oldSize, size));
      if (status !== 200) return body;
      const opened = await openCheckpoint(addSignatureLines(await log.checkpoint(size), [body]), log.key, [signer]);
      return opened.note.verified[1]?.time;
    };
    expect(await timeOf(0, 1)).toBe(1_764_000_000);
    offsetMs = -30_000;
    expect(await timeOf(1, 2)).toBe(1_764_000_000);
    offsetMs = -61_000;
    expect(await timeOf(2, 3)).toBe(
      `The witness's clock stands 61 s before its last cosignature of ${log.origin}; set it right.\n`,
    );
    offsetMs = 5_000;
    expect(await timeOf(2, 3)).toBe(1_764_000_005);
    state.release();
  });
});

describe("the body of a request", () => {
  test("reads back what was written", async () => {
    const checkpoint = await log.checkpoint(300);
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 }),
        (oldSize, hashes) => {
          const proof = hashes.map((hash) => Uint8Array.from(hash));
          expect(parseAddCheckpoint(formatAddCheckpoint({ oldSize, proof, checkpoint }))).toEqual({
            oldSize,
            proof,
            checkpoint,
          });
        },
      ),
    );
  });
});
