import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examples } from "../src/examples.ts";
import { EXIT } from "../src/exit-codes.ts";
import { runLine } from "./run-line.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("help", () => {
  it.each(Object.keys(examples))("of '%s' begins with examples and goes to stdout", async (path) => {
    const words = path.split(" ").filter((word) => word !== "");
    const { code, stdout, stderr } = await runLine([...words, "--help"]);
    expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: "" });
    expect(stdout).toMatch(/^Examples:\n {2}lienthong /);
    for (const line of examples[path]!) expect(stdout).toContain(`  ${line}\n`);
    expect(stdout).toContain("--data <DIR>");
  });

  it("is Vietnamese where the environment is, or when asked", async () => {
    for (const { stdout } of [
      await runLine(["dossier", "--help"], { env: { LANG: "vi_VN.UTF-8" } }),
      await runLine(["dossier", "--help", "--lang", "vi"]),
      await runLine(["dossier", "--help", "--lang=vi"], { env: { LC_ALL: "en_US.UTF-8" } }),
    ]) {
      expect(stdout).toMatch(/^Ví dụ:\n/);
      expect(stdout).toContain("Cách dùng: lienthong dossier");
    }
    const english = await runLine(["dossier", "--help"], { env: { LANG: "vi_VN.UTF-8", LC_ALL: "C" } });
    expect(english.stdout).toMatch(/^Examples:/);
  });
});

