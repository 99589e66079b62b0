import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, newCode, startCliBus } from "./cli-bus.ts";
import { bring, insurance, police, ward } from "./stages.ts";

let cli: CliBus;
let files: string;
beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "lienthong-documents-"));
  cli = await startCliBus();
}, 120_000);
afterAll(async () => {
  await cli?.stop();
  await rm(files, { recursive: true, force: true });
}, 60_000);

async function file(name: string, bytes: Uint8Array = randomBytes(700_000)): Promise<string> {
  const path = join(files, `${newCode()}-${name}`);
  await writeFile(path, bytes);
  return path;
}

describe("documents", () => {
  it("are put, named by a forward for one receiver, and fetched by it alone", async () => {
    const code = newCode();
    await bring(cli, code, "completed");
    const path = await file("form.pdf");
    const put = await cli.ok(`document put ${path} --dossier ${code} --kind application-form --as ${ward}`, {
      columns: 600,
    });
    const id = put.stdout.trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(put.stderr).toContain("100 %  700 kB / 700 kB\n");
    expect(put.stderr).toContain("with its salts you can prove later what was put");

    await cli.ok(`dossier forward ${code} --document birth-to-residence=${id} --as ${ward}`);
    const { events } = (await cli.json(`dossier trail ${code} --as ${ward}`)) as { events: { content: unknown }[] };
    expect(events.at(-1)?.content).toMatchObject({
      said: "forward",
      documents: [{ documentId: id, kind: "application-form", mediaType: "application/pdf", sizeBytes: 700_000 }],
    });
    const trail = await cli.ok(`dossier trail ${code} --as ${ward} --lang vi`, { columns: 600 });
    expect(trail.stdout).toContain("chuyển song song đến 2 cơ quan; kèm 1 tài liệu: application-form");

    const copy = join(files, `${code}.copy`);
    const got = await cli.json(`document get ${id} --dossier ${code} -o ${copy} --as ${police}`);
    expect(got).toMatchObject({ documentId: id, dossier: code, path: copy, signed: true });
    expect(await readFile(copy)).toEqual(await readFile(path));
    const foreign = await cli.run(`document get ${id} --dossier ${code} -o ${copy}.2 --as ${insurance}`);
    expect(foreign.code).toBe(EXIT.refused);
    await expect(stat(`${copy}.2`)).rejects.toMatchObject({ code: "ENOENT" });
    expect((await cli.ok(`document list --dossier ${code} --as ${police} --json`)).json()).toEqual([
      expect.objectContaining({ documentId: id, dossier: code, agency: ward, state: "COMPLETE" }),
    ]);
    const listed = await cli.ok(`document list --dossier ${code} --as ${police} --lang vi`, { columns: 80 });
    expect(listed.stdout).toContain(id);
    expect(listed.stderr).toContain("1 tài liệu.");
  });

  it("keep their id and salts beside the file, so that putting it again goes on with the same one", async () => {
    const code = newCode();
    const path = await file("scan.png");
    const put = `document put ${path} --dossier ${code} --kind identity-card --as ${ward}`;
    const first = await cli.json(put);
    expect(first).toMatchObject({
      kind: "identity-card",
      mediaType: "image/png",
      dossier: code,
      saltsFile: `${path}.${code}.salts.json`,
      repeated: false,
    });
    expect((await stat(String(first.saltsFile))).mode & 0o777).toBe(0o600);
    expect(await cli.json(put)).toEqual({ ...first, repeated: true });
    const again = await cli.ok(put);
    expect(again.stderr).toContain(`This file was put before as ${first.documentId}`);
    await writeFile(path, randomBytes(700_000));
    expect((await cli.json(put)).documentId).not.toBe(first.documentId);
  });

  it("that are not there cannot be named, and files that are not there cannot be put", async () => {
    const code = newCode();
    await bring(cli, code, "completed");
    const id = "01970000-0000-7000-8000-000000000001";
    const unknown = await cli.run(`dossier forward ${code} --document ${id} --as ${ward} --lang vi`);
    expect(unknown).toMatchObject({ code: EXIT.refused });
    expect(unknown.stderr).toContain(`lienthong document list --dossier ${code} --as ${ward}`);
    const missing = await cli.run(`document put ${files}/none.pdf --dossier ${code} --kind x --as ${ward}`);
    expect(missing).toMatchObject({ code: EXIT.usage });
    const aFolder = await cli.run(`document put ${files} --dossier ${code} --kind x --as ${ward}`);
    expect(aFolder).toMatchObject({ code: EXIT.usage });
    const kind = await cli.run(
      `document put ${await file("a.txt")} --dossier ${code} --kind "Not A Kind" --as ${ward}`,
    );
    expect(kind).toMatchObject({ code: EXIT.refused });
  });

  it("prove a payment, as a file or by their id", async () => {
    for (const how of ["file", "id"]) {
      const code = newCode();
      await bring(cli, code, "unpaid");
      const receipt = await file("receipt.pdf", randomBytes(10));
      const put = `document put ${receipt} --dossier ${code} --kind payment-proof --as ${ward}`;
      const proof = how === "file" ? receipt : String((await cli.json(put)).documentId);
      const paid = await cli.json(`dossier pay ${code} --proof ${proof} --as ${ward}`);
      expect(paid).toMatchObject({ branches: [{ state: "WORKING" }] });
    }
  });
});
