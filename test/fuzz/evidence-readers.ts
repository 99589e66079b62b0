// Files that an auditor is given by somebody else: bundles, promises, evidence, policies.
import { parsePolicy, TlogFormatError } from "@lienthong/tlog";
import {
  type BundleReport,
  FileUnreadableError,
  type PromiseReport,
  readEvidenceFile,
  readPromiseFile,
  verifyBundle,
  verifyPromiseFile,
  writeBundle,
  writeEvidenceFile,
  writePromiseFile,
} from "@lienthong/verifier";
import { dueMs, logWithout, promised } from "../../packages/verifier/test/promised-world.ts";
import { World } from "../../packages/verifier/test/world.ts";
import type { FileReader } from "./file-readers.ts";

const encoder = new TextEncoder();

/** What a bundle says of the dossier: who held it, and up to which event. */
const saidOf = ({ dossier, shard, network, eventCount, custody, branches, ended, completeTo }: BundleReport): string =>
  JSON.stringify({ dossier, shard, network, eventCount, custody, branches, ended, event: completeTo?.event });

/** What a promise says of its event, and what became of it. */
const promisedOf = ({ outcome, dossier, shard, network, event, hash, includeBy, replica }: PromiseReport): string =>
  JSON.stringify({ outcome, dossier, shard, network, event, hash, includeBy, replica });

/** The readers of promises and of evidence that one was broken, over one promise. */
async function promiseReaders(): Promise<FileReader[]> {
  const { world, file } = await promised();
  const trust = { network: world.registry.state.network, policy: world.policy, nowMs: dueMs + 1 };
  const log = await logWithout(world, dueMs + 1_000);
  const promise = writePromiseFile(file);
  const evidence = writeEvidenceFile({ promise: file, ...log });
  const promiseTruth = promisedOf(await verifyPromiseFile(file, null, trust));
  const evidenceTruth = promisedOf(await verifyPromiseFile(file, log, trust));
  return [
    {
      name: "promise",
      valid: [encoder.encode(promise)],
      async read(bytes) {
        const report = await verifyPromiseFile(readPromiseFile(new TextDecoder().decode(bytes)), null, trust);
        return report.outcome !== "invalid" && promisedOf(report) !== promiseTruth
          ? "Another promise than the one that was given holds."
          : null;
      },
      refuses: (error) => error instanceof FileUnreadableError,
    },
    {
      name: "evidence",
      valid: [encoder.encode(evidence)],
      async read(bytes) {
        const { promise: told, ...shown } = readEvidenceFile(new TextDecoder().decode(bytes));
        const report = await verifyPromiseFile(told, shown, trust);
        return report.outcome === "broken" && promisedOf(report) !== evidenceTruth
          ? "It convicts the bus of something else than what it did."
          : null;
      },
      refuses: (error) => error instanceof FileUnreadableError,
    },
  ];
}

/** The readers, over one small trail. */
export async function evidenceReaders(): Promise<FileReader[]> {
  const world = await World.create();
  world.filler(1);
  world.open();
  world.forward();
  world.acknowledge();
  world.filler(2);
  const bundle = writeBundle(await world.bundle());
  const trust = { network: world.registry.state.network, policy: world.policy };
  const truth = saidOf(await verifyBundle(bundle, trust));
  return [
    ...(await promiseReaders()),
    {
      name: "bundle",
      valid: [encoder.encode(bundle)],
      async read(bytes) {
        const report = await verifyBundle(new TextDecoder().decode(bytes), trust);
        return report.holds && saidOf(report) !== truth ? "Another trail than the one that was recorded holds." : null;
      },
      refuses: (error) => error instanceof FileUnreadableError,
    },
    {
      name: "policy",
      valid: [encoder.encode(world.policy)],
      read(bytes) {
        parsePolicy(new TextDecoder().decode(bytes));
        return null;
      },
      refuses: (error) => error instanceof TlogFormatError,
    },
  ];
}
