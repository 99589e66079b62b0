import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { realClock } from "@lienthong/chassis";
import { openCheckpoint, parseVerifierKey, signerOfSeed } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  collectCosignatures,
  createWitness,
  openWitnessFolder,
  openWitnessKey,
  type Witness,
  WitnessError,
  type WitnessFolder,
  type WitnessReport,
} from "../src/index.ts";
import { post, TestLog } from "./test-log.ts";

const log = await TestLog.open();
const signer = await signerOfSeed("witness.example/w1", 0x04, new Uint8Array(32).fill(7));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-witness-state-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function open(
  folder: string,
  logs = [log.key],
  key = signer,
): Promise<{ witness: Witness; state: WitnessFolder }> {
  const state = await openWitnessFolder(folder);
  try {
    return { witness: await createWitness({ signer: key, logs, state, clock: realClock }), state };
  } catch (error) {
    state.release();
    throw error;
  }
}

/** A folder in which the log was cosigned at size 8. */
async function cosignedFolder(name: string): Promise<{ folder: string; file: string }> {
  const folder = join(root, name);
  const { witness, state } = await open(folder);
  expect((await witness.addCheckpoint(await log.request(0, 8))).status).toBe(200);
  state.release();
  return { folder, file: join(folder, `${log.hash}.checkpoint`) };
}

describe("what a witness remembers", () => {
  test("survives a restart: the next checkpoint must continue the one before", async () => {
    const { folder } = await cosignedFolder("restart");
    const { witness, state } = await open(folder);
    expect(await witness.addCheckpoint(await log.request(0, 9))).toMatchObject({ status: 409, body: "8\n" });
    const forked = await TestLog.open(log.origin, 1, 300, { from: 7, word: "forked" });
    expect((await witness.addCheckpoint(await forked.request(8, 9))).status).toBe(422);
    expect((await witness.addCheckpoint(await log.request(8, 9))).status).toBe(200);
    expect(witness.checkpoint(log.hash)?.split("\n")[1]).toBe("9");
    state.release();
  });

  test("is kept from others: one process per folder, files that only the owner reads", async () => {
    const { folder, file } = await cosignedFolder("owned");
    const { state } = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({ reason: "FOLDER_IN_USE" });
    expect((await stat(file)).mode & 0o077).toBe(0);
    state.release();
    (await open(folder)).state.release();
  });

  test("is noticed with any bit of it flipped, cut short or of another log", async () => {
    const { folder, file } = await cosignedFolder("flipped");
    const good = await readFile(file);
    const expectRefused = async (bytes: Uint8Array, what: string) => {
      await writeFile(file, bytes);
      const error = await open(folder).then(
        ({ state }) => {
          state.release();
          expect.fail(`accepted: ${what}`);
        },
        (thrown: unknown) => thrown,
      );
      expect(error, what).toMatchObject({ reason: "STATE_DAMAGED" });
      expect((error as Error).message).toContain(`${log.hash}.checkpoint`);
    };
    for (let bit = 0; bit < good.length * 8; bit += 3) {
      const flipped = Buffer.from(good);
      flipped[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
      await expectRefused(flipped, `bit ${bit}`);
    }
    for (const length of [0, 1, good.length - 1, good.indexOf("—")])
      await expectRefused(good.subarray(0, length), `cut at ${length}`);
    const other = await TestLog.open("log.example/hue", 2);
    const { folder: otherFolder } = await (async () => {
      const { witness, state } = await open(join(root, "other"), [other.key]);
      await witness.addCheckpoint(await other.request(0, 8));
      state.release();
      return { folder: join(root, "other") };
    })();
    await expectRefused(await readFile(join(otherFolder, `${other.hash}.checkpoint`)), "another log's");
    await writeFile(file, good);
    (await open(folder)).state.release();
  });

  test("is missed when its file is gone, and noticed when the list of logs is damaged", async () => {
    const { folder, file } = await cosignedFolder("gone");
    const origins = join(folder, "origins");
    expect(await readFile(origins, "utf8")).toBe(`${log.hash}\n`);
    const note = await readFile(file);
    await rm(file);
    const error = await open(folder).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ reason: "STATE_MISSING" });
    expect((error as Error).message).toContain("without it the witness could not tell a fork");
    await writeFile(file, note);
    await writeFile(origins, `${log.hash.slice(1)}\n`);
    await expect(open(folder)).rejects.toMatchObject({ reason: "LIST_DAMAGED" });
    // The way back: the log kept what the witness cosigned.
    await writeFile(origins, `${log.hash}\n`);
    await rm(file);
    await expect(open(folder)).rejects.toMatchObject({ reason: "STATE_MISSING" });
    await writeFile(file, note);
    (await open(folder)).state.release();
    // A crash after the first note of a log and before its name in the list.
    await rm(origins);
    (await open(folder)).state.release();
    expect(await readFile(origins, "utf8")).toBe(`${log.hash}\n`);
  });

  test("is not that of another witness key, nor of a log whose key is not named any more", async () => {
    const { folder } = await cosignedFolder("keys");
    const otherWitness = await signerOfSeed("witness.example/w2", 0x04, new Uint8Array(32).fill(8));
    await expect(open(folder, [log.key], otherWitness)).rejects.toMatchObject({ reason: "STATE_DAMAGED" });
    const newKey = await signerOfSeed(log.origin, 0x01, new Uint8Array(32).fill(9));
    await expect(open(folder, [newKey])).rejects.toThrow("if the log changed its key, name the earlier one too");
    (await open(folder, [newKey, log.key])).state.release();
  });

  test("a witness needs the key of at least one log, and only keys of logs", async () => {
    await expect(open(join(root, "none"), [])).rejects.toMatchObject({ reason: "LOG_KEYS_UNUSABLE" });
    await expect(open(join(root, "wrong"), [signer])).rejects.toThrow("a log's has the type 0x01");
  });
});

