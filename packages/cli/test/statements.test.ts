import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, newCode, startCliBus } from "./cli-bus.ts";
import { bring, labourDivision, police, type Stage, ward } from "./stages.ts";

let cli: CliBus;
beforeAll(async () => {
  cli = await startCliBus();
}, 120_000);
afterAll(() => cli?.stop(), 60_000);

async function dossierAt(stage: Stage): Promise<string> {
  const code = newCode();
  await bring(cli, code, stage);
  return code;
}

/** The last event of a trail, as --json shows what it says. */
async function lastSaid(code: string): Promise<unknown> {
  const { events } = (await cli.json(`dossier trail ${code} --as ${ward}`)) as { events: { content: unknown }[] };
  return events.at(-1)?.content;
}

/** A screen so wide that nothing is broken into lines. */
const wide = { columns: 600 };

/** A screen on one line, without frame: what a clerk reads. */
const read = (screen: string) => screen.replaceAll(/[│├┤┌┐└┘─┼┬┴\s]+/g, " ");

describe("recall", () => {
  it("is asked by the sender, refused and agreed to by the receiver, and told in words", async () => {
    const code = await dossierAt("forked");
    const asked = await cli.json(`dossier recall ${code} --branch 0.1 --reason correction --as ${ward}`);
    expect(asked).toMatchObject({
      branches: [{ branch: "0.1", state: "RECALL_ASKED", holder: ward, pending: { receiver: { agency: police } } }],
    });
    expect(await lastSaid(code)).toMatchObject({
      said: "ask_recall",
      reason: "CORRECTION",
      targets: [{ branch: "0.1", agency: police }],
    });
    const declined = await cli.ok(`dossier recall ${code} --decline work-begun --as ${police}`);
    expect(declined.stdout).toContain("not yet acknowledged");
    await cli.ok(`dossier recall ${code} --branch 0.1 --reason silence --as ${ward}`);
    const shown = await cli.ok(`dossier show ${code} --as ${ward} --lang vi`);
    expect(read(shown.stdout)).toContain("Công an phường Trúc Bạch trả lại, không trả lại, hoặc tiếp nhận");
    const agreed = await cli.ok(`dossier recall ${code} --agree --as ${police}`);
    expect(agreed.stdout).toContain("has it again, sees why and decides");
    const { branches } = (await cli.json(`dossier show ${code} --as ${ward}`)) as { branches: unknown[] };
    expect(branches).toContainEqual(
      expect.objectContaining({ branch: "0.1", state: "COMPLETED", holder: ward, pending: null }),
    );
    const again = await cli.json(`dossier forward ${code} --branch 0.1 --as ${ward}`);
    expect(again).toMatchObject({ receivers: [{ branch: "0.1", edge: "birth-to-residence", agency: police }] });
    const trail = read((await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, wide)).stdout);
    expect(trail).toContain("xin thu hồi hồ sơ đã chuyển: cần chỉnh sửa hồ sơ");
    expect(trail).toContain("không trả lại hồ sơ: đã bắt đầu giải quyết");
    expect(trail).toContain("đồng ý trả lại hồ sơ theo đề nghị thu hồi");
  });

  it("of what was acknowledged is refused, and says how to look", async () => {
    const code = await dossierAt("taken");
    const late = await cli.run(`dossier recall ${code} --branch 0.1 --reason silence --as ${ward} --lang vi`);
    expect(late.code).toBe(EXIT.refused);
    expect(late.stderr).toMatch(/^Trục liên thông từ chối: /);
    const nothing = await cli.run(`dossier recall ${code} --agree --as ${police}`);
    expect(nothing).toMatchObject({ code: EXIT.refused });
    expect(nothing.stderr).toContain(`No branch of ${code} is in a state in which ${police} can do this`);
  });
});

