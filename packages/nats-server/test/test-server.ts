import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { findNatsServer } from "../src/index.ts";

/** The real server these tests run on: from the PATH or the project's cache, fetched when there is none. */
export async function findTestBinary(): Promise<{ path: string; version: string }> {
  const found = await findNatsServer({ env: { PATH: process.env.PATH } });
  if (found.kind !== "binary") {
    throw new Error("the tests need a server binary of their own");
  }
  return found;
}

/** A folder that is removed after the test; ask for it before what runs in it, so that that ends first. */
export async function makeTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lienthong-nats-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export async function waitUntil(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`waited 20 s in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
