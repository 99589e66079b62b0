import type { RouteEdge } from "@lienthong/contracts/registry/v1/route";
import type { PlacedBox } from "./band-layout.ts";

/** An edge at one side of a box, and the height it is drawn to from there. */
export interface Pull {
  readonly edge: RouteEdge;
  /** Fork that it is drawn together with; empty: alone. */
  readonly group: string;
  readonly towardsY: number;
}

const portGapMax = 20;

/** Heights at which edges leave or reach one side of a box: in the order they are drawn to, those of a fork side by side. */
export function portsOf(box: PlacedBox, pulls: readonly Pull[]): Map<string, number> {
  const groups = [...Map.groupBy(pulls, ({ group, edge }) => (group === "" ? `edge ${edge.id}` : `fork ${group}`))].map(
    ([, members]) => ({
      members: members.toSorted((a, b) => a.towardsY - b.towardsY),
      towardsY: members.reduce((sum, { towardsY }) => sum + towardsY, 0) / members.length,
    }),
  );
  const ordered = groups.toSorted((a, b) => a.towardsY - b.towardsY).flatMap(({ members }) => members);
  const height = box.bottom - box.top;
  const gap = ordered.length < 2 ? 0 : Math.min(portGapMax, (height - 28) / (ordered.length - 1));
  const first = (box.top + box.bottom) / 2 - (gap * (ordered.length - 1)) / 2;
  return new Map(ordered.map(({ edge }, at) => [edge.id, first + gap * at]));
}
