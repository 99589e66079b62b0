export { citedSubjects, subjectsOfPromise } from "./cited-subjects.ts";
export { type BundleParts, makeBundle } from "./make-bundle.ts";
export { type CitedHead, type LogProofs, makeSlice } from "./make-slice.ts";
export { RegistryIndex, type Subject } from "./registry-index.ts";
