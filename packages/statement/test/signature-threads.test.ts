import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import {
  generateSigningKey,
  importVerifyingKey,
  payloadTypes,
  preAuthenticationEncoding,
  signPayload,
  verifyPayload,
} from "../src/index.ts";
import {
  readSignatureBatch,
  type SignedMessage,
  type SignedPayload,
  writeSignatureBatch,
} from "../src/signature-batch.ts";
import { SignatureThreads } from "../src/signature-threads.ts";

const type = payloadTypes.statement;
const run = promisify(execFile);

function signedPayloads(count: number): SignedPayload[] {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const point = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return Array.from({ length: count }, () => {
    const payload = randomBytes(1 + Math.floor(Math.random() * 2_000));
    return { point, type, payload, signature: sign(null, preAuthenticationEncoding(type, payload), privateKey) };
  });
}

test("many at once: each signature gets its own verdict", async () => {
  const key = generateSigningKey("ed25519");
  const verifying = importVerifyingKey(key.algorithm, key.publicKey);
  const isBad = (index: number) => index % 7 === 3;
  const verdicts = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => {
      const payload = randomBytes(index);
      const signature = Uint8Array.from(signPayload(key, type, payload));
      if (isBad(index)) signature.set([(signature[index % 64] as number) ^ 1], index % 64);
      return verifyPayload(verifying, type, payload, signature);
    }),
  );
  expect(verdicts).toEqual(verdicts.map((_, index) => !isBad(index)));
});

test("a batch is read as it was written, in new memory and in memory that held a larger one", () => {
  const signed = signedPayloads(40);
  const messages = signed.map(({ point, type, payload, signature }) => ({
    point,
    message: preAuthenticationEncoding(type, payload),
    signature,
  }));
  const whole = writeSignatureBatch(signed, undefined);
  const plain = (messages: Iterable<SignedMessage>) =>
    [...messages].map(({ point, message, signature }) =>
      [point, message, signature].map((bytes) => Buffer.from(bytes)),
    );
  expect(plain(readSignatureBatch(whole))).toEqual(plain(messages));
  const smaller = writeSignatureBatch(signed.slice(5, 9), whole.memory);
  expect(smaller.memory).toBe(whole.memory);
  expect(plain(readSignatureBatch(smaller))).toEqual(plain(messages.slice(5, 9)));
});

test("a few need no thread, and threads that cannot start leave no signature without a verdict", async () => {
  const threads = new SignatureThreads(new URL("./no-such-thread.ts", import.meta.url));
  const otherwise: SignedPayload[] = [];
  const verify = (signed: readonly SignedPayload[]) =>
    Promise.all(signed.map((each) => threads.verify(each, async () => otherwise.push(each) > 0)));
  const few = signedPayloads(3);
  await verify(few);
  expect(otherwise).toEqual(few);
  const many = signedPayloads(300);
  await verify(many);
  expect(new Set(otherwise)).toEqual(new Set([...few, ...many]));
  await verify(few);
  expect(otherwise.slice(-3)).toEqual(few);
});

// 20 fill one batch and leave the other threads without work.
test.each([1, 20, 64, 200])(
  "a process ends by itself after its last verdict, and not before: %i signatures",
  async (count) => {
    const process = fileURLToPath(new URL("./verify-many-process.ts", import.meta.url));
    const { stdout } = await run(execPath, [process, String(count)], { timeout: 20_000 });
    expect(stdout).toBe(".".repeat(count));
  },
);
