import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ConfigSources, ConfigurationError, loadConfig, secretSetting } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "lienthong-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = z.object({
  shard: z.string().min(1),
  natsUrl: z.string().default("nats://127.0.0.1:4222"),
  port: z.number().int().min(0).max(65_535).default(7443),
  fsync: z.boolean().default(true),
  replicas: z.array(z.string()).default([]),
  firstLeaf: z.bigint().optional(),
  natsPassword: secretSetting(z.string().min(4).optional()),
});

function problemsOf(sources: ConfigSources): readonly string[] {
  try {
    loadConfig(schema, sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  throw new Error("The configuration was expected to have problems.");
}

describe("configuration", () => {
  it("prefers flag to environment to file to default", () => {
    const env = { LIENTHONG_PORT: "2", LIENTHONG_NATS_URL: "nats://env", PATH: "/bin" };
    const file = { port: 3, natsUrl: "nats://file", shard: "file" };
    const { values, printable } = loadConfig(schema, { flags: { port: "1" }, env, file });
    expect(values).toMatchObject({ port: 1, natsUrl: "nats://env", shard: "file", fsync: true });
    expect(printable.map(({ setting, origin }) => [setting, origin])).toEqual([
      ["shard", "file"],
      ["natsUrl", "environment"],
      ["port", "flag"],
      ["fsync", "default"],
      ["replicas", "default"],
      ["firstLeaf", "default"],
      ["natsPassword", "default"],
    ]);
  });

  it("turns text into the numbers, booleans and lists that the schema wants", () => {
    const env = {
      LIENTHONG_SHARD: "12",
      LIENTHONG_FSYNC: "no",
      LIENTHONG_REPLICAS: "a:1, b:2,",
      LIENTHONG_FIRST_LEAF: "9007199254740993",
    };
    expect(loadConfig(schema, { env, flags: { "nats-url": "x" } }).values).toMatchObject({
      shard: "12",
      fsync: false,
      replicas: ["a:1", "b:2"],
      firstLeaf: 9007199254740993n,
      natsUrl: "x",
    });
  });

  it("reports all problems together, as sentences that say where and what to do", () => {
    const problems = problemsOf({
      flags: { port: "80000", prot: "1" },
      env: { LIENTHONG_FSYNC: "maybe" },
      file: { replica: [] },
    });
    expect(problems).toHaveLength(5);
    const text = problems.join("\n");
    expect(text).toContain('"shard" is not set; set --shard, LIENTHONG_SHARD or "shard" in the file.');
    expect(text).toMatch(/--port is "80000": .*65535.*\./);
    expect(text).toMatch(/LIENTHONG_FSYNC is "maybe": .*boolean.*\./);
    expect(text).toContain("There is no setting --prot; there are ");
    expect(text).toContain('The file has a setting "replica" that does not exist');
    for (const problem of problems) expect(problem).toMatch(/\.$/);
  });

  it("reads secrets from files and never prints them", () => {
    const path = join(folder, "password");
    writeFileSync(path, "hunter2\n", { mode: 0o600 });
    const { values, printable } = loadConfig(schema, {
      env: { LIENTHONG_NATS_PASSWORD_FILE: path },
      file: { shard: "x" },
    });
    expect(values.natsPassword).toBe("hunter2");
    expect(JSON.stringify(printable)).not.toContain("hunter2");
    expect(printable.at(-1)).toEqual({ setting: "natsPassword", value: "[hidden]", origin: "environment" });
  });

  it("does not quote a secret that does not fit, and refuses one as a flag", () => {
    const short = problemsOf({ env: { LIENTHONG_NATS_PASSWORD: "abc" }, file: { shard: "x" } });
    expect(short).toHaveLength(1);
    expect(short[0]).not.toContain("abc");
    const flagged = problemsOf({ flags: { natsPassword: "hunter2" }, file: { shard: "x" } });
    expect(flagged).toHaveLength(1);
    expect(flagged[0]).toContain("--nats-password is secret");
    expect(flagged[0]).not.toContain("hunter2");
    const path = join(folder, "absent");
    const missing = problemsOf({ env: { LIENTHONG_NATS_PASSWORD_FILE: path }, file: { shard: "x" } });
    expect(missing[0]).toContain("LIENTHONG_NATS_PASSWORD_FILE names a file that cannot be read");
    const twice = problemsOf({
      env: { LIENTHONG_NATS_PASSWORD_FILE: path, LIENTHONG_NATS_PASSWORD: "hunter2" },
      file: { shard: "x" },
    });
    expect(twice[0]).toContain("are given; keep LIENTHONG_NATS_PASSWORD_FILE");
  });

  it("reads a JSON file, and says so when it cannot", () => {
    const path = join(folder, "exchange.json");
    writeFileSync(path, JSON.stringify({ shard: "hanoi-2026q4", port: 1 }));
    expect(loadConfig(schema, { file: path }).values).toMatchObject({ shard: "hanoi-2026q4", port: 1 });
    writeFileSync(path, "[1]");
    expect(problemsOf({ file: path })[0]).toContain("does not hold one JSON object");
    expect(problemsOf({ file: join(folder, "none.json") })[0]).toContain("cannot be read as JSON");
  });
});
