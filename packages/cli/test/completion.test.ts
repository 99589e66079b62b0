import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, startCliBus } from "./cli-bus.ts";
import { runLine } from "./run-line.ts";
import { ward } from "./stages.ts";

const run = promisify(execFile);
const wrapper = fileURLToPath(new URL("../bin/lienthong", import.meta.url));
let cli: CliBus;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-completion-"));
  await symlink(wrapper, join(folder, "lienthong"));
  await writeFile(join(folder, "bash"), (await runLine(["completion", "bash"])).stdout);
  await writeFile(join(folder, "receipt-1.pdf"), "");
  cli = await startCliBus();
}, 120_000);
afterAll(async () => {
  await cli?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** What the command itself offers after these words; the last one may be begun. */
async function offered(words: readonly string[], data = "nowhere"): Promise<string[]> {
  const { code, stdout, stderr } = await runLine(["--data", join(folder, data), "complete", "--", ...words]);
  expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: "" });
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t", 1)[0] ?? ""]));
}

/** What bash offers when Tab is pressed at the end of a line, by the printed script. */
async function inBash(line: string): Promise<string[]> {
  const script = `
    source ./bash
    COMP_LINE=$1; COMP_POINT=\${#COMP_LINE}
    _lienthong
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, LIENTHONG_DATA: cli.data, LANG: "C.UTF-8" };
  const { stdout, stderr } = await run("bash", ["-c", script, "bash", line], { cwd: folder, env });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((each) => each !== "");
}

describe("completion", () => {
  it("offers commands, and what is hidden it does not", async () => {
    expect(await offered([""])).toEqual(
      expect.arrayContaining(["up", "agency", "procedure", "dossier", "document", "inbox", "completion"]),
    );
    expect(await offered([""])).not.toContain("complete");
    expect(await offered(["dossier", "re"])).toEqual(["refuse", "recall", "resume", "return"]);
    expect(await offered(["--lang", "vi", "dossier", "con"])).toEqual(["consult"]);
  });

  it("offers the options of a command once, and those that can be repeated again", async () => {
    expect(await offered(["dossier", "refuse", "X", "--r"])).toEqual(["--reason"]);
    expect(await offered(["dossier", "refuse", "X", "--reason", "incomplete", "--r"])).toEqual([]);
    expect(await offered(["dossier", "forward", "X", "--edge", "e", "--ed"])).toEqual(["--edge"]);
    expect(await offered(["dossier", "show", "X", "--j"])).toEqual(["--json"]);
  });

  it("offers the reasons of each statement, and other words of the contract", async () => {
    expect(await offered(["dossier", "refuse", "X", "--reason", "not"])).toEqual(["not-competent", "not-eligible"]);
    expect(await offered(["dossier", "stop", "X", "--reason", ""])).toEqual([
      "no-supplement",
      "not-paid",
      "by-law",
      "opened-in-error",
    ]);
    expect(await offered(["dossier", "stop", "X", "--reason=b"])).toEqual(["--reason=by-law"]);
    expect(await offered(["dossier", "complete", "X", "--outcome", "g"])).toEqual(["granted"]);
    expect(await offered(["completion", ""])).toEqual(["bash", "zsh", "fish"]);
  });

  it("offers agencies, units, procedures and systems of the bus that runs, and nothing where none does", async () => {
    expect(await offered(["dossier", "show", "X", "--as", "hn-wold"])).toEqual([]);
    const ask = async (...words: string[]) => await offered(["--data", cli.data, ...words]);
    expect(await ask("dossier", "show", "X", "--as", "hn-wold")).toContain(ward);
    expect(await ask("dossier", "show", "X", "--as", `${ward}/${ward}-mot`)).toEqual([`${ward}/${ward}-mot-cua`]);
    expect(await ask("dossier", "assign", "X", "--as", ward, "--unit", `${ward}-ho`)).toEqual([`${ward}-ho-tich`]);
    expect(await ask("dossier", "consult", "X", "--edge", "ask-opinions=hn-so-x")).toEqual(
      expect.arrayContaining(["ask-opinions=hn-so-xd"]),
    );
    expect(await ask("procedure", "show", "birth-group-n")).toEqual(["birth-group-nd63"]);
    expect(await ask("agency", "list", "--system", "hn")).toEqual(["hn-mot-cua"]);
  });

  it("works in bash, files and words with '=' included", async () => {
    expect(await inBash("lienthong dossier re")).toEqual(["refuse", "recall", "resume", "return"]);
    expect(await inBash("lienthong dossier stop X --reason n")).toEqual(["no-supplement", "not-paid"]);
    expect(await inBash("lienthong dossier show X --as hn-wold-0000")).toEqual([ward]);
    expect(await inBash("lienthong dossier consult X --edge ask-opinions=hn-so-xd")).toEqual(
      expect.arrayContaining(["hn-so-xd"]),
    );
    expect(await inBash("lienthong dossier pay X --proof rec")).toEqual(["receipt-1.pdf"]);
    expect(await inBash("lienthong dossier nonsense ")).toEqual([]);
  });

  it.each(["zsh", "fish"])("prints a script for %s that asks the command", async (shell) => {
    const { stdout } = await runLine(["completion", shell]);
    expect(stdout).toContain("complete --");
    expect(stdout.endsWith("\n")).toBe(true);
  });

  it("in bash loads as it is printed, without a word", async () => {
    expect(await readFile(join(folder, "bash"), "utf8")).toContain("complete -F _lienthong lienthong");
    const { stdout, stderr } = await run("bash", ["-n", join(folder, "bash")]);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
  });
});
