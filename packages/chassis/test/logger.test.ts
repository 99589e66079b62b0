import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { busError, createLogger, type LogLevel } from "../src/index.ts";

function captured(level: LogLevel = "info"): {
  lines: Record<string, unknown>[];
  logger: ReturnType<typeof createLogger>;
} {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, logger: createLogger({ service: "exchange", level, destination }) };
}

describe("the log", () => {
  it("has one JSON line per entry with time, level, service and sentence", () => {
    const { lines, logger } = captured();
    logger.child({ shard: "hanoi-2026q4" }).info({ count: 3 }, "The batch is durable.");
    logger.debug("Not at this level.");
    expect(lines).toMatchObject([
      { level: "info", service: "exchange", shard: "hanoi-2026q4", count: 3, msg: "The batch is durable." },
    ]);
    expect(lines[0]!.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("hides secrets wherever they stand, and keeps what only sounds like one", () => {
    const { lines, logger } = captured();
    const secrets = {
      natsPassword: "hunter2",
      nats_creds: "hunter2",
      keyPem: "hunter2",
      nested: { list: [{ token: "hunter2" }] },
    };
    logger.child(secrets).warn({ ...secrets, authorization: "hunter2" }, "Connected.");
    logger.info({ note: "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----" }, "Made.");
    const error = new Error("It broke.", { cause: { salt: "hunter2" } });
    logger.error({ err: Object.assign(error, { payload: "hunter2" }) }, "Broken.");
    expect(JSON.stringify(lines)).not.toContain("hunter2");
    logger.info({ keyId: "ab12", certificateKeyDigestHex: "cd34", pageTokens: 2, seedling: "x" }, "Kept.");
    expect(lines.at(-1)).toMatchObject({
      keyId: "ab12",
      certificateKeyDigestHex: "cd34",
      pageTokens: 2,
      seedling: "x",
    });
  });

  it("has no payloads: bytes appear as their number", () => {
    const { lines, logger } = captured();
    logger.info({ event: Buffer.from("hunter2"), deep: { bytes: new Uint8Array(61_440) }, at: 12n }, "Read.");
    expect(lines[0]).toMatchObject({ event: "<7 bytes>", deep: { bytes: "<61440 bytes>" }, at: "12" });
  });

  it("tells errors with reason and causes", () => {
    const { lines, logger } = captured();
    const cause = new Error("socket hang up");
    logger.error({ err: busError("STORE_UNAVAILABLE", { shard: "x" }, { cause }) }, "The append failed.");
    expect(lines[0]).toMatchObject({
      err: { type: "BusError", reason: "STORE_UNAVAILABLE", code: 14, cause: { message: "socket hang up" } },
    });
  });

  it("can go to a file, to which it appends", () => {
    const folder = mkdtempSync(join(tmpdir(), "lienthong-log-"));
    const destination = join(folder, "logs", "exchange.log");
    for (const sentence of ["One.", "Two."]) createLogger({ service: "exchange", destination }).info(sentence);
    const lines = readFileSync(destination, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["One.", "Two."]);
    rmSync(folder, { recursive: true });
  });
});
