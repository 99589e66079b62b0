import { readFileSync } from "node:fs";
import { ErrorReason } from "@lienthong/contracts/exchange/v1/error_reason";
import { describe, expect, it } from "vitest";
import { ERROR_CATALOGUE, fillText, GRPC_CODE, REASON_NAMES, type Retry, slotsOf } from "../src/status.ts";

const root = new URL("../../../", import.meta.url);
const proto = readFileSync(new URL("proto/lienthong/exchange/v1/error_reason.proto", root), "utf8");
const page = readFileSync(new URL("docs/errors.md", root), "utf8");

/** Code and retry word that the comment before each enum value names. */
const commented = [
  ...proto.matchAll(/\/\/ ([A-Z_]+)((?:, retry[a-z ]*)?): [^\n]*\n(?:\s*\/\/[^\n]*\n)*\s*ERROR_REASON_(\w+) =/g),
].map(([, code, retry, name]): [string, string | undefined, Retry] => [
  name ?? "",
  code,
  retry === "" ? "terminal" : retry === ", retry" ? "retry" : "retry-after",
]);

const documented = [
  ...page.matchAll(
    /^## (\w+)\n\n`(\w+)` · owner: (\w+) · retry: ([^\n]+)\n\n[^\n]+\n\n- \*\*Check:\*\* [^\n]+\n- \*\*Do next:\*\* [^\n]+$/gm,
  ),
];

describe("the error catalogue", () => {
  it("has exactly the reasons of the proto, in its order", () => {
    const names = Object.keys(ErrorReason)
      .filter((key) => key !== "UNRECOGNIZED" && key !== "ERROR_REASON_UNSPECIFIED")
      .map((key) => key.replace("ERROR_REASON_", ""));
    expect(REASON_NAMES).toEqual(names);
  });

  it("names the code and the retry that the proto's comments name", () => {
    expect(commented).toEqual(
      REASON_NAMES.map((name) => [name, ERROR_CATALOGUE[name].code, ERROR_CATALOGUE[name].retry]),
    );
  });

  it("is what docs/errors.md describes, one complete heading for each reason", () => {
    const said: Record<Retry, string> = {
      terminal: "no",
      retry: "yes, the same bytes",
      "retry-after": "yes, the same bytes, after the span in RetryInfo",
    };
    expect([...page.matchAll(/^## (\w+)$/gm)].map((match) => match[1])).toEqual(REASON_NAMES);
    expect(documented.map(([, name, code, owner, retry]) => ({ name, code, owner, retry }))).toEqual(
      REASON_NAMES.map((name) => {
        const { code, owner, retry } = ERROR_CATALOGUE[name];
        return { name, code, owner, retry: said[retry] };
      }),
    );
  });

  it.each(REASON_NAMES)(
    "%s has texts in both languages that read as sentences with and without their facts",
    (name) => {
      const { en, vi, code, retry, retryAfterMs } = ERROR_CATALOGUE[name];
      expect(GRPC_CODE[code]).toBeGreaterThan(0);
      expect(retryAfterMs !== undefined).toBe(retry === "retry-after");
      expect(slotsOf(vi)).toEqual(slotsOf(en));
      const facts = Object.fromEntries(slotsOf(en).map((slot) => [slot, "x1"]));
      for (const text of [en, vi].flatMap((one) => [fillText(one, {}), fillText(one, facts)])) {
        expect(text).not.toMatch(/[[\]{}]|\s[,.;:]|\s\s/);
        if (name !== "INTERNAL") expect(text).toMatch(/^\p{Lu}.*\.$/u);
      }
    },
  );
});
