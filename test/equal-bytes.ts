// Bytes are a Uint8Array everywhere (decision 9), and a Buffer is one: what comes off the wire equals what was computed if the bytes do.
import { expect } from "vitest";

expect.addEqualityTesters([
  (a: unknown, b: unknown) =>
    a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : undefined,
]);