describe("a log that signs two roots for one size", () => {
  test("is refused, and both checkpoints are kept as a proof that verifies by itself, once", async () => {
    const folder = join(root, "forked");
    const state = await openWitnessFolder(folder);
    const told: WitnessReport[] = [];
    const witness = await createWitness({
      signer,
      logs: [log.key],
      state,
      clock: realClock,
      report: (event) => void told.push(event),
    });
    await witness.addCheckpoint(await log.request(0, 8));
    const forked = await TestLog.open(log.origin, 1, 300, { from: 7, word: "forked" });
    const forkedAgain = await TestLog.open(log.origin, 1, 300, { from: 7, word: "again" });
    for (const each of [forked, forkedAgain, forked]) {
      expect(await witness.addCheckpoint(await each.request(8, 8))).toMatchObject({ status: 422 });
    }
    const file = join(folder, `${log.hash}.fork-8.json`);
    expect(told.filter(({ kind }) => kind === "forked").map(({ fork }) => fork)).toEqual([file, file, file]);
    const proof = JSON.parse(await readFile(file, "utf8"));
    const [cosigned, refused] = [
      await openCheckpoint(proof.cosigned, log.key),
      await openCheckpoint(proof.refused, log.key),
    ];
    expect([cosigned.size, refused.size]).toEqual([8, 8]);
    expect(cosigned.root).toEqual(Uint8Array.from(log.root(8)));
    expect(refused.root).toEqual(Uint8Array.from(forked.root(8)));
    // A fork at a larger size shows only in that nothing proves it, which anybody can send: told, not kept.
    expect(await witness.addCheckpoint(await forked.request(8, 20))).toMatchObject({ status: 422 });
    expect(told.at(-1)).toMatchObject({ kind: "unproven", size: 20 });
    expect((await readdir(folder)).filter((name) => name.includes("fork"))).toHaveLength(1);
    state.release();
    // It does not stand in the way of going on.
    const { witness: again, state: reopened } = await open(folder);
    expect((await again.addCheckpoint(await log.request(8, 9))).status).toBe(200);
    reopened.release();
  });
});

