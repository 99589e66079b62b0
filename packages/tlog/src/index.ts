export { sha256 } from "#sha256";
export { GrowingRoot } from "./growing-root.ts";
export {
  emptyRoot,
  hashBytes,
  hashesEqual,
  leafHash,
  nodeHash,
  rootAndPaths,
  rootFromPath,
  rootOf,
} from "./rfc6962.ts";