describe("wrong usage", () => {
  it.each<[string[], RegExp]>([
    [[], /Say which command/],
    [["dossier"], /Say which command/],
    [["nonsense"], /no command 'nonsense'/],
    [["dossier", "nonsense"], /no command 'nonsense'/],
    [["agency", "list", "--nonsense"], /no option --nonsense/],
    [["dossier", "trail"], /argument CODE is missing/],
    [["dossier", "open", "H26-250505-0001"], /option --procedure <PROCEDURE> is required/],
    [["dossier", "refuse", "H26-250505-0001"], /option --reason <REASON> is required/],
    [["agency", "list", "--as"], /option --as <AGENCY> needs a value/],
    [["agency", "show", "a", "b"], /Too many arguments/],
    [["agency", "list", "--lang", "fr"], /'fr' is not allowed for --lang; allowed: vi, en/],
    [["agency", "list", "--level", "village"], /'village' is not allowed for --level. Allowed:\n {2}ward /],
    [["agency", "list", "--on", "2025-02-30"], /'2025-02-30' is not allowed for --on; allowed: a day/],
    [["dossier", "refuse", "X", "--reason", "lazy"], /Allowed:\n(.*\n){2} {2}incomplete +papers missing/],
    [
      ["dossier", "complete", "X", "--outcome", "maybe"],
      /'maybe' is not allowed for --outcome\. Allowed:\n {2}granted/,
    ],
    [
      ["dossier", "return", "X", "--outcome", "granted", "--channel", "pigeon"],
      /'pigeon' is not allowed for --channel\. Allowed:\n {2}in-person/,
    ],
    [["dossier", "open", "X", "--procedure", "p", "--received", "yesterday"], /allowed: an instant in RFC 3339/],
    [["dossier", "recall", "X"], /exactly one of --reason, --agree, --decline/],
    [["dossier", "recall", "X", "--agree", "--decline", "work-begun"], /exactly one of --reason, --agree, --decline/],
    [["dossier", "recall", "X", "--reason", "bored"], /Allowed:\n {2}wrong-receiver +sent to the wrong office/],
    [["dossier", "recall", "X", "--decline", "no"], /Allowed:\n {2}work-begun +work has begun/],
    [["dossier", "supplement", "X"], /exactly one of --request, --bring/],
    [["dossier", "supplement", "X", "--bring", "--reason", "lost"], /Allowed:\n {2}paper-missing/],
    [
      ["dossier", "supplement", "X", "--request", "a", "--until", "soon"],
      /'soon' is not allowed for --until; allowed: a day/,
    ],
    [["dossier", "pay", "X"], /exactly one of --pause, --proof/],
    [["dossier", "pause", "X"], /option --reason <REASON> is required/],
    [["dossier", "pause", "X", "--reason", "tired"], /Allowed:\n {2}financial-duty +the citizen has to pay/],
    [["dossier", "extend", "X", "--reason", "workload"], /option --until <DATE> is required/],
    [
      ["dossier", "extend", "X", "--until", "2025-05-32", "--reason", "workload"],
      /'2025-05-32' is not allowed for --until/,
    ],
    [["dossier", "extend", "X", "--until", "2025-05-20", "--reason", "late"], /Allowed:\n {2}verification/],
    [["dossier", "assign", "X"], /option --unit <UNIT> is required/],
    [["dossier", "assign", "X", "--unit", "u", "--internal-step", "two"], /'two' is not allowed for --internal-step/],
    [["dossier", "consult", "X"], /option --edge <EDGE> is required/],
    [["dossier", "withdraw", "X", "--reason", "mood"], /Allowed:\n {2}by-applicant/],
    [["dossier", "stop", "X", "--reason", "mood"], /Allowed:\n {2}no-supplement +no papers came in time/],
    [["dossier", "erase", "X"], /option --reason <REASON> is required/],
    [["dossier", "erase", "X", "--reason", "mood"], /Allowed:\n {2}retention-ended/],
    [["document", "put", "f.pdf", "--dossier", "X"], /option --kind <KIND> is required/],
    [["document", "get", "some-id"], /option --dossier <CODE> is required/],
    [["completion", "tcsh"], /'tcsh' is not allowed for SHELL; allowed: bash, zsh, fish/],
    [["inbox", "watch", "--count", "many"], /'many' is not allowed for --count; allowed: a whole number/],
    [["up", "--dossiers", "-3"], /'-3' is not allowed for --dossiers; allowed: a whole number/],
  ])("%j ends with 2 and a sentence", async (args, sentence) => {
    const { code, stdout, stderr } = await runLine(args);
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: "" });
    expect(stderr).toMatch(sentence);
  });

  it("is told in the user's language", async () => {
    const { stderr } = await runLine(["dossier", "trail"], { env: { LANG: "vi_VN" } });
    expect(stderr).toBe("Thiếu tham số CODE; xem ví dụ bằng --help.\n");
  });

  it("is one line of JSON with --json", async () => {
    const { code, stderr } = await runLine(["agency", "list", "--level", "village", "--json"]);
    expect(JSON.parse(stderr)).toEqual({
      error: { exitCode: code, reason: null, field: null, message: expect.stringContaining("village") as unknown },
    });
  });
});

describe("without a bus", () => {
  it("every command that needs one says how to start it, and ends with 3", async () => {
    for (const args of [
      ["agency", "list"],
      ["procedure", "show", "birth"],
      ["dossier", "trail", "X", "--as", "a"],
    ]) {
      const { code, stderr } = await runLine([...args, "--data", folder]);
      expect(code).toBe(EXIT.unreachable);
      expect(stderr).toBe(`No bus is running on ${folder}; start one with: lienthong up --data ${folder}\n`);
    }
    const { stderr } = await runLine(["agency", "list"], { env: { LIENTHONG_DATA: join(folder, "elsewhere") } });
    expect(stderr).toContain("elsewhere");
  });

  it("a run.json that is not one is named with what is wrong in it", async () => {
    const data = await mkdtemp(join(folder, "odd-"));
    await writeFile(join(data, "run.json"), "{ not json");
    expect((await runLine(["agency", "list", "--data", data])).stderr).toMatch(/run\.json is not what .* \(JSON\)/);
    await writeFile(join(data, "run.json"), JSON.stringify({ tls: { certificates: {} }, grpc: { registry: 7 } }));
    const { code, stderr } = await runLine(["agency", "list", "--data", data]);
    expect(code).toBe(EXIT.unreachable);
    expect(stderr).toContain("(grpc.registry)");
  });
});