describe("supplement", () => {
  it("is requested once and brought by the desk", async () => {
    const code = await dossierAt("opened");
    const requested = await cli.json(
      `dossier supplement ${code} --request birth-notice identity-card --until 2025-05-09 --reason paper-expired --as ${ward}`,
    );
    expect(requested).toMatchObject({ branches: [{ branch: "0", state: "SUPPLEMENT_AWAITED", holder: ward }] });
    expect(await lastSaid(code)).toMatchObject({
      said: "request_supplement",
      reason: "PAPER_EXPIRED",
      documentKinds: ["birth-notice", "identity-card"],
      dueTime: "2025-05-09T16:59:59Z",
    });
    expect((await cli.ok(`dossier show ${code} --as ${ward} --lang vi`)).stdout).toContain(
      "Tiếp theo: Nhánh 0: UBND phường Trúc Bạch nộp giấy tờ công dân bổ sung.",
    );
    const brought = await cli.json(`dossier supplement ${code} --bring --as ${ward}`);
    expect(brought).toMatchObject({ branches: [{ branch: "0", state: "WORKING", holder: ward }] });
    const twice = await cli.run(`dossier supplement ${code} --request birth-notice --as ${ward} --lang vi`);
    expect(twice.code).toBe(EXIT.refused);
    expect(twice.stderr).toContain("[STATE_FORBIDS, statement.request_supplement]");
    expect(twice.stderr).toContain("Sự kiện số 2 của hồ sơ đã quyết định điều này");
    const trail = read((await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, wide)).stdout);
    expect(trail).toContain("yêu cầu công dân bổ sung (giấy tờ hết hạn)");
  });
});

describe("the clock", () => {
  it("stands still while another authority decides, and runs again", async () => {
    const code = await dossierAt("opened");
    const paused = await cli.json(`dossier pause ${code} --reason other-authority --as ${ward}`);
    expect(paused).toMatchObject({ branches: [{ state: "PAUSED" }] });
    expect(await lastSaid(code)).toMatchObject({ said: "pause", reason: "OTHER_AUTHORITY" });
    expect(await cli.json(`dossier resume ${code} --as ${ward}`)).toMatchObject({ branches: [{ state: "WORKING" }] });
    const idle = await cli.run(`dossier resume ${code} --as ${ward}`);
    expect(idle).toMatchObject({ code: EXIT.refused });
  });

  it("does not run again without the proof where something was to be paid", async () => {
    const code = await dossierAt("unpaid");
    const bare = await cli.run(`dossier resume ${code} --as ${ward}`);
    expect(bare.code).toBe(EXIT.refused);
    expect(bare.stderr).toContain("Show the proof of payment: lienthong dossier pay CODE --proof FILE");
    const missing = await cli.run(`dossier pay ${code} --proof ${cli.data}/nothing.pdf --as ${ward}`);
    expect(missing.code).toBe(EXIT.usage);
    expect(missing.stderr).toContain("nothing.pdf cannot be read (ENOENT)");
  });

  it("is given a new date once", async () => {
    const code = await dossierAt("opened");
    await cli.ok(`dossier extend ${code} --until 2025-05-20T17:00:00+07:00 --reason other-agency-late --as ${ward}`);
    expect(await lastSaid(code)).toMatchObject({
      said: "extend",
      reason: "OTHER_AGENCY_LATE",
      dueTime: "2025-05-20T10:00:00Z",
    });
    const again = await cli.run(`dossier extend ${code} --until 2025-05-21 --reason workload --as ${ward}`);
    expect(again.code).toBe(EXIT.refused);
    expect(again.stderr).toContain("Event 2 of the dossier decided it");
  });
});

describe("assign", () => {
  it("names another unit of the agency, and refuses one of another agency", async () => {
    const code = await dossierAt("opened");
    const assigned = await cli.json(
      `dossier assign ${code} --unit ${ward}-chu-tich --officer can-bo-7 --internal-step 2 --as ${ward}`,
    );
    expect(assigned).toMatchObject({ branches: [{ unit: `${ward}-chu-tich`, holder: ward }] });
    expect(await lastSaid(code)).toMatchObject({ said: "assign", assignedUnit: `${ward}-chu-tich`, internalStep: 2 });
    const foreign = await cli.run(`dossier assign ${code} --unit no-such-unit --as ${ward}`);
    expect(foreign.code).toBe(EXIT.refused);
    expect(foreign.stderr).toContain("lienthong agency show AGENCY");
    const trail = read((await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, wide)).stdout);
    expect(trail).toContain("giao Chủ tịch UBND phường Trúc Bạch xử lý (việc nội bộ số 2)");
  });
});

