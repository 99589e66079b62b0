import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Bus } from "@lienthong/bus";
import { tellBundle, verifyBundle, writeBundle } from "@lienthong/verifier";
import { gatherBundle } from "./bus/gather-bundle.ts";
import { linesText } from "./commands/verify.ts";
import { messagesIn } from "./messages/language.ts";
import type { SystemConnections } from "./play-on-bus.ts";
import { createStyle } from "./render/style.ts";
import type { RunOptions } from "./run-options.ts";

/** What became of a shown trail's bundle. */
export interface ShownVerification {
  /** What it proves, for people. */
  readonly text: string;
  /** How anybody does it again. */
  readonly command: string;
}

/** Writes the bundle of a dossier, reads it back as a stranger would who trusts this network's genesis and policy, and says what it proves. */
export async function verifyShown(
  bus: Bus,
  connections: SystemConnections,
  dossier: string,
  agency: string,
  { language, columns, color }: RunOptions,
): Promise<ShownVerification> {
  const bundle = await gatherBundle(
    { exchange: connections.forAgency(agency), registry: connections.registry(), ledger: connections.ledger() },
    { shard: bus.shard.name, dossier, agency },
  );
  const folder = join(bus.folder.root, "bundles");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${dossier}.json`);
  const written = writeBundle(bundle);
  await writeFile(file, written, { mode: 0o600 });
  const { network } = bus.registry.state;
  const report = await verifyBundle(written, { network, policy: bundle.policy });
  const words = messagesIn(language).verify;
  const terminal = { columns: Math.min(columns, 120), style: createStyle(color) };
  const path = (absolute: string) => {
    const near = relative(process.cwd(), absolute);
    return near.startsWith("..") ? absolute : near;
  };
  const trust = `--network ${Buffer.from(network).toString("hex")} --policy ${path(bus.folder.policy)}`;
  return {
    text: `${words.verifiedNow(path(file))}\n${linesText(tellBundle(report, language), terminal)}`,
    command: `npx lienthong verify ${path(file)} ${trust}`,
  };
}
