import { describe, expect, test } from "vitest";
import { PageTokens } from "../src/index.ts";

const key = new Uint8Array(32).fill(7);
const question = new TextEncoder().encode("ListTrail\nH26-250505-0001");

describe("page tokens", () => {
  test("give back where a page ended, to the same question alone", () => {
    const tokens = new PageTokens(key);
    const token = tokens.seal(question, ["hanoi", 17, "0.1"]);
    expect(tokens.open(question, token)).toEqual(["hanoi", 17, "0.1"]);
    expect(tokens.open(question, "")).toBeNull();
    expect(() => tokens.open(new TextEncoder().encode("ListTrail\nH26-250505-0002"), token)).toThrow(
      expect.objectContaining({ reason: "FIELD_INVALID", field: "page_token" }),
    );
  });

  test("show nothing of what they say, and differ each time", () => {
    const tokens = new PageTokens(key);
    const token = tokens.seal(question, ["hanoi", 17, "0.1"]);
    expect(Buffer.from(token, "base64url").toString("latin1")).not.toContain("hanoi");
    expect(tokens.seal(question, ["hanoi", 17, "0.1"])).not.toBe(token);
  });

  test("are refused with any bit flipped, cut, spelled otherwise, made up, or of another key", () => {
    const tokens = new PageTokens(key);
    const token = tokens.seal(question, ["hanoi", 17, "0.1"]);
    const bytes = Buffer.from(token, "base64url");
    const forged: string[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      forged.push(flipped.toString("base64url"));
    }
    for (let length = 1; length < bytes.length; length++) forged.push(bytes.subarray(0, length).toString("base64url"));
    forged.push(`${token}=`, `${token} `, bytes.toString("hex"), "AAAA", "' or 1=1 --", "x".repeat(10_000));
    forged.push(new PageTokens(new Uint8Array(32).fill(8)).seal(question, ["hanoi", 17, "0.1"]));
    for (const each of forged) {
      expect(() => tokens.open(question, each), each).toThrow(expect.objectContaining({ reason: "FIELD_INVALID" }));
    }
  });
});