describe("a write that fails", () => {
  test.each(["lost", "landed"] as const)(
    "and is %s: the answer is 500, and the next request finds out which",
    async (fate) => {
      const folder = join(root, `fails-${fate}`);
      const state = await openWitnessFolder(folder);
      let fails = false;
      const witness = await createWitness({
        signer,
        logs: [log.key],
        clock: realClock,
        state: {
          ...state,
          async keep(origin, note) {
            if (fails && fate === "lost") throw new Error("no space left on the device");
            await state.keep(origin, note);
            if (fails) throw new Error("no answer from the device");
          },
        },
      });
      await witness.addCheckpoint(await log.request(0, 4));
      fails = true;
      expect(await witness.addCheckpoint(await log.request(4, 8))).toMatchObject({
        status: 500,
        body: "The cosignature could not be kept.\n",
      });
      expect(witness.checkpoint(log.hash)?.split("\n")[1]).toBe("4");
      fails = false;
      const forked = await TestLog.open(log.origin, 1, 300, { from: 7, word: "forked" });
      if (fate === "lost") {
        // Nobody has a cosignature of 8, so another 8 is no fork yet.
        expect((await witness.addCheckpoint(await forked.request(4, 8))).status).toBe(200);
      } else {
        expect(await witness.addCheckpoint(await forked.request(4, 8))).toMatchObject({ status: 409, body: "8\n" });
        expect((await witness.addCheckpoint(await forked.request(8, 8))).status).toBe(422);
        expect((await witness.addCheckpoint(await log.request(8, 8))).status).toBe(200);
      }
      state.release();
    },
  );
});

describe("a witness that is killed", () => {
  const program = new URL("witness-process.ts", import.meta.url).pathname;

  async function start(
    folder: string,
    dies: "lost" | "landed" | "never",
  ): Promise<{ url: string; vkey: string; child: ChildProcess }> {
    const child = spawn(process.execPath, [program, folder, join(folder, "key"), log.vkey, dies], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), "line"),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`the witness ended with ${code}`))),
    ])) as [string];
    const [url, vkey] = line.split(" ") as [string, string];
    return { url, vkey, child };
  }

  test.each(["lost", "landed"] as const)(
    "at its write, which is %s, goes on from what is on the disk",
    async (fate) => {
      const folder = join(root, `killed-${fate}`);
      const steady = await start(folder, "never");
      expect((await post(steady.url, await log.request(0, 5))).status).toBe(200);
      const exited = once(steady.child, "exit");
      steady.child.kill("SIGKILL");
      await exited;

      const dying = await start(folder, fate);
      const died = once(dying.child, "exit");
      await expect(post(dying.url, await log.request(5, 9))).rejects.toThrow();
      expect((await died)[1]).toBe("SIGKILL");

      const again = await start(folder, "never");
      expect(again.vkey).toBe(steady.vkey);
      const forked = await TestLog.open(log.origin, 1, 300, { from: 8, word: "forked" });
      const verdict = await post(again.url, await forked.request(5, 9));
      expect(verdict.status).toBe(fate === "lost" ? 200 : 409);
      if (fate === "landed") {
        // The log that lost the answer asks as ever, and gets its cosignature.
        const { cosignatures } = await collectCosignatures({
          checkpoint: await log.checkpoint(9),
          proofFrom: (oldSize) => log.proof(oldSize, 9),
          witnesses: [{ name: "w", url: again.url, vkey: again.vkey }],
          timeoutMs: 5_000,
        });
        expect(cosignatures).toHaveLength(1);
      }
      const ended = once(again.child, "exit");
      again.child.kill("SIGKILL");
      await ended;
    },
    30_000,
  );
});

describe("a witness's key", () => {
  test("is made once, for its owner only, and stays", async () => {
    const file = join(root, "keys-made", "witness.key");
    const made = await openWitnessKey(file, null, "witness.example/made");
    expect(made).toMatchObject({ name: "witness.example/made", type: 0x04 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, "keys-made"))).toEqual(["witness.key"]);
    expect((await openWitnessKey(file, null, "another default")).keyId).toBe(made.keyId);
    expect((await openWitnessKey(file, "witness.example/made", "d")).keyId).toBe(made.keyId);
    await expect(openWitnessKey(file, "witness.example/other", "d")).rejects.toMatchObject({
      reason: "KEY_OF_ANOTHER_NAME",
    });
    const copy = join(root, "copy.key");
    await cp(file, copy);
    const text = await readFile(copy, "utf8");
    await writeFile(copy, text.replace("+witness.example/made+", "+witness.example/mode+"));
    await expect(openWitnessKey(copy, null, "d")).rejects.toMatchObject({ reason: "KEY_UNREADABLE" });
    await writeFile(copy, parseVerifierKey(log.vkey).name);
    const error = await openWitnessKey(copy, null, "d").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WitnessError);
    await expect(openWitnessKey(join(root, "new.key"), "two words", "d")).rejects.toThrow(
      '"two words" cannot name a witness',
    );
  });
});