describe("consult", () => {
  it("asks several agencies along one edge, one of them leading, and tells what they said", async () => {
    const code = await dossierAt("permitOpened");
    const asked = await cli.json(
      `dossier consult ${code} --edge ask-opinions=hn-so-xd --edge ask-opinions=hn-so-qhkt --lead hn-so-xd --as ${ward}`,
    );
    expect(asked).toMatchObject({
      branches: [
        { branch: "0", state: "WORKING" },
        { branch: "0.1", state: "HANDED_OVER" },
        { branch: "0.2", state: "HANDED_OVER" },
      ],
      receivers: [{ branch: "0.1", agency: "hn-so-xd", edge: "ask-opinions", why: null }, { agency: "hn-so-qhkt" }],
    });
    expect(await lastSaid(code)).toMatchObject({ said: "consult", leadBranch: "0.1" });
    await cli.ok(`dossier acknowledge ${code} --as hn-so-xd`);
    const given = await cli.ok(`dossier complete ${code} --outcome granted --as hn-so-xd --lang vi`);
    expect(given.stdout).toContain("Nhánh 0.1: đã cho ý kiến.");
    await cli.ok(`dossier refuse ${code} --reason not-competent --as hn-so-qhkt`);
    const other = await cli.json(`dossier forward ${code} --branch 0.2 --edge ask-opinions=hn-so-nnmt --as ${ward}`);
    expect(other).toMatchObject({ receivers: [{ branch: "0.2", edge: "ask-opinions", agency: "hn-so-nnmt" }] });
    await cli.ok(`dossier complete ${code} --as ${ward}`);
    await cli.ok(`dossier return ${code} --outcome granted --as ${ward}`);
    const trail = read((await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, wide)).stdout);
    expect(trail).toContain("lấy ý kiến 2 cơ quan, Sở Xây dựng chủ trì");
    expect(trail).toContain("cho ý kiến: đồng ý");
  });

  it("says who may lead, and where the route asks for nothing", async () => {
    const code = await dossierAt("permitOpened");
    const lead = await cli.run(`dossier consult ${code} --edge ask-opinions=hn-so-xd --lead hn-so-qhkt --as ${ward}`);
    expect(lead).toMatchObject({ code: EXIT.usage });
    expect(lead.stderr).toContain("'hn-so-qhkt' is not allowed for --lead; allowed: hn-so-xd.");
    const edge = await cli.run(`dossier consult ${code} --edge ask-everybody --as ${ward}`);
    expect(edge.stderr).toContain("there are: ask-opinions");
    const birth = await dossierAt("opened");
    const none = await cli.run(`dossier consult ${birth} --edge ask=hn-so-xd --as ${ward}`);
    expect(none).toMatchObject({ code: EXIT.refused });
    expect(none.stderr).toContain("The route asks for no opinions at step");
  });
});

describe("forward", () => {
  it("goes back along a back edge, and is told as that", async () => {
    const code = await dossierAt("allowanceTaken");
    const back = await cli.json(`dossier forward ${code} --edge district-back-to-ward --as ${labourDivision}`);
    expect(back).toMatchObject({ receivers: [{ branch: "0", step: "ward-review", agency: ward }] });
    const trail = read((await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, wide)).stdout);
    expect(trail).toContain("chuyển trả hồ sơ");
  });

  it("takes receivers beside the edges, with copies and a date, and not by --to as well", async () => {
    const code = await dossierAt("completed");
    const both = await cli.run(
      `dossier forward ${code} --edge birth-to-residence=${police} --to ${police} --as ${ward}`,
    );
    expect(both).toMatchObject({ code: EXIT.usage });
    expect(both.stderr).toContain("--to does not go together with --edge EDGE=AGENCY");
    const forked = await cli.json(
      `dossier forward ${code} --edge birth-to-residence=${police} --edge birth-to-insurance --copy hn-so-yt --until 2025-05-09 --as ${ward}`,
    );
    expect(forked).toMatchObject({
      receivers: [
        { branch: "0.1", agency: police, why: null },
        { branch: "0.2", agency: "hn-bhxh-d-001", why: expect.any(String) as unknown },
      ],
    });
  });
});

