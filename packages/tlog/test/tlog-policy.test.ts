import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addSignatureLines,
  checkPolicy,
  cosign,
  formatCheckpoint,
  formatPolicy,
  formatTlogProof,
  formatVerifierKey,
  newSeed,
  parsePolicy,
  parseTlogProof,
  quorumHolds,
  type SignerKey,
  signCheckpoint,
  signerOfSeed,
  TlogFormatError,
  verifyTlogProof,
} from "../src/index.ts";
import { base64, flipBit, leavesOf, NaiveTree, utf8 } from "./naive-tree.ts";

const origin = "log.example/hanoi-2026q4";
const seedOf = (n: number) => new Uint8Array(32).fill(n);
const log = await signerOfSeed(origin, 0x01, seedOf(1));
const witnesses = await Promise.all([2, 3, 4, 5].map((n) => signerOfSeed(`witness.example/w${n}`, 0x04, seedOf(n))));
const vkey = (key: SignerKey) => formatVerifierKey(key);
const [w2, w3, w4, w5] = witnesses as [SignerKey, SignerKey, SignerKey, SignerKey];

const policyText = `# who is trusted
log ${vkey(log)} https://log.example/
witness X1 ${vkey(w2)} https://x1.example/
witness	X2   ${vkey(w3)}
  witness Y1 ${vkey(w4)}
witness Y2 ${vkey(w5)}

group X all X1 X2
group Y any Y1 Y2
group X-and-Y 2 X Y
quorum X-and-Y
`;

const size = 11;
const tree = new NaiveTree(leavesOf(size));
const checkpoint = { origin, size, root: tree.root(size) };
const text = formatCheckpoint(checkpoint);
const cosigned = async (...signers: SignerKey[]) =>
  addSignatureLines(
    await signCheckpoint(checkpoint, log),
    await Promise.all(signers.map((signer, i) => cosign(text, signer, 1_764_000_000 + i))),
  );

