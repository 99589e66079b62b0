// Files that an auditor is given by somebody else: bundles and policies.
import { parsePolicy, TlogFormatError } from "@lienthong/tlog";
import { type BundleReport, FileUnreadableError, verifyBundle, writeBundle } from "@lienthong/verifier";
import { World } from "../../packages/verifier/test/world.ts";
import type { FileReader } from "./file-readers.ts";

const encoder = new TextEncoder();

/** What a bundle says of the dossier: who held it, and up to which event. */
const saidOf = ({ dossier, shard, network, eventCount, custody, branches, ended, completeTo }: BundleReport): string =>
  JSON.stringify({ dossier, shard, network, eventCount, custody, branches, ended, event: completeTo?.event });

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
