import { describe, expect, test } from "vitest";
import { isWhole } from "../src/whole-record.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const headers =
  "NATS/1.0\r\nNats-Batch-Id: a\r\nNats-Batch-Sequence: 1\r\nNats-Expected-Last-Subject-Sequence: 12\r\n\r\n";
const payload =
  "\n\x14\b\x01\x12\x10an event\r\n\r\nof some length, longer than any of its headers are, so that all of them can be taken";

describe("a record whose headers end elsewhere than when it was written", () => {
  const record = headers + payload;
  test("is not whole, wherever that is", () => {
    for (let end = 0; end < record.length; end++) {
      const isTrue = end === headers.length;
      expect(isWhole(bytes(record.slice(0, end)), bytes(record.slice(end))), `headers of ${end} bytes`).toBe(isTrue);
    }
  });

  test("is whole if it never had any", () => {
    expect(isWhole(bytes(""), bytes(payload))).toBe(true);
    expect(isWhole(bytes(""), bytes(""))).toBe(true);
  });
});