describe("a policy", () => {
  test("reads logs, witnesses, groups and quorum, and is written so that it reads the same", () => {
    const policy = parsePolicy(policyText);
    expect(policy.logs.map(({ key, url }) => [key.name, url])).toEqual([[origin, "https://log.example/"]]);
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ["X1", "https://x1.example/"],
      ["X2", undefined],
      ["Y1", undefined],
      ["Y2", undefined],
    ]);
    expect(policy.groups.map(({ threshold, members }) => [threshold, members])).toEqual([
      [2, ["X1", "X2"]],
      [1, ["Y1", "Y2"]],
      [2, ["X", "Y"]],
    ]);
    expect(policy.quorum).toBe("X-and-Y");
    expect(parsePolicy(formatPolicy(policy))).toEqual(policy);
    expect(parsePolicy(utf8(policyText))).toEqual(policy);
  });

  test("may name no log and no witness, but always says what the quorum is", () => {
    expect(parsePolicy("quorum none")).toEqual({ logs: [], witnesses: [], groups: [], quorum: null });
    expect(() => parsePolicy("")).toThrow(
      "The policy has no quorum line; write `quorum none` where no witness is asked for.",
    );
  });

  test("takes many of each", async () => {
    const lines: string[] = [];
    for (let i = 0; i < 40; i++) {
      lines.push(`log ${vkey(await signerOfSeed(`l${i}`, 0x01, newSeed()))}`);
      lines.push(`witness w${i} ${vkey(await signerOfSeed(`k${i}`, 0x04, newSeed()))}`, `group g${i} any w${i}`);
    }
    const all = Array.from({ length: 40 }, (_, i) => `g${i}`).join(" ");
    expect(parsePolicy(`${lines.join("\n")}\ngroup all-of-them 33 ${all}\nquorum all-of-them\n`).groups).toHaveLength(
      41,
    );
  });

  const w = (n: 2 | 3) => vkey(n === 2 ? w2 : w3);
  test.each([
    ["an unknown word", "logs x\nquorum none", 'line 1: it begins with "logs"'],
    ["a quorum of an unknown name", "quorum X", "line 1: X is not a witness or group of a line before."],
    ["a group before its member", `group g any a\nwitness a ${w(2)}\nquorum g`, "line 1: a is not a witness or group"],
    ["two quorums", "quorum none\nquorum none", "line 2: there is a quorum line already."],
    ["a quorum of two", "quorum a b", "the quorum is `quorum <name>` or `quorum none`."],
    ["a name twice", `witness a ${w(2)}\nwitness a ${w(3)}\nquorum a`, "line 2: the name a is already used."],
    ["a key twice", `witness a ${w(2)}\nwitness b ${w(2)}\nquorum a`, "is already that of another witness."],
    ["a log twice", `log ${vkey(log)}\nlog ${vkey(log)}\nquorum none`, "is already that of another log."],
    ["the name none", `witness none ${w(2)}\nquorum none`, "the name none is taken"],
    ["none in a group", `group g any none\nquorum g`, "none is not a witness or group"],
    [
      "a member twice",
      `witness a ${w(2)}\ngroup g any a\ngroup h any a\nquorum g`,
      "a is already a member of a group.",
    ],
    ["a member twice in one group", `witness a ${w(2)}\ngroup g 2 a a\nquorum g`, "a is already a member of a group."],
    ["a group of itself", `group g any g\nquorum g`, "g is not a witness or group"],
    ["a group of nobody", "group g any\nquorum g", "a group is `group <name> all|any|<k> <member>...`."],
    ["none of one", `witness a ${w(2)}\ngroup g 0 a\nquorum g`, 'a group of 1 takes all, any or 1 to 1, not "0".'],
    ["two of one", `witness a ${w(2)}\ngroup g 2 a\nquorum g`, 'a group of 1 takes all, any or 1 to 1, not "2".'],
    ["a log key as witness", `witness a ${vkey(log)}\nquorum a`, "a witness signs with type 0x04 or 0x06."],
    ["a witness without a key", "witness a\nquorum a", "a witness is `witness <name> <vkey> [<url>]`."],
    ["a log with more", `log ${vkey(log)} url more\nquorum none`, "a log is `log <vkey> [<url>]`."],
    ["a damaged key", `log ${vkey(log).replace("+", "x+")}\nquorum none`, "part of it was changed."],
    ["a control character", "quorum none\r\n", "line 1: it contains a control character."],
  ])("refused: %s", (_, policy, reason) => {
    expect(() => parsePolicy(policy)).toThrow(TlogFormatError);
    expect(() => parsePolicy(policy)).toThrow(reason);
  });

  test("bytes that are no text are refused; any text is read or refused in a sentence", () => {
    expect(() => parsePolicy(Uint8Array.of(0xff))).toThrow("The policy is not UTF-8 text.");
    const words = fc.constantFrom(
      "log",
      "witness",
      "group",
      "quorum",
      "any",
      "all",
      "2",
      "a",
      "b",
      "none",
      "#",
      "\n",
      "\t",
      w(2),
      w(3),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (list) => {
        try {
          const policy = parsePolicy(list.join(" "));
          expect(parsePolicy(formatPolicy(policy))).toEqual(policy);
        } catch (error) {
          expect(error).toBeInstanceOf(TlogFormatError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("a name that would change the meaning is not written", () => {
    const policy = parsePolicy(policyText);
    const first = policy.witnesses[0]!;
    for (const url of ["https://x.example/\nquorum none", " "]) {
      expect(() => formatPolicy({ ...policy, witnesses: [{ ...first, url }, ...policy.witnesses.slice(1)] })).toThrow(
        TlogFormatError,
      );
    }
  });
});

describe("a checkpoint held against a policy", () => {
  const policy = parsePolicy(policyText);

  test("the quorum is counted through its groups, whichever witnesses signed", () => {
    const names = policy.witnesses.map(({ name }) => name);
    for (let set = 0; set < 16; set++) {
      const signed = names.filter((_, i) => (set & (1 << i)) !== 0);
      const expected =
        signed.includes("X1") && signed.includes("X2") && (signed.includes("Y1") || signed.includes("Y2"));
      expect(quorumHolds(policy, signed), signed.join()).toBe(expected);
    }
    expect(quorumHolds({ ...policy, quorum: "Y2" }, ["Y2"])).toBe(true);
    expect(quorumHolds({ ...policy, quorum: null }, [])).toBe(true);
  });

  test("says who signed when, who is missing, and whether that is enough", async () => {
    const enough = await checkPolicy(await cosigned(w2, w3, w5), policy);
    expect(enough.witnesses).toEqual([
      { name: "X1", time: 1_764_000_000, latestTime: 1_764_000_000 },
      { name: "X2", time: 1_764_000_001, latestTime: 1_764_000_001 },
      { name: "Y2", time: 1_764_000_002, latestTime: 1_764_000_002 },
    ]);
    expect(enough).toMatchObject({ missing: ["Y1"], quorumHolds: true, log: { name: origin } });
    const few = await checkPolicy(await cosigned(w2, w4), policy);
    expect(few).toMatchObject({ missing: ["X2", "Y2"], quorumHolds: false });
  });

  test("one witness that signed several times counts once, with its first and last time", async () => {
    const result = await checkPolicy(await cosigned(w2, w2, w2), policy);
    expect(result.witnesses).toEqual([{ name: "X1", time: 1_764_000_000, latestTime: 1_764_000_002 }]);
    expect(result.quorumHolds).toBe(false);
  });

  test("a log that the policy does not name counts only if its key is given", async () => {
    const nobody = { ...policy, logs: [] };
    await expect(checkPolicy(await cosigned(w2, w3, w4), nobody)).rejects.toMatchObject({ kind: "other-origin" });
    expect((await checkPolicy(await cosigned(w2, w3, w4), nobody, [log])).quorumHolds).toBe(true);
  });
});

describe("a tlog-proof", () => {
  const index = 6;
  const leaf = leavesOf(size)[index] as Uint8Array;
  const policy = parsePolicy(policyText);

  test("is written as the specification says, with and without extra, and reads back", async () => {
    const path = tree.path(index, size).map((hash) => Uint8Array.from(hash));
    const note = await cosigned(w2, w3, w4);
    const proof = formatTlogProof({ index, path, checkpoint: note });
    expect(proof).toBe(`c2sp.org/tlog-proof@v1\nindex 6\n${path.map((hash) => `${base64(hash)}\n`).join("")}\n${note}`);
    expect(parseTlogProof(proof)).toEqual({ index, path, checkpoint: note });
    const extra = utf8("anything");
    const more = formatTlogProof({ index, path, checkpoint: note, extra });
    expect(more.split("\n")[1]).toBe("extra YW55dGhpbmc=");
    expect(parseTlogProof(utf8(more))).toEqual({ index, path, checkpoint: note, extra });
    const alone = formatTlogProof({ index: 0, path: [], checkpoint: note });
    expect(alone.startsWith("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example")).toBe(true);
  });

  test("every entry of every size to 40 verifies, and for no other leaf or index", async () => {
    const leaves = leavesOf(40);
    const trees = new NaiveTree(leaves);
    const alone = parsePolicy(`log ${vkey(log)}\nquorum none\n`);
    for (let n = 1; n <= 40; n += 3) {
      const note = await signCheckpoint({ origin, size: n, root: trees.root(n) }, log);
      for (let i = 0; i < n; i++) {
        const proof = { index: i, path: trees.path(i, n), checkpoint: note };
        const read = await verifyTlogProof(formatTlogProof(proof), leaves[i] as Uint8Array, alone);
        expect(read).toMatchObject({ index: i, quorumHolds: true, checkpoint: { size: n } });
      }
      const first = { index: 0, path: trees.path(0, n), checkpoint: note };
      await expect(verifyTlogProof(first, leaves[39] as Uint8Array, alone)).rejects.toMatchObject(
        n === 40 ? {} : { kind: "bad-proof" },
      );
      await expect(verifyTlogProof({ ...first, index: 1 }, leaves[0] as Uint8Array, alone)).rejects.toThrow(
        "The proof does not lead",
      );
    }
  });

  test("with every flipped bit of index, hashes, checkpoint text, log signature and the quorum's cosignatures no longer holds", async () => {
    const note = await cosigned(w2, w3, w4);
    const proof = formatTlogProof({ index, path: tree.path(index, size), checkpoint: note });
    expect((await verifyTlogProof(proof, leaf, policy)).quorumHolds).toBe(true);
    const bytes = utf8(proof);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const holds = await verifyTlogProof(flipBit(bytes, bit), leaf, policy).then(
        (read) => read.quorumHolds,
        () => false,
      );
      if (holds)
        expect.fail(`bit ${bit}, in ${JSON.stringify(proof.slice(Math.floor(bit / 8) - 20, Math.floor(bit / 8) + 5))}`);
    }
  });

  const note = `${text}\n— a AAAAAAA=\n`;
  const hash = base64(leaf);
  const header = "c2sp.org/tlog-proof@v1";
  test.each([
    ["another header", `c2sp.org/tlog-proof@v2\nindex 0\n\n${note}`],
    ["no header", `index 0\n\n${note}`],
    ["extra that is no base64", `${header}\nextra !!notbase64!!\nindex 0\n\n${note}`],
    ["extra of nothing", `${header}\nextra \nindex 0\n\n${note}`],
    ["extra behind the index", `${header}\nindex 0\nextra AAAA\n\n${note}`],
    ["no index", `${header}\n\n${note}`],
    ["an index that is no number", `${header}\nindex notanumber\n\n${note}`],
    ["a negative index", `${header}\nindex -5\n\n${note}`],
    ["an index with a zero before it", `${header}\nindex 05\n\n${note}`],
    ["an index above 2^53", `${header}\nindex 18446744073709551615\n\n${note}`],
    ["a hash that is no base64", `${header}\nindex 0\n!!notbase64!!\n\n${note}`],
    ["a hash of 64 bytes", `${header}\nindex 0\n${base64(new Uint8Array(64))}\n\n${note}`],
    ["64 hashes", `${header}\nindex 0\n${`${hash}\n`.repeat(64)}\n${note}`],
    ["no blank line", `${header}\nindex 0\n${hash}\n${text}`],
    ["no checkpoint", `${header}\nindex 0\n${hash}\n\n`],
    ["a checkpoint without signature", `${header}\nindex 0\n${hash}\n\n${text}`],
    ["a note that is no checkpoint", `${header}\nindex 0\n${hash}\n\nhello\n\n— a AAAAAAA=\n`],
    ["two blank lines", `${header}\nindex 0\n${hash}\n\n\n${note}`],
    ["line ends of two characters", `${header}\r\nindex 0\r\n\r\n${note}`],
  ])("refused: %s", (_, proof) => {
    expect(() => parseTlogProof(proof)).toThrow(TlogFormatError);
  });

  test("any text is read and written again the same, or refused", () => {
    const valid = formatTlogProof({ index, path: tree.path(index, size), checkpoint: note });
    const mutated = fc
      .tuple(fc.nat(valid.length), fc.nat(4), fc.string({ maxLength: 3 }))
      .map(([at, cut, put]) => valid.slice(0, at) + put + valid.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string()), (proof) => {
        try {
          expect(formatTlogProof(parseTlogProof(proof))).toBe(proof);
        } catch (error) {
          expect(error).toBeInstanceOf(TlogFormatError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
