import type { DescMessage } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { MessageRefusedError, strictMessage } from "../src/index.ts";

/** Reason and field with which bytes are refused; "accepted" if they are not. */
export function answerTo(descriptor: DescMessage, bytes: Uint8Array): string {
  try {
    strictMessage(descriptor).check(bytes);
    return "accepted";
  } catch (error) {
    if (!(error instanceof MessageRefusedError)) throw error;
    expect(error.message).toMatch(/; allowed: .+\.$/);
    return `${error.reason} ${error.field}`;
  }
}