describe("ends", () => {
  it("a withdrawal ends every branch, said by the desk alone", async () => {
    const code = await dossierAt("taken");
    const foreign = await cli.run(`dossier withdraw ${code} --as ${police}`);
    expect(foreign.code).toBe(EXIT.refused);
    const withdrawn = await cli.json(`dossier withdraw ${code} --reason applicant-ceased --as ${ward}`);
    expect(withdrawn).toMatchObject({
      branches: ["0", "0.1", "0.2"].map((branch) => ({ branch, state: "WITHDRAWN", holder: "" })),
    });
    const trail = read((await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, wide)).stdout);
    expect(trail).toContain("rút hồ sơ: người nộp đã chết hoặc tổ chức đã chấm dứt");
    expect(await cli.json(`dossier show ${code} --as ${ward}`)).toMatchObject({ ended: true });
  });

  it("a stopped branch of a fork is not waited for by the join", async () => {
    const code = await dossierAt("taken");
    await cli.ok(`dossier stop ${code} --branch 0.2 --reason by-law --as ${ward}`);
    for (const line of [`complete ${code} --as ${police}`, `forward ${code} --as ${police}`])
      await cli.ok(`dossier ${line}`);
    const taken = await cli.ok(`dossier acknowledge ${code} --branch 0.1 --as ${ward}`);
    expect(taken.stdout).toContain("Next: join 0.1.");
    expect((await cli.ok(`dossier join ${code} --as ${ward}`)).stdout).toContain("return the result to the citizen");
  });

  it("erasure says what is erased and moves nothing", async () => {
    const code = await dossierAt("opened");
    const id = "01970000-0000-7000-8000-000000000001";
    const erased = await cli.json(`dossier erase ${code} --reason mistake --document ${id} --as ${ward}`);
    expect(erased).toMatchObject({ event: { number: 2 }, branches: [] });
    expect(await lastSaid(code)).toMatchObject({ said: "erase", reason: "MISTAKE", erasedIds: [id] });
    const foreign = await cli.run(`dossier erase ${code} --reason mistake --as ${police}`);
    expect(foreign.code).toBe(EXIT.refused);
  });
});

describe("an inbox", () => {
  it("tells how to answer a recall and a request for papers", async () => {
    const code = await dossierAt("allowanceTaken");
    await cli.ok(`dossier supplement ${code} --request income-statement --as ${labourDivision}`);
    const found = Promise.withResolvers<void>();
    const watched = await cli.ok(`inbox watch --as ${ward} --subscription papers`, {
      interrupted: found.promise,
      onStdout: (text) => text.includes(`supplement ${code}`) && found.resolve(),
    });
    expect(watched.stdout).toContain("asked the citizen for papers (papers missing): income-statement");
    expect(watched.stdout).toContain(
      `bring them with: lienthong dossier supplement ${code} --branch 0 --bring --as ${ward}`,
    );
    const forked = await dossierAt("recallAsked");
    const asked = Promise.withResolvers<void>();
    const police0 = await cli.ok(`inbox watch --as ${police} --subscription recalls --lang vi`, {
      interrupted: asked.promise,
      onStdout: (text) => text.includes(`recall ${forked}`) && asked.resolve(),
    });
    expect(police0.stdout).toContain("xin thu hồi hồ sơ đã chuyển: cần chỉnh sửa hồ sơ");
  });
});
