import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own, small enough to be filled. */
export interface SmallDisk {
  /** A folder on it. */
  readonly path: string;
  /** Takes all space that is left but so many bytes. */
  fill(bytesLeft?: number): void;
  /** Gives it back. */
  makeRoom(): void;
  /** Lets nothing be written any more, as a kernel does when a disk fails; files must not be open for writing. */
  setReadOnly(on: boolean): void;
  remove(): void;
}

const ballastName = "ballast";

/** Makes a disk in memory. Throws where this process may not mount one. */
export function mountSmallDisk(mebibytes: number): SmallDisk {
  const mountPoint = mkdtempSync(join(tmpdir(), "lienthong-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=700`, "tmpfs", mountPoint], { stdio: "pipe" });
  const path = join(mountPoint, "data");
  mkdirSync(path);
  const ballast = join(mountPoint, ballastName);
  return {
    path,
    fill(bytesLeft = 0) {
      const file = openSync(ballast, "w");
      let written = 0;
      try {
        for (let part = Buffer.alloc(65_536, 1); part.length > 0; ) {
          try {
            written += writeSync(file, part);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
            part = part.subarray(0, Math.floor(part.length / 16));
          }
        }
      } finally {
        closeSync(file);
      }
      if (bytesLeft > 0) execFileSync("truncate", ["-s", String(Math.max(0, written - bytesLeft)), ballast]);
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    setReadOnly: (on) =>
      void execFileSync("mount", ["-o", `remount,${on ? "ro" : "rw"}`, mountPoint], { stdio: "pipe" }),
    remove() {
      // Lazily: a server that is being ended may still have a file open.
      execFileSync("umount", ["-l", mountPoint], { stdio: "pipe" });
      rmSync(mountPoint, { recursive: true, force: true });
    },
  };
}

/**
 * Whether disks can be mounted here. Says so aloud where they cannot; throws where they must (LIENTHONG_REQUIRE_MOUNT=1).
 */
export function mountingIsPossible(): boolean {
  try {
    mountSmallDisk(1).remove();
    return true;
  } catch (error) {
    const why = String((error as { stderr?: Buffer }).stderr ?? error).trim();
    if (process.env.LIENTHONG_REQUIRE_MOUNT === "1") throw new Error(`Full disks cannot be tested: ${why}`);
    process.stderr.write(`\nFULL AND READ-ONLY DISKS ARE NOT TESTED HERE: no disk can be mounted (${why}).\n\n`);
    return false;
  }
}
