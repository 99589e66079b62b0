import { TlogFormatError } from "./errors.ts";
import { emptyRoot, hashBytes, nodeHash, nodeHashAt } from "./rfc6962.ts";
import { hashesInTile, type Tile, tileWidth } from "./tiles.ts";

/** A tile and its bytes. */
export interface TileBytes {
  readonly tile: Tile;
  readonly bytes: Uint8Array;
}

interface Edge {
  /** Position of the tile that is being filled. */
  index: number;
  /** Hashes in it, 0 to 255. */
  width: number;
  /** Width of it that `takeTiles` gave out last. */
  taken: number;
  readonly bytes: Uint8Array;
}

/**
 * The tiles of a tree that only grows. In memory is the right edge, one tile per level; `takeTiles` gives what has to be written
 * since it was asked last, and `root` the root. Appending costs amortised one interior hash.
 */
export class GrowingTiles {
  #size: number;
  readonly #edges: Edge[] = [];
  #full: TileBytes[] = [];

  /**
   * Goes on from a tree of `size` leaves; `edge` answers the bytes of the partial tile of each level that has one. Throws
   * TlogFormatError for a tile of another length.
   */
  constructor(size = 0, edge: (tile: Tile) => Uint8Array = () => new Uint8Array(0)) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TlogFormatError(`A tree has 0 to 2^53 - 1 leaves, not ${size}.`);
    this.#size = size;
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
      const state = this.#edgeOf(level);
      state.index = Math.floor(count / tileWidth);
      state.width = count % tileWidth;
      state.taken = state.width;
      if (state.width === 0) continue;
      const tile = { level, index: state.index, width: state.width };
      const bytes = edge(tile);
      hashesInTile(bytes, state.width);
      state.bytes.set(bytes);
    }
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds one leaf hash of 32 bytes. */
  append(leafHash: Uint8Array): void {
    this.#size++;
    this.#add(0, leafHash);
  }

  #add(level: number, hash: Uint8Array): void {
    const edge = this.#edgeOf(level);
    edge.bytes.set(hash, edge.width * hashBytes);
    edge.width++;
    if (edge.width < tileWidth) return;
    const bytes = edge.bytes.slice();
    this.#full.push({ tile: { level, index: edge.index, width: tileWidth }, bytes });
    edge.index++;
    edge.width = 0;
    edge.taken = 0;
    this.#add(level + 1, rootOfSpan(bytes, 0, tileWidth));
  }

  #edgeOf(level: number): Edge {
    let edge = this.#edges[level];
    if (edge === undefined) {
      edge = { index: 0, width: 0, taken: 0, bytes: new Uint8Array(tileWidth * hashBytes) };
      this.#edges[level] = edge;
    }
    return edge;
  }

  /** Tiles that are new since the last call (or since the size it went on from): full ones, then the partial ones of the edge. */
  takeTiles(): TileBytes[] {
    const tiles = this.#full;
    this.#full = [];
    this.#edges.forEach((edge, level) => {
      if (edge.width === edge.taken) return;
      edge.taken = edge.width;
      tiles.push({
        tile: { level, index: edge.index, width: edge.width },
        bytes: edge.bytes.slice(0, edge.width * hashBytes),
      });
    });
    return tiles;
  }

  /** Root over all leaves appended so far. */
  root(): Uint8Array {
    // From the leaves up: what the lower levels hold lies to the right of, and is smaller than, every subtree above.
    let right: Uint8Array | undefined;
    for (const edge of this.#edges) {
      let end = edge.width;
      for (let span = 1; end > 0; span *= 2) {
        if (end % (span * 2) === 0) continue;
        const hash = rootOfSpan(edge.bytes, end - span, span);
        right = right === undefined ? hash : nodeHash(hash, right);
        end -= span;
      }
    }
    return right ?? emptyRoot;
  }
}

/** Root of `span` hashes (a power of two) of a tile's bytes, from position `from`. */
function rootOfSpan(bytes: Uint8Array, from: number, span: number): Uint8Array {
  if (span === 1) return bytes.slice(from * hashBytes, (from + 1) * hashBytes);
  if (span === 2) return nodeHashAt(bytes, from * hashBytes);
  const level = new Uint8Array((span / 2) * hashBytes);
  for (let i = 0; i < span / 2; i++) level.set(nodeHashAt(bytes, (from + 2 * i) * hashBytes), i * hashBytes);
  // Each level overwrites the one below it, always behind what is still to be read.
  for (let width = span / 2; width > 2; width /= 2) {
    for (let i = 0; i < width / 2; i++) level.set(nodeHashAt(level, 2 * i * hashBytes), i * hashBytes);
  }
  return nodeHashAt(level, 0);
}
