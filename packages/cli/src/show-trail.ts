import { loadTrail } from "./bus/trail-view.ts";
import type { SystemConnections } from "./play-on-bus.ts";
import { renderTrail } from "./render/trail.ts";
import type { RunOptions } from "./run-options.ts";

/** The trail of a dossier as `dossier trail` shows it, for an agency that may read it. */
export async function showTrail(
  shard: string,
  connections: SystemConnections,
  dossier: string,
  agency: string,
  { language, columns, color }: RunOptions,
): Promise<string> {
  const view = await loadTrail({
    exchange: connections.forAgency(agency),
    registry: connections.registry(),
    shard,
    dossier,
    agency,
  });
  return renderTrail(view, { language, columns: Math.min(columns, 120), color });
}
