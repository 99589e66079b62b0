import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const versionFile = fileURLToPath(new URL("./earlier-version", import.meta.url));

/** The commit that this version is upgraded from: the one named in the file `earlier-version`. */
export async function earlierVersion(): Promise<string> {
  return (await readFile(versionFile, "utf8")).trim();
}

/**
 * Unpacks a commit's own modules into a folder, beside the libraries that this tree has. Gives a sentence instead where the commit is not
 * here, as in a clone without history.
 */
export async function unpackEarlierTree(commit: string, folder: string): Promise<string | null> {
  const isHere = await run("git", ["-C", root, "cat-file", "-e", `${commit}^{commit}`]).then(
    () => true,
    () => false,
  );
  if (!isHere)
    return `this clone does not have the commit ${commit} (test/faults/replication/earlier-version); fetch its history`;
  await mkdir(folder, { recursive: true });
  const archive = spawn("git", ["-C", root, "archive", commit, "packages", "services", "deploy", "package.json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const unpack = spawn("tar", ["-x", "-C", folder], { stdio: [archive.stdout, "inherit", "inherit"] });
  const [[archived], [unpacked]] = await Promise.all([once(archive, "exit"), once(unpack, "exit")]);
  if (archived !== 0 || unpacked !== 0) throw new Error(`The commit ${commit} could not be unpacked into ${folder}.`);
  await linkLibraries(folder);
  return null;
}

/** Libraries are this tree's; the project's own packages are the earlier ones. */
async function linkLibraries(folder: string): Promise<void> {
  const libraries = join(root, "node_modules");
  const links = join(folder, "node_modules");
  await mkdir(join(links, "@lienthong"), { recursive: true });
  for (const name of await readdir(libraries)) {
    if (name !== "@lienthong") await symlink(join(libraries, name), join(links, name));
  }
  for (const kind of ["packages", "services"]) {
    for (const path of await readdir(join(folder, kind))) {
      await symlink(join(folder, kind, path), join(links, "@lienthong", basename(path)));
    }
  }
}
