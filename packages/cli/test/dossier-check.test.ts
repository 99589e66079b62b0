import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, newCode, startCliBus } from "./cli-bus.ts";
import { bring, insurance, police, ward } from "./stages.ts";

let cli: CliBus;
let files: string;
beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "lienthong-check-"));
  cli = await startCliBus();
}, 120_000);
afterAll(async () => {
  await cli?.stop();
  await rm(files, { recursive: true, force: true });
}, 60_000);

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(files, `${newCode()}-${name}`);
  await writeFile(path, content);
  return path;
}

describe("dossier check", () => {
  it("says at the desk what was committed to, after the bus's copies are erased as before", async () => {
    const code = newCode();
    await bring(cli, code, "completed");
    const path = await file("form.pdf", randomBytes(300_000));
    const put = await cli.json(`document put ${path} --dossier ${code} --kind application-form --as ${ward}`);
    const salts = String(put.saltsFile);
    const early = await cli.run(`dossier check ${code} --salt ${salts} --as ${ward}`);
    expect(early).toMatchObject({ code: EXIT.refused });
    expect(early.stderr).toContain(`No event of ${code} that you may read commits to this`);
    await cli.ok(`dossier forward ${code} --document birth-to-residence=${put.documentId} --as ${ward}`);

    const before = await cli.ok(`dossier check ${code} --salt ${salts} --as ${ward}`, { columns: 600 });
    expect(before.stdout).toContain(`is the document (application-form) that ${ward} committed to in event 3 of`);
    const erased = await cli.ok(`dossier erase ${code} --reason mistake --as ${ward}`, { columns: 600 });
    expect(erased.stderr).toContain("The bus's copies are gone: 1 document with their salts.");
    const gone = await cli.run(`document get ${put.documentId} --dossier ${code} -o ${path}.copy --as ${police}`);
    expect(gone).toMatchObject({ code: EXIT.refused });
    const after = await cli.json(`dossier check ${code} --salt ${salts} --as ${ward}`);
    expect(after).toMatchObject({ documentId: put.documentId, matches: true, event: { number: 3, agency: ward } });

    // Handed on with its salts, elsewhere and under other names, it can be checked by whoever may read the event.
    const [copy, handed] = [join(files, `${code}-got.pdf`), join(files, `${code}-salts.json`)];
    await copyFile(path, copy);
    await copyFile(salts, handed);
    await cli.ok(`dossier check ${code} --salt ${handed} --file ${copy} --as ${police}`);
    const unnamed = await cli.run(`dossier check ${code} --salt ${handed} --as ${police}`);
    expect(unnamed).toMatchObject({ code: EXIT.usage });
    await writeFile(copy, Buffer.concat([await readFile(path), Buffer.from([0])]));
    const other = await cli.run(`dossier check ${code} --salt ${handed} --file ${copy} --as ${ward} --lang vi`);
    expect(other).toMatchObject({ code: EXIT.refused });
    expect(other.stderr).toContain(`Đây không phải điều mà sự kiện 3 của ${code} cam kết`);
    const nothing = await cli.ok(`dossier erase ${code} --reason mistake --document ${put.documentId} --as ${ward}`);
    expect(nothing.stderr).toContain("The bus's copies are gone");
  });

  it("says who applied, from what the desk kept", async () => {
    const code = newCode();
    const applicant = { kind: "citizen", identity: "999199000001", name: " nguyễn thị  ánh", born: "1999-02-28" };
    const path = await file("applicant.json", JSON.stringify(applicant));
    const open = `dossier open ${code} --procedure birth-group-nd63 --applicant ${path} --as ${ward}`;
    const { saltsFile } = await cli.json(open);
    expect((await stat(String(saltsFile))).mode & 0o777).toBe(0o600);
    const checked = await cli.ok(`dossier check ${code} --salt ${saltsFile} --as ${ward} --lang vi`, { columns: 300 });
    expect(checked.stdout).toContain(`người nộp mà ${ward} đã cam kết tại sự kiện 1 của ${code}`);
    const kept = JSON.parse(await readFile(String(saltsFile), "utf8")) as { applicant: object };
    const name = "Nguyễn Thị Anh";
    await writeFile(String(saltsFile), JSON.stringify({ ...kept, applicant: { ...kept.applicant, name } }));
    expect(await cli.run(`dossier check ${code} --salt ${saltsFile} --as ${ward}`)).toMatchObject({
      code: EXIT.refused,
    });
    const foreign = await cli.run(`dossier check ${code} --salt ${saltsFile} --as ${insurance}`);
    expect(foreign).toMatchObject({ code: EXIT.refused });
  });

  it("refuses files that are none of its kind, without repeating what stands in them", async () => {
    const odd = await file("odd.json", '{"document":{"kind":"Nguyễn Thị Ánh"}}');
    for (const line of [`--salt ${odd} --file ${odd}`, `--salt ${odd}.none`]) {
      const ran = await cli.run(`dossier check ${newCode()} ${line} --as ${ward}`);
      expect(ran).toMatchObject({ code: EXIT.usage });
      expect(ran.stderr).not.toContain("Ánh");
    }
    for (const bad of [
      "[]",
      '{"kind":"citizen","identity":"079 099","name":"Nguyễn Thị Ánh"}',
      '{"kind":"x","name":"y"}',
    ]) {
      const ran = await cli.run(
        `dossier open ${newCode()} --procedure birth-group-nd63 --applicant ${await file("a.json", bad)} --as ${ward}`,
      );
      expect(ran).toMatchObject({ code: EXIT.usage });
      expect(ran.stderr).not.toMatch(/Ánh|079/);
    }
  });
});
