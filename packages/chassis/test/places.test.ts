import { expect, test } from "vitest";
import { Places } from "../src/index.ts";

test("one system has three quarters of the places at most, all have them all, and who leaves makes room once", () => {
  const places = new Places(8, "uploads");
  const taken = Array.from({ length: 6 }, () => places.take("a"));
  expect(() => places.take("a")).toThrow(expect.objectContaining({ reason: "LIMIT_REACHED", retryAfterMs: 1_000 }));
  places.take("b");
  places.take("c");
  expect(() => places.take("c")).toThrow(expect.objectContaining({ reason: "OVERLOADED" }));
  taken[0]?.();
  taken[0]?.();
  places.take("c");
  expect(() => places.take("d")).toThrow(expect.objectContaining({ reason: "OVERLOADED" }));
});

test("where there is one place, one system may have it", () => {
  new Places(1, "uploads").take("a");
});
