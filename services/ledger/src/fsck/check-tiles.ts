import { parseTilePath, tilePath } from "@lienthong/tlog";
import type { Finding } from "./findings.ts";
import { plainRoot } from "./plain-tree.ts";
import { hashBytes, type RawFiles, takeApart, tileWidth } from "./raw-files.ts";

/** Tiles above the leaves, each from the level below as it lies there: a wrong hash is named where it stands, and not again above. */
export async function checkUpperTiles(files: RawFiles, size: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let level = 1, span = tileWidth; Math.floor(size / span) > 0; level++, span *= tileWidth) {
    const hashes = Math.floor(size / span);
    for (let index = 0; index * tileWidth < hashes; index++) {
      const count = Math.min(tileWidth, hashes - index * tileWidth);
      const tile = await files.tile(level, index, count);
      for (let i = 0; i < count; i++) {
        const below = await files.tile(level - 1, index * tileWidth + i, tileWidth);
        if (below === null) continue;
        const wanted = plainRoot(
          Array.from({ length: tileWidth }, (_, at) => below.subarray(at * hashBytes, (at + 1) * hashBytes)),
        );
        const found = tile?.subarray(i * hashBytes, (i + 1) * hashBytes);
        if (found !== undefined && Buffer.compare(found, wanted) === 0) continue;
        const from = (index * tileWidth + i) * span;
        const path = tilePath({ level, index, width: count });
        findings.push({ what: "tile-wrong", path, missing: tile === null, from, until: from + span });
        break;
      }
    }
  }
  return findings;
}

/**
 * Partial tiles and bundles of sizes that were signed earlier are still served, so they must be the beginning of what is there now. Those beyond the
 * head, which a crash may leave, are no part of the log.
 */
export async function checkPartials(files: RawFiles, size: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of await files.partialPaths()) {
    const named = parseTilePath(path);
    const bytes = await files.read(path);
    if (named === null || bytes === null) continue;
    const level = named.kind === "hashes" ? named.level : 0;
    const span = tileWidth ** level;
    const hashes = Math.floor(size / span);
    const start = named.index * tileWidth;
    if (start + named.width > hashes) continue;
    const count = Math.min(tileWidth, hashes - start);
    if (named.kind === "hashes") {
      const now = await files.tile(level, named.index, count);
      if (now === null || Buffer.compare(now.subarray(0, named.width * hashBytes), bytes) === 0) continue;
      const differs = firstDifference(now, bytes);
      const from = (start + Math.floor(differs / hashBytes)) * span;
      findings.push({ what: "tile-wrong", path, missing: false, from, until: from + span });
    } else {
      const now = await files.bundle(named.index, count);
      const old = takeApart(path, bytes, named.width);
      if (now === null) continue;
      const at = Array.from({ length: named.width }).findIndex((_, i) => {
        const [a, b] = [now.entries[i], old.entries[i]];
        return a === undefined || b === undefined || Buffer.compare(a, b) !== 0;
      });
      if (at < 0 && old.malformed === null) continue;
      const cause = old.malformed ?? "it holds another entry than the larger bundle of its place";
      findings.push({ what: "bundle-malformed", path, index: start + Math.max(0, at), cause });
    }
  }
  return findings;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return Math.max(0, Math.min(a.length, b.length) - 1);
}
