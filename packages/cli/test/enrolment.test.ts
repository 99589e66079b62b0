import { readFileSync, statSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, narrowSeed, startBus } from "@lienthong/bus";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { EXIT } from "../src/exit-codes.ts";
import { type Ran, runLine } from "./run-line.ts";

const ward = "hn-wold-00004";
const system = "truc-bach";
const nextSystem = "truc-bach-2";

let root: string;
let data: string;
/** Folder at the ward; nothing of it lies with the bus. */
let atWard: string;
let registrarKey: string;
let bus: Bus;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-cli-enrolment-"));
  data = join(root, "bus");
  atWard = join(root, "ward");
  bus = await startBus({ dataDirectory: data, seed: async () => narrowSeed(await loadSeed(), ["00004"]) });
  registrarKey = bus.folder.registrarKey;
}, 120_000);
afterAll(async () => {
  await bus?.stop();
  await rm(root, { recursive: true, force: true });
}, 60_000);

const run = (line: string, folder = data): Promise<Ran> => runLine([...line.split(" "), "--data", folder]);
async function ok(line: string, folder = data): Promise<Ran> {
  const ran = await run(line, folder);
  expect(ran, line).toMatchObject({ code: EXIT.ok });
  return ran;
}
async function refused(line: string, folder = data): Promise<string> {
  const ran = await run(line, folder);
  expect(ran, line).toMatchObject({ code: EXIT.refused, stdout: "" });
  return ran.stderr;
}

interface RequestShown {
  fingerprint: string;
  key: { keyId: string; algorithm: string; replaces: string } | null;
  file: string;
}
interface ApprovedShown {
  recorded: { subject: string; number: number; isNew: boolean }[];
  certificateIsNew: boolean;
  approval: string;
}
interface KeyShown {
  keyId: string;
  entry: number;
  replaces: string;
  withoutEarlierKey: boolean;
  demonstration: boolean;
  revoked: { entry: number; reason: string; doubtedSince: string } | null;
}

const asked = async (line: string): Promise<RequestShown> => (await ok(`${line} --json`)).json() as RequestShown;
const approve = async (file: string, more = ""): Promise<ApprovedShown> =>
  (await ok(`agency approve ${file} --registrar-key ${registrarKey}${more} --json`)).json() as ApprovedShown;
const keysOf = async (agency: string): Promise<KeyShown[]> =>
  ((await ok(`agency keys list --agency ${agency} --json`)).json() as { keys: KeyShown[] }).keys;
const entries = (): number => bus.registry.state.size;

async function untilFollowed(size: number): Promise<void> {
  await bus.registry.waitForSize(size, 20_000);
}

