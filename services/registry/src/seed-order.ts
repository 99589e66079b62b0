/**
 * By id, but parents first. By id is the order of the leaves of `state_root`, where appending is cheap; the few that must come
 * before their turn cost an insertion in the middle.
 */
export function parentsFirst<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  parentsOf: (item: T) => readonly string[],
): T[] {
  const byId = new Map(items.map((item) => [idOf(item), item]));
  const ordered: T[] = [];
  const placed = new Set<string>();
  const place = (id: string, below: readonly string[]): void => {
    const item = byId.get(id);
    // A parent that is not in the list is there already, or the registry will name it as missing.
    if (item === undefined || placed.has(id)) return;
    if (below.includes(id)) throw new Error(`The seed has a circle: ${[...below, id].join(" → ")}.`);
    for (const parent of parentsOf(item)) place(parent, [...below, id]);
    placed.add(id);
    ordered.push(item);
  };
  for (const id of [...byId.keys()].sort()) place(id, []);
  return ordered;
}
