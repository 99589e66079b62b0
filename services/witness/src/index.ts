export {
  type AddCheckpointRequest,
  formatAddCheckpoint,
  parseAddCheckpoint,
} from "./add-checkpoint-request.ts";
export {
  type CollectCosignaturesOptions,
  type CollectedCosignature,
  type CollectedCosignatures,
  collectCosignatures,
  knownSizeKey,
  type MissingCosignature,
  type WitnessToAsk,
} from "./collect-cosignatures.ts";
export { requestBytesMax, type ServedWitness, type ServeWitnessOptions, serveWitness } from "./serve-witness.ts";
export {
  createWitness,
  type Witness,
  type WitnessAnswer,
  type WitnessOptions,
  type WitnessReport,
} from "./witness.ts";
export { WitnessError, type WitnessErrorFacts, type WitnessErrorReason } from "./witness-error.ts";
export { openWitnessKey } from "./witness-key.ts";
export {
  type ForkProof,
  openWitnessFolder,
  originHash,
  type WitnessFolder,
  type WitnessState,
} from "./witness-state.ts";
