import { findNatsServer } from "@lienthong/nats-server";

/** Stops a run on the wrong Node in one sentence, and finds the nats-server once for all files. */
export default async function setup(): Promise<void> {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 24) {
    throw new Error(
      `These tests run on Node 24 or newer, not ${process.versions.node}; use "npm test", which finds the pinned one.`,
    );
  }
  await findNatsServer({ report: (line) => void process.stderr.write(`${line}\n`) });
}
