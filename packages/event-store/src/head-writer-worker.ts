// A thread that keeps the durable head: it may wait for the disk while the main thread goes on.
import { parentPort, workerData } from "node:worker_threads";
import { openDurableHead } from "./durable-head.ts";
import { headMailbox } from "./head-mailbox.ts";

const { path, memory } = workerData as { path: string; memory: SharedArrayBuffer };
const mailbox = headMailbox(memory);
const head = openDurableHead(path);

for (let value = mailbox.take(); value !== null; value = mailbox.take()) {
  try {
    head.write(value);
    parentPort?.postMessage(null);
  } catch (error) {
    parentPort?.postMessage((error as Error).message);
  }
}
head.close();
parentPort?.close();
