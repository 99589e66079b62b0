import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addSignatureLines,
  cosign,
  emptyRoot,
  formatCheckpoint,
  newSeed,
  openCheckpoint,
  openCheckpointOf,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  signatureType,
  signCheckpoint,
  signerOfSeed,
  signNote,
  TlogFormatError,
  verifierKey,
  verifyCosignature,
} from "../src/index.ts";
import { base64, flipBit, leavesOf, utf8 } from "./naive-tree.ts";

const root = leavesOf(1)[0] as Uint8Array;
const origin = "log.example/hanoi-2026q4";
const logSigner = await signerOfSeed(origin, 0x01, new Uint8Array(32).fill(1));
const witness = await signerOfSeed("witness.example/w1", 0x04, new Uint8Array(32).fill(2));

describe("the text of a checkpoint", () => {
  test("is three lines, and reads back", () => {
    const text = formatCheckpoint({ origin, size: 70_000, root });
    expect(text).toBe(`${origin}\n70000\n${base64(root)}\n`);
    expect(parseCheckpoint(text)).toEqual({ origin, size: 70_000, root, extensions: [] });
    expect(parseCheckpoint(`${text}more\nand more\n`).extensions).toEqual(["more", "and more"]);
    expect(formatCheckpoint({ origin, size: 2 ** 53 - 1, root })).toContain("\n9007199254740991\n");
  });

  test.each([
    ["two lines", `${origin}\n1\n`],
    ["no line end", `${origin}\n1\n${base64(root)}`],
    ["an empty origin", `\n1\n${base64(root)}\n`],
    ["a leading zero", `${origin}\n01\n${base64(root)}\n`],
    ["a sign", `${origin}\n+1\n${base64(root)}\n`],
    ["a space", `${origin}\n1 \n${base64(root)}\n`],
    ["hexadecimal", `${origin}\n0x1\n${base64(root)}\n`],
    ["a fraction", `${origin}\n1.5\n${base64(root)}\n`],
    ["an exponent", `${origin}\n1e3\n${base64(root)}\n`],
    ["other digits", `${origin}\n١\n${base64(root)}\n`],
    ["a size above 2^53 - 1", `${origin}\n9007199254740992\n${base64(root)}\n`],
    ["a size of 20 digits", `${origin}\n18446744073709551615\n${base64(root)}\n`],
    ["a short root", `${origin}\n1\n${base64(root.subarray(1))}\n`],
    ["a root without padding", `${origin}\n1\n${base64(root).slice(0, -1)}\n`],
    ["a root with bits behind its last byte", `${origin}\n1\n${base64(root).slice(0, -2)}B=\n`],
    ["an empty extension line", `${origin}\n1\n${base64(root)}\n\n`],
  ])("refused: %s", (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(TlogFormatError);
  });

  test("any text reads back the same or is refused", () => {
    const near = fc
      .tuple(fc.string(), fc.oneof(fc.nat().map(String), fc.string()), fc.uint8Array({ minLength: 31, maxLength: 33 }))
      .map(([a, b, c]) => `${a}\n${b}\n${base64(c)}\n`);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        try {
          const { extensions, ...checkpoint } = parseCheckpoint(text);
          expect(formatCheckpoint(checkpoint) + extensions.map((line) => `${line}\n`).join("")).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TlogFormatError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("what would not read back is not written", () => {
    for (const wrong of [
      { origin: "a\nb", size: 1, root },
      { origin: "", size: 1, root },
      { origin, size: 1.5, root },
      { origin, size: -1, root },
      { origin, size: 2 ** 53, root },
      { origin, size: 1, root: root.subarray(1) },
    ]) {
      expect(() => formatCheckpoint(wrong)).toThrow(TlogFormatError);
    }
  });
});

describe("a signed checkpoint", () => {
  test("opens with the key of its log and no other", async () => {
    const note = await signCheckpoint({ origin, size: 0, root: emptyRoot }, logSigner);
    expect(await openCheckpoint(note, logSigner)).toMatchObject({
      origin,
      size: 0,
      root: Uint8Array.from(emptyRoot),
      extensions: [],
    });
    const sameOrigin = await signerOfSeed(origin, 0x01, newSeed());
    await expect(openCheckpoint(note, sameOrigin)).rejects.toMatchObject({ kind: "no-known-signature" });
    const other = await signerOfSeed("other.example", 0x01, newSeed());
    await expect(openCheckpoint(note, other)).rejects.toMatchObject({ kind: "other-origin" });
    expect((await openCheckpointOf(note, [other, logSigner])).origin).toBe(origin);
  });

  test("of one log cannot be signed with the key of another, nor pass for its own", async () => {
    const other = await signerOfSeed("other.example", 0x01, newSeed());
    await expect(signCheckpoint({ origin, size: 1, root }, other)).rejects.toThrow(
      `The key of other.example cannot sign for the log ${origin}.`,
    );
    // Both logs are trusted, and one of them signs under the other's name.
    const note = await signNote(formatCheckpoint({ origin, size: 1, root }), [other]);
    await expect(openCheckpointOf(note, [logSigner, other])).rejects.toMatchObject({ kind: "no-known-signature" });
  });

  test("with every flipped bit of text and log signature fails", async () => {
    const bytes = utf8(await signCheckpoint({ origin, size: 257, root }, logSigner));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      await expect(openCheckpoint(flipBit(bytes, bit), logSigner)).rejects.toThrow();
    }
  });
});

describe("cosignatures", () => {
  const text = formatCheckpoint({ origin, size: 257, root });

  test("state a time that they cover", async () => {
    const line = await cosign(text, witness, 1_764_000_000);
    const { verified } = await openNote(`${text}\n${line}`, [witness]);
    expect(verified.map(({ name, time }) => ({ name, time }))).toEqual([{ name: witness.name, time: 1_764_000_000 }]);
    const note = addSignatureLines(await signCheckpoint({ origin, size: 257, root }, logSigner), [line]);
    expect((await openCheckpoint(note, logSigner, [witness])).note.verified).toHaveLength(2);
    expect((await openCheckpoint(note, logSigner)).note.unknown).toHaveLength(1);
  });

  test("fail with every flipped bit of the text, the time and the signature", async () => {
    const { signature } = parseNote(`${text}\n${await cosign(text, witness, 1_764_000_000)}`).signatures[0]!;
    expect(await verifyCosignature(text, witness, signature)).toBe(1_764_000_000);
    for (let bit = 0; bit < signature.length * 8; bit++) {
      expect(await verifyCosignature(text, witness, flipBit(signature, bit))).toBeNull();
    }
    const bytes = utf8(text);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(flipBit(bytes, bit)).toString("utf8");
      expect(await verifyCosignature(changed, witness, signature)).toBeNull();
    }
    for (const length of [0, 7, 8, 71]) {
      expect(await verifyCosignature(text, witness, signature.subarray(0, length))).toBeNull();
    }
  });

  test("are made only over checkpoints, with a time and a cosigner's key", async () => {
    await expect(cosign("no checkpoint\n", witness, 1)).rejects.toThrow("A checkpoint has at least three lines");
    for (const time of [0, -1, 1.5, Number.NaN, 2 ** 53])
      await expect(cosign(text, witness, time)).rejects.toThrow(TlogFormatError);
    await expect(cosign(text, logSigner, 1)).rejects.toThrow(
      `The key of ${origin} has the type 0x01; a cosigner's has the type 0x04.`,
    );
  });

  test("a signature of the same key over the text alone is no cosignature, and the other way round", async () => {
    const plain = await signerOfSeed(witness.name, 0x01, new Uint8Array(32).fill(2));
    const line = parseNote(await signNote(text, [plain])).signatures[0]!;
    expect(await verifyCosignature(text, witness, line.signature)).toBeNull();
    expect(await verifyCosignature(text, plain, line.signature)).toBeNull();
    // The same public key has another id under another type, so such a line is one of an unknown key.
    expect(plain.keyId).not.toBe(witness.keyId);
  });

  const published = JSON.parse(
    readFileSync(new URL("vectors/public-checkpoints.json", import.meta.url), "utf8"),
  ).checkpoints;

  test("of a public witness with Ed25519 verify, beside the log's own signature", async () => {
    const { checkpoint, logKey, witnessKey } = published[0];
    const opened = await openCheckpoint(checkpoint, parseVerifierKey(logKey), [parseVerifierKey(witnessKey)]);
    expect(opened.size).toBe(1_432_088_532);
    expect(opened.note.verified.map(({ name, time }) => [name, time])).toEqual([
      ["arche2025h1.staging.ct.transparency.dev", undefined],
      ["remora.n621.de", 0x6a122120],
    ]);
    expect(opened.note.unknown).toHaveLength(4);
    const changed = checkpoint.replace("1432088532", "1432088533");
    await expect(openNote(changed, [parseVerifierKey(witnessKey)])).rejects.toMatchObject({ kind: "bad-signature" });
  });

  test("of a public witness with ML-DSA-44 verify", async () => {
    const { checkpoint, witnessKey } = published[1];
    const key = parseVerifierKey(witnessKey);
    expect(key.type).toBe(signatureType.mlDsa44);
    const { text: cosigned, verified } = await openNote(checkpoint, [key]);
    expect(verified.map(({ time }) => time)).toEqual([0x6a6fb0f3]);
    for (const changed of [cosigned.replace("185550722", "185550723"), cosigned.replace("coach", "roach")]) {
      expect(await verifyCosignature(changed, key, verified[0]!.signature)).toBeNull();
    }
    for (const bit of [0, 63, 64, 10_000, 2_427 * 8 + 7]) {
      expect(await verifyCosignature(cosigned, key, flipBit(verified[0]!.signature, bit))).toBeNull();
    }
    const renamed = verifierKey("witness.example", signatureType.mlDsa44, key.publicKey);
    expect(await verifyCosignature(cosigned, renamed, verified[0]!.signature)).toBeNull();
  });
});
