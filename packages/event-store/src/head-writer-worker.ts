// A thread that keeps the durable head: it may wait for the disk while the main thread goes on.
import { parentPort, workerData } from "node:worker_threads";
import { type DurableHeadValue, openDurableHead } from "./durable-head.ts";

const head = openDurableHead(workerData as string);

parentPort?.on("message", (value: DurableHeadValue | null) => {
  if (value === null) {
    head.close();
    parentPort?.close();
    return;
  }
  try {
    head.write(value);
    parentPort?.postMessage(null);
  } catch (error) {
    parentPort?.postMessage((error as Error).message);
  }
});
