import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, startCliBus } from "./cli-bus.ts";
import { type Ran, runLine } from "./run-line.ts";
import { insurance, police, ward } from "./stages.ts";

let cli: CliBus;
beforeAll(async () => {
  cli = await startCliBus();
}, 120_000);
afterAll(() => cli?.stop(), 60_000);

const ok = (line: string): Promise<Ran> => cli.ok(line);
const fails = (line: string): Promise<Ran> => cli.run(line);

describe("the command against a running bus", () => {
  it("lists and shows agencies and procedures", async () => {
    const listed = (await ok("agency list --name truc --json")).json() as { id: string; nameVi: string }[];
    expect(listed).toContainEqual(
      expect.objectContaining({
        id: ward,
        nameVi: "Ủy ban nhân dân phường Trúc Bạch",
        level: "WARD",
        areaCode: "00004",
      }),
    );
    expect((await ok(`agency show ${ward} --lang vi`)).stdout).toContain("hn-wold-00004-mot-cua");
    const agency = (await ok(`agency show ${ward} --json`)).json() as Record<string, unknown>;
    expect(agency).toMatchObject({ systems: ["hn-mot-cua"], successors: [{ agency: "hn-w-00004", share: "WHOLE" }] });
    const withRoute = (await ok("procedure list --with-route --json")).json() as { key: string; routes: string[] }[];
    expect(withRoute.map(({ key }) => key)).toContain("birth-group-nd63");
    expect((await ok("procedure show 2.000286 --json")).json()).toMatchObject({
      key: "social-home-admission",
      entry: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      routes: [{ id: "social-home-admission", version: 1 }],
    });
    expect((await ok("procedure show birth-group-nd63 --lang vi")).stdout).toContain("Đăng ký thường trú");
  });

  it("carries the birth group from the desk to the citizen, forks, a refusal and the join included", async () => {
    const code = "H26-250505-7001";
    const opened = (await ok(`dossier open ${code} --procedure birth-group-nd63 --as ${ward} --json`)).json();
    expect(opened).toMatchObject({
      dossier: code,
      event: { number: 1 },
      repeated: false,
      branches: [{ branch: "0", state: "WORKING", holder: ward, unit: `${ward}-ho-tich`, step: "birth-registration" }],
    });
    const early = await fails(`dossier forward ${code} --as ${ward}`);
    expect(early.code).toBe(EXIT.refused);
    expect(early.stderr).toContain("[STEP_NOT_COMPLETED, statement.what]");
    expect(early.stderr).toContain("lienthong dossier complete CODE");
    await ok(`dossier complete ${code} --outcome granted --as ${ward}`);

    const forked = await ok(`dossier forward ${code} --as ${ward}`);
    expect(forked.stderr).toContain("is competent for WARD_POLICE_RESIDENCE");
    expect(forked.stdout).toContain("Branch 0: forked, lives on in 0.1, 0.2.");
    await ok(`dossier acknowledge ${code} --as ${police}`);
    const refused = await ok(`dossier refuse ${code} --reason incomplete --as ${insurance}`);
    expect(refused.stdout).toContain("has it again, sees why and decides");
    expect((await ok(`dossier show ${code} --as ${ward}`)).stdout).toContain(
      "forward again on the way it was made for",
    );
    const again = (await ok(`dossier forward ${code} --branch 0.2 --as ${ward} --json`)).json();
    expect(again).toMatchObject({ receivers: [{ branch: "0.2", edge: "birth-to-insurance", agency: insurance }] });
    await ok(`dossier acknowledge ${code} --as ${insurance}`);

    for (const agency of [police, insurance]) {
      await ok(`dossier complete ${code} --outcome granted --as ${agency}`);
      await ok(`dossier forward ${code} --as ${agency}`);
    }
    const several = await fails(`dossier acknowledge ${code} --as ${ward}`);
    expect(several.code).toBe(EXIT.usage);
    expect(several.stderr).toContain("It could be about branches 0.1, 0.2; say which with --branch.");
    const first = await ok(`dossier acknowledge ${code} --branch 0.1 --as ${ward}`);
    expect(first.stdout).toContain("Next: wait for the other branches of the fork.");
    await ok(`dossier acknowledge ${code} --branch 0.2 --as ${ward}`);
    expect((await ok(`dossier join ${code} --as ${ward}`)).stdout).toContain("Next: return the result to the citizen.");
    const returned = await ok(`dossier return ${code} --outcome granted --as ${ward}`);
    expect(returned.stdout).toContain("The dossier has ended.");

    const trail = (await ok(`dossier trail ${code} --as ${ward} --json`)).json() as {
      events: { content: { said: string } }[];
    };
    expect(trail).toMatchObject({ dossier: code, clock: "SIMULATED", chain: { whole: true, events: 15, withheld: 0 } });
    expect(trail.events.map(({ content }) => content.said)).toEqual(
      "open complete forward acknowledge refuse forward acknowledge complete forward complete forward acknowledge acknowledge join return".split(
        " ",
      ),
    );
    const screen = await ok(`dossier trail ${code} --as ${ward} --lang vi`);
    expect(screen.stdout.replaceAll(/\s+/g, " ")).toContain("│ Công an phường Trúc │");
    expect(screen.stdout).toContain("Thời gian theo đồng hồ kịch bản (mô phỏng)");
    const partial = (await ok(`dossier trail ${code} --as ${police} --json`)).json();
    expect(partial).toMatchObject({ chain: { whole: true } });
    expect((partial as { events: { withheld: boolean }[] }).events.some(({ withheld }) => withheld)).toBe(true);
  });

  it("prints what arrives, settles it when asked, and ends well on Ctrl-C", async () => {
    const code = "H26-250505-7002";
    await ok(`dossier open ${code} --procedure 2.000286 --as ${ward}`);
    await ok(`dossier complete ${code} --as ${ward}`);
    const interrupt = Promise.withResolvers<void>();
    const watching = runLine(
      ["inbox", "watch", "--as", "hn-so-yt", "--subscription", "test", "--settle", "--json", "--data", cli.data],
      { interrupted: interrupt.promise, onStdout: (text) => text.includes(code) && interrupt.resolve() },
    );
    await ok(`dossier forward ${code} --as ${ward}`);
    const watched = await watching;
    expect(watched.code).toBe(EXIT.ok);
    expect(watched.json()).toMatchObject({
      agency: "hn-so-yt",
      role: "RECEIVER",
      dossier: code,
      content: { said: "forward" },
    });
    const told = Promise.withResolvers<void>();
    const isDelivered = (text: string) =>
      text.split("\n").some((line) => line.includes(code) && line.includes('"said":"delivered"'));
    const sender = runLine(["inbox", "watch", "--as", ward, "--subscription", "sender", "--json", "--data", cli.data], {
      interrupted: told.promise,
      onStdout: (text) => isDelivered(text) && told.resolve(),
    });
    expect(await sender).toMatchObject({ code: EXIT.ok });
    expect((await ok(`dossier trail ${code} --as ${ward} --json`)).stdout).toContain('"said":"delivered"');
    const repeated = await ok("inbox watch --as hn-so-yt --subscription other --count 1");
    expect(repeated.stdout).toContain(`lienthong dossier acknowledge ${code} --branch 0 --as hn-so-yt`);
  });

  it("tells why the bus refuses, in the user's language, and ends with 1", async () => {
    const unknown = await fails(`dossier show H26-250505-9999 --as ${ward} --lang vi`);
    expect(unknown.code).toBe(EXIT.refused);
    expect(unknown.stderr).toMatch(/^Trục liên thông từ chối: .*\[DOSSIER_UNKNOWN, dossier\]\n/);
    const json = await fails(`dossier show H26-250505-9999 --as ${ward} --json`);
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { exitCode: 1, reason: "DOSSIER_UNKNOWN", field: "dossier" },
    });
    const procedures = (await ok("procedure list --json")).json() as { key: string; routes: string[] }[];
    const bare = procedures.find(({ routes }) => routes.length === 0)?.key;
    const noRoute = await fails(`dossier open H26-250505-7003 --procedure ${bare} --as ${ward}`);
    expect(noRoute).toMatchObject({ code: EXIT.refused });
    expect(noRoute.stderr).toContain("has no route");
    expect((await fails("agency show nobody")).stderr).toContain("lienthong agency list --name TEXT");
    const wrongKey = await fails(
      `dossier open H26-250505-7004 --procedure birth-group-nd63 --as ${ward} --key ${join(cli.bus.run.keys, `${police}.pem`)}`,
    );
    expect(wrongKey).toMatchObject({ code: EXIT.refused });
    expect(wrongKey.stderr).toContain("KEY_NOT_OF_AUTHOR");
  });

  it("asks who acts, and which system, before anything is sent", async () => {
    const nobody = await fails("dossier show H26-250505-7001");
    expect(nobody).toMatchObject({ code: EXIT.usage });
    expect(nobody.stderr).toContain("--as AGENCY");
    const system = await fails(`dossier show H26-250505-7001 --as ${ward} --system nobody`);
    expect(system.stderr).toContain("'nobody' is not allowed for --system; allowed: operator,");
    const foreign = await fails(`dossier show H26-250505-7001 --as ${ward} --system bhxh`);
    expect(foreign.stderr).toContain("DELEGATION_MISSING");
    const key = await fails(`dossier open X --procedure 2.000286 --as ${ward} --key ${cli.data}/missing.pem`);
    expect(key).toMatchObject({ code: EXIT.usage });
  });

  it("says that nobody answers, or that the bus has gone, and ends with 3", async () => {
    const silent = join(cli.data, "silent");
    await mkdir(silent);
    const elsewhere = { registry: "127.0.0.1:1", exchange: "127.0.0.1:1" };
    const write = (pid: number) =>
      writeFile(join(silent, "run.json"), JSON.stringify({ ...cli.bus.run, grpc: elsewhere, pid }));
    await write(process.pid);
    const alive = await runLine(["agency", "list", "--data", silent]);
    expect(alive).toMatchObject({ code: EXIT.unreachable });
    expect(alive.stderr).toContain("Nobody answers at 127.0.0.1:1");
    await write(2 ** 22 + 1);
    const gone = await runLine(["agency", "list", "--data", silent]);
    expect(gone).toMatchObject({ code: EXIT.unreachable });
    expect(gone.stderr).toContain("start it again with: lienthong up --data");
  });
});
