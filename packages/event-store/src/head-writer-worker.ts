// A thread that keeps the durable head: it may wait for the disk while the main thread goes on.
import { parentPort, workerData } from "node:worker_threads";
import { openDurableHead } from "./durable-head.ts";
import { headMailbox } from "./head-mailbox.ts";
import type { HeadWritten } from "./head-writer.ts";

const { path, memory } = workerData as { path: string; memory: SharedArrayBuffer };
const mailbox = headMailbox(memory);
const head = openDurableHead(path);
const tell = (written: HeadWritten): void => parentPort?.postMessage(written);

for (let taken = mailbox.take(); taken !== null; taken = mailbox.take()) {
  try {
    head.write(taken.value);
    tell({ ticket: taken.ticket, problem: null });
  } catch (error) {
    tell({ ticket: taken.ticket, problem: (error as Error).message });
  }
}
head.close();
parentPort?.close();