/** Every file under a folder. */
async function filesOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe("an agency that makes its own keys", () => {
  let request: RequestShown;
  let first: ApprovedShown;
  let firstKey: string;
  let sent: string;

  it("asks for a seal, a system and a delegation; private keys stay in its folder, for their owner only", async () => {
    request = await asked(`agency request --agency ${ward} --system ${system} --algorithm p256 --out ${atWard}`);
    expect(request).toMatchObject({ kind: "ENROL", agency: ward, system, delegatesTo: [system] });
    expect(request.fingerprint).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}$/);
    firstKey = request.key?.keyId ?? "";
    const secrets = (await filesOf(atWard)).filter((file) => readFileSync(file, "utf8").includes("PRIVATE KEY"));
    expect(secrets).toHaveLength(2);
    for (const file of secrets) expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = await readFile(request.file, "utf8");
    expect(text).not.toContain("PRIVATE");
    expect(JSON.parse(text)).toMatchObject({ fingerprint: request.fingerprint, agency: ward });
    // Asked again before the approval, it is the same request for the same keys.
    const again = await asked(`agency request --agency ${ward} --system ${system} --out ${atWard}`);
    expect(again).toMatchObject({ fingerprint: request.fingerprint, key: { keyId: firstKey } });
    const said = await ok(`agency request --agency ${ward} --system ${system} --out ${atWard} --lang vi`);
    expect(said.stdout).toContain(`Dấu vân ${request.fingerprint}`);
    expect(said.stderr.replaceAll(/\s+/g, " ")).toContain("đọc dấu vân qua điện thoại");
    // The folder keeps the last request only; the registrar has this one.
    sent = join(root, "sent.json");
    await cp(request.file, sent);
  });

  it("is shown at the registrar, and nothing is recorded without a key, or under another fingerprint", async () => {
    const before = entries();
    const shown = await ok(`agency approve ${request.file}`);
    expect(shown.stdout).toContain("Ủy ban nhân dân phường Trúc Bạch (hn-wold-00004)");
    expect(shown.stdout).toContain(`Fingerprint ${request.fingerprint}`);
    expect(shown.stderr).toContain("Nothing was recorded.");
    const other = await refused(
      `agency approve ${request.file} --registrar-key ${registrarKey} --fingerprint 0000-0000-0000-0000-0000`,
    );
    expect(other).toContain(`The request has the fingerprint ${request.fingerprint}, not 0000-`);
    const wrongKey = await refused(`agency approve ${request.file} --registrar-key ${bus.run.keys}/${ward}.pem`);
    expect(wrongKey).toContain("is no key of the registrar in force");
    // The ward has a demonstration key: whether a second one shall be in force is the registrar's decision to say.
    const second = await refused(`agency approve ${request.file} --registrar-key ${registrarKey}`.concat(" --json"));
    expect((JSON.parse(second) as { error: { message: string } }).error.message).toContain("--additional");
    expect(entries()).toBe(before);
  });

  it("is recorded entry by entry, and approving twice records once and gives the same certificate", async () => {
    const before = entries();
    const typed = request.fingerprint.toLowerCase().replaceAll("-", "");
    first = await approve(request.file, ` --additional --fingerprint ${typed}`);
    expect(first.recorded).toEqual([
      { subject: firstKey, number: before, isNew: true },
      { subject: system, number: before + 1, isNew: true },
      { subject: `${ward}/${system}`, number: before + 2, isNew: true },
    ]);
    const text = await readFile(first.approval, "utf8");
    const again = await approve(request.file);
    expect(again.recorded).toEqual(first.recorded.map((step) => ({ ...step, isNew: false })));
    expect(again.certificateIsNew).toBe(false);
    const [one, two] = [text, await readFile(again.approval, "utf8")].map(
      (each) => (JSON.parse(each) as { certificate: string }).certificate,
    );
    expect(two).toBe(one);
    await untilFollowed(before + 3);
    expect(entries()).toBe(before + 3);
  });

  it("installs the approval, and works on its folder alone: a dossier opened and received with its own key and certificate", async () => {
    const installed = await ok(`agency install ${first.approval} --out ${atWard}`);
    expect(installed.stdout).toContain(`${ward} signs with ${firstKey} from now on.`);
    expect(installed.stderr).toContain(`lienthong inbox watch --data ${atWard} --as ${ward}`);
    // Again is a no-op.
    expect((await ok(`agency install ${first.approval} --out ${atWard} --json`)).json()).toMatchObject({
      keyId: firstKey,
      system,
    });
    const opened = await ok(`dossier open H26-250505-8001 --procedure 2.000286 --as ${ward} --json`, atWard);
    expect(opened.json()).toMatchObject({ event: { number: 1 } });
    const trail = (await ok(`dossier trail H26-250505-8001 --as ${ward} --json`, atWard)).json();
    expect(trail).toMatchObject({ chain: { whole: true }, events: [{ content: { agency: ward, system } }] });
    const listed = await ok(`agency keys list --agency ${ward} --json`, atWard);
    expect(listed.json()).toMatchObject({
      delegations: expect.arrayContaining([expect.objectContaining({ system, stands: true })]) as unknown,
    });
  });

  it("rotates its seal: the new one is signed by the old one, which stays in use until the approval is installed", async () => {
    const rotation = await asked(`agency rotate --agency ${ward} --out ${atWard}`);
    expect(rotation.key).toMatchObject({ algorithm: "ED25519", replaces: firstKey });
    await ok(`dossier open H26-250505-8002 --procedure 2.000286 --as ${ward}`, atWard);
    const { recorded, approval } = await approve(rotation.file, ` --fingerprint ${rotation.fingerprint}`);
    expect(recorded).toHaveLength(1);
    await ok(`agency install ${approval} --out ${atWard}`);
    await untilFollowed(recorded[0]!.number + 1);
    await ok(`dossier open H26-250505-8003 --procedure 2.000286 --as ${ward}`, atWard);
    const keys = await keysOf(ward);
    expect(keys.find(({ keyId }) => keyId === rotation.key?.keyId)).toMatchObject({
      replaces: firstKey,
      withoutEarlierKey: false,
    });
    // The old key is kept aside, and still counts until it is revoked.
    const oldKeyFile = (await filesOf(atWard)).find((file) =>
      file.includes(`retired/${ward}-${firstKey.slice(0, 16)}`),
    );
    const withOld = `--procedure 2.000286 --as ${ward} --key ${oldKeyFile}`;
    await ok(`dossier open H26-250505-8004 ${withOld}`, atWard);
    const revoked = (
      await ok(`agency revoke ${firstKey.slice(0, 16)} --reason superseded --registrar-key ${registrarKey} --json`)
    ).json() as { number: number; isNew: boolean };
    expect(revoked).toMatchObject({ subject: firstKey, agency: ward, isNew: true });
    await untilFollowed(revoked.number + 1);
    expect(await refused(`dossier open H26-250505-8005 ${withOld}`, atWard)).toContain("[KEY_REVOKED");
    const again = await ok(`agency revoke ${firstKey} --reason superseded --registrar-key ${registrarKey}`);
    expect(again.stderr).toContain("It was so already");
    expect(await refused(`agency approve ${sent} --registrar-key ${registrarKey} --additional`)).toContain(
      "a revoked key never comes back",
    );
  });

  it("renews its certificate, for the same key without an entry and for a new one with", async () => {
    const size = entries();
    const renewal = await asked(`agency renew --agency ${ward} --system ${system} --out ${atWard}`);
    expect(renewal.key).toBeNull();
    const same = await approve(renewal.file);
    expect(same.recorded.map(({ isNew }) => isNew)).toEqual([false]);
    await ok(`agency install ${same.approval} --out ${atWard}`);
    const another = await asked(`agency renew --agency ${ward} --system ${system} --new-key --out ${atWard}`);
    const changed = await approve(another.file, " --only-this-tls-key");
    expect(changed).toMatchObject({
      recorded: [{ subject: system, number: size, isNew: true }],
      certificateIsNew: true,
    });
    await untilFollowed(size + 1);
    // The certificate in use is for a key that the system has no more; the new one is put in place by the approval.
    expect(await refused(`agency list --json`, atWard)).toContain("SYSTEM_UNKNOWN");
    await ok(`agency install ${changed.approval} --out ${atWard}`);
    await ok("agency list --json", atWard);
  });

  it("changes its software vendor: the new system speaks for it, the old one no more", async () => {
    const change = await asked(
      `agency request --agency ${ward} --system ${nextSystem} --system-name NewVendor --end-delegation ${system} --end-delegation hn-mot-cua --out ${atWard}`,
    );
    expect(change).toMatchObject({ key: null, delegatesTo: [nextSystem], endsDelegationTo: [system, "hn-mot-cua"] });
    const { recorded, approval } = await approve(change.file, ` --fingerprint ${change.fingerprint}`);
    expect(recorded.map(({ subject }) => subject)).toEqual([
      nextSystem,
      `${ward}/${nextSystem}`,
      `${ward}/${system}`,
      `${ward}/hn-mot-cua`,
    ]);
    await untilFollowed(recorded.at(-1)!.number + 1);
    expect(await refused(`dossier show H26-250505-8001 --as ${ward} --system ${system}`, atWard)).toContain(
      "DELEGATION_MISSING",
    );
    expect(await refused(`dossier show H26-250505-8001 --as ${ward} --system hn-mot-cua`)).toContain(
      "DELEGATION_MISSING",
    );
    await ok(`agency install ${approval} --out ${atWard}`);
    await ok(`dossier open H26-250505-8006 --procedure 2.000286 --as ${ward}`, atWard);
  });

  it("loses its key: the registrar revokes it and records another, and everybody sees which it was", async () => {
    const lost = (await keysOf(ward)).find(({ revoked, demonstration }) => revoked === null && !demonstration)!;
    const elsewhere = join(root, "ward-again");
    const anew = await asked(`agency request --agency ${ward} --delegate-to ${nextSystem} --out ${elsewhere}`);
    const since = "2026-11-20T08:00:00+07:00";
    const { recorded, approval } = await approve(
      anew.file,
      ` --lost ${lost.keyId.slice(0, 12)} --doubted-since ${since} --additional`,
    );
    expect(recorded.map(({ subject }) => subject)).toEqual([lost.keyId, anew.key?.keyId, `${ward}/${nextSystem}`]);
    // Again records nothing, though the lost key is revoked by now.
    const again = await approve(anew.file, ` --lost ${lost.keyId.slice(0, 12)} --doubted-since ${since} --additional`);
    expect(again.recorded.every(({ isNew }) => !isNew)).toBe(true);
    const keys = await keysOf(ward);
    expect(keys.find(({ keyId }) => keyId === lost.keyId)?.revoked).toMatchObject({
      reason: "LOST",
      doubtedSince: "2026-11-20T01:00:00Z",
    });
    expect(keys.find(({ keyId }) => keyId === anew.key?.keyId)).toMatchObject({
      replaces: "",
      withoutEarlierKey: true,
    });
    const table = await ok(`agency keys list --agency ${ward}`);
    expect(table.stdout.replaceAll(/\s+/g, " ")).toContain("revoked: lost");
    expect((await ok(`agency install ${approval} --out ${elsewhere} --lang vi`)).stdout).toContain("Từ nay");
  });

  it("shows the agency every change, all that were and then each as it is recorded, until Ctrl-C", async () => {
    const interrupt = Promise.withResolvers<void>();
    const complete = Promise.withResolvers<void>();
    const lines: { what: string; entry: number; toBeKnown: boolean; keyId: string; system: string }[] = [];
    const watching = runLine(["agency", "keys", "watch", "--agency", ward, "--json", "--data", atWard], {
      interrupted: interrupt.promise,
      onStdout(text) {
        const whole = text.split("\n").slice(0, -1);
        for (const line of whole.slice(lines.length)) lines.push(JSON.parse(line));
        if (lines.at(-1)?.what === "DELEGATION_GIVEN" && lines.at(-1)?.system === nextSystem) complete.resolve();
        if (lines.at(-1)?.what === "DELEGATION_ENDED" && lines.at(-1)?.system === nextSystem) interrupt.resolve();
      },
    });
    await complete.promise;
    await ok(`agency revoke ${ward}/${nextSystem} --registrar-key ${registrarKey}`);
    const watched = await watching;
    expect(watched).toMatchObject({ code: EXIT.ok, stderr: "" });
    expect(lines.map(({ what }) => what)).toEqual([
      // As the demonstration began,
      "KEY_FIRST",
      "DELEGATION_GIVEN",
      // the agency's own key, system and delegation,
      "KEY_ADDED",
      "DELEGATION_GIVEN",
      "KEY_ROTATED",
      "KEY_REVOKED",
      "SYSTEM_CHANGED",
      // the other vendor,
      "DELEGATION_GIVEN",
      "DELEGATION_ENDED",
      "DELEGATION_ENDED",
      // the lost key,
      "KEY_REVOKED",
      "KEY_ADDED",
      // and what the registrar did while it was watched.
      "DELEGATION_ENDED",
    ]);
    expect(lines.map(({ toBeKnown }) => toBeKnown)).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
      true,
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(new Set(lines.map(({ entry }) => entry)).size).toBe(lines.length);
    const said = await ok(`agency keys watch --agency ${ward} --count 3 --lang vi`);
    expect(said.stdout).toContain("KHÔNG có chữ ký của khóa nào trước đó của cơ quan");
    expect(said.stdout).toContain("Chỉ có bên quản lý sổ đăng ký ký nội dung này.");
    expect(said.stdout).toContain("Chỉ là khóa thử nghiệm");
  });
});

