export { sha256 } from "#sha256";
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { type OpenedCheckpoint, openCheckpoint, openCheckpointOf, signCheckpoint } from "./checkpoint.ts";
export { type Checkpoint, formatCheckpoint, type ParsedCheckpoint, parseCheckpoint } from "./checkpoint-text.ts";
export { cosign, verifyCosignature } from "./cosignature.ts";
export { decodeBundle, encodeBundle, entryBytesMax } from "./entry-bundle.ts";
export { TlogFormatError, TlogVerificationError } from "./errors.ts";
export { GrowingRoot } from "./growing-root.ts";
export { GrowingTiles, type TileBytes } from "./growing-tiles.ts";
export { type OpenedNote, openNote, signNote, type VerifiedSignature } from "./note.ts";
export {
  formatSignerKey,
  formatVerifierKey,
  isKeyName,
  newSeed,
  parseSignerKey,
  parseVerifierKey,
  type SignatureType,
  type SignerKey,
  samePublicKey,
  sameSigner,
  signatureType,
  signerKey,
  signerOfSeed,
  type VerifierKey,
  verifierKey,
} from "./note-key.ts";
export {
  addSignatureLines,
  formatSignatureLine,
  type NoteSignature,
  noteLengthMax,
  noteSignaturesMax,
  type ParsedNote,
  parseNote,
  parseSignatureLines,
} from "./note-text.ts";
export {
  consistencyProof,
  type HashSource,
  inclusionProof,
  type NodeCoordinate,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from "./proofs.ts";
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
export {
  type Bundle,
  encodeTile,
  entriesPath,
  hashesInTile,
  hashSourceOfTiles,
  newBundles,
  newTiles,
  parseTilePath,
  type Tile,
  type TileSource,
  tileHeight,
  tileOfNode,
  tilePath,
  tilesOfSize,
  tileWidth,
} from "./tiles.ts";
export {
  checkPolicy,
  formatPolicy,
  type Policy,
  type PolicyGroup,
  type PolicyLog,
  type PolicyResult,
  type PolicyWitness,
  parsePolicy,
  quorumHolds,
  type WitnessSeen,
} from "./tlog-policy.ts";
export {
  formatTlogProof,
  parseTlogProof,
  type TlogProof,
  type VerifiedTlogProof,
  verifyTlogProof,
} from "./tlog-proof.ts";
