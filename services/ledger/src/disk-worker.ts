// The thread that a ledger's files are written on, in the order in which that was asked.
import { parentPort } from "node:worker_threads";
import type { DiskOrder, DiskReply } from "./disk.ts";
import { putFilesSync, removeFoldersSync } from "./put-files.ts";

parentPort?.on("message", ({ ticket, files, folders }: DiskOrder) => {
  let problem: DiskReply["problem"] = null;
  try {
    putFilesSync(files);
    removeFoldersSync(folders);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    problem = { message, code: code ?? "" };
  }
  parentPort?.postMessage({ ticket, problem } satisfies DiskReply);
});