describe("the commands of enrolment", () => {
  it("do not take a demonstration key for an agency's own, though nobody labelled it in the request", async () => {
    const folder = join(root, "copied");
    await mkdir(join(folder, "keys"), { recursive: true });
    await cp(join(bus.run.keys, "hn-so-yt.pem"), join(folder, "keys", "hn-so-yt.next.pem"));
    const { file } = await asked(`agency request --agency hn-so-yt --out ${folder}`);
    const size = entries();
    expect(await refused(`agency approve ${file} --registrar-key ${registrarKey} --additional`)).toContain(
      "is a demonstration key: its private key lies on the operator's disk",
    );
    expect(entries()).toBe(size);
  });

  it("say what is missing or wrong, and end with 2 or 1", async () => {
    const usage = async (line: string) => {
      const ran = await run(line);
      expect(ran, line).toMatchObject({ code: EXIT.usage, stdout: "" });
      return ran.stderr;
    };
    const out = join(root, "nothing");
    expect(await usage(`agency request --agency ${ward}`)).toContain("--out");
    expect(await usage(`agency request --agency ${ward} --out ${out} --algorithm md5`)).toContain(
      "ed25519, p256, rsa2048",
    );
    expect(await usage(`agency request --agency ${ward} --out ${out} --network 12`)).toContain("64 hexadecimal");
    expect(await usage(`agency approve ${out}/missing.json`)).toContain("cannot be read (ENOENT)");
    expect(await usage(`agency revoke 12345678 --registrar-key ${registrarKey}`)).toContain("--reason");
    expect(await usage("agency revoke 12345678 --reason lost")).toContain("--registrar-key FILE");
    expect(await usage(`agency revoke 12345678 --reason lost --registrar-key ${out}/no.pem`)).toContain("ENOENT");
    expect(await usage(`agency renew --agency ${ward} --out ${out}`)).toContain("--system SYSTEM");
    const noBus = await runLine(["agency", "request", "--agency", ward, "--out", out, "--data", out]);
    expect(noBus).toMatchObject({ code: EXIT.usage });
    expect(noBus.stderr).toContain("--network HASH");
    expect(await refused(`agency revoke 1234 --reason lost --registrar-key ${registrarKey}`)).toContain(
      "its first 8 characters or more",
    );
    expect(await refused(`agency revoke ${"0".repeat(16)} --reason lost --registrar-key ${registrarKey}`)).toContain(
      "has no key 0000",
    );
    expect(await refused(`agency revoke nobody/nothing --registrar-key ${registrarKey}`)).toContain("has no system");
    expect(await refused(`agency revoke system:nobody --registrar-key ${registrarKey}`)).toContain("has no system");
    expect(await refused(`agency rotate --agency ${ward} --out ${out}`)).toContain(`no seal of ${ward}`);
    expect(await refused(`agency renew --agency ${ward} --system none --out ${out}`)).toContain("no TLS key");
    expect(await refused(`agency install ${out}/missing.json --out ${out}`)).toContain("holds no request");
    expect(await refused("agency keys list --agency nobody")).toContain("has no agency nobody");
    expect(await refused("agency keys watch --agency nobody")).toContain("has no agency nobody");
    await writeFile(join(root, "odd.json"), '{"format":"something"}');
    expect(await refused(`agency approve ${root}/odd.json`)).toContain(
      'is no enrolment request: format is "something"; allowed: lienthong-enrolment-request-v1',
    );
  });
});
