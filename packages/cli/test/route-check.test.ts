import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { runLine } from "./run-line.ts";

const good = fileURLToPath(new URL("../../../deploy/seed/routes/birth-group.yaml", import.meta.url));
let folder: string;
let bad: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-route-"));
  bad = join(folder, "bad.yaml");
  const text = await readFile(good, "utf8");
  await writeFile(bad, text.replace("from: residence, to: collect-and-return", "from: residence, to: nowhere"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("route check", () => {
  it("explains a good route in words and ends with 0", async () => {
    const { code, stdout, stderr } = await runLine(["route", "check", good, "--lang", "vi"], { columns: 100 });
    expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: "" });
    expect(stdout).toContain("là quy trình dùng được.");
    expect(stdout).toContain("Đăng ký thường trú");
    for (const line of stdout.split("\n").slice(1)) expect([...line].length).toBeLessThanOrEqual(100);
  });

  it("names every problem of a bad one with file, line and column, and ends with 1", async () => {
    const { code, stdout, stderr } = await runLine(["route", "check", bad]);
    expect(code).toBe(EXIT.refused);
    expect(stdout).toMatch(new RegExp(`^${bad}:\\d+:\\d+ edges\\[2\\]\\.to: .*nowhere`));
    expect(stderr).toMatch(/bad\.yaml has \d+ problems?\.\n$/);
  });

  it("keeps the form of its JSON", async () => {
    expect((await runLine(["route", "check", good, "--json"])).json()).toEqual({
      file: good,
      ok: true,
      route: { id: "birth-group", version: 1, procedure: "birth-group-nd63" },
      problems: [],
    });
    const { code, json } = await runLine(["route", "check", bad, "--json"]);
    expect(code).toBe(EXIT.refused);
    const [problem] = (json() as { problems: unknown[] }).problems;
    expect(problem).toEqual({
      code: "EDGE_STEP_UNKNOWN",
      path: "edges[2].to",
      line: expect.any(Number) as unknown,
      column: expect.any(Number) as unknown,
      message: expect.stringContaining("nowhere") as unknown,
    });
  });

  it("says that a file cannot be read", async () => {
    const { code, stderr } = await runLine(["route", "check", join(folder, "missing.yaml")]);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toMatch(/missing\.yaml cannot be read \(ENOENT\)/);
  });
});
