import type { ServiceSettings } from "../fault.ts";

/** A change to the text of a module. */
export interface TextPatch {
  /** End of the module's path. */
  readonly module: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

/** Read by patch-modules.ts alone: without that module being preloaded they do nothing. */
export const patchEnvironment = "FAULT_HARNESS_PATCHES";
export const patchMarkEnvironment = "FAULT_HARNESS_MARK";

const preload = new URL("./patch-modules.ts", import.meta.url);

/** The text with the patch. Throws where what is to be replaced does not stand there exactly once. */
export function applyPatch(text: string, { module, find, put }: TextPatch): string {
  const times = text.split(find).length - 1;
  if (times === 1) return text.replace(find, () => put);
  throw new Error(`${module} has ${times} times, instead of once: ${find}\nThe patch must follow the code.`);
}

/** Settings of a service whose modules are changed as they are loaded. `mark`: file that is written when a step was reached. */
export function patched(patches: readonly TextPatch[], mark = ""): ServiceSettings {
  return {
    preload: [preload],
    environment: { [patchEnvironment]: JSON.stringify(patches), [patchMarkEnvironment]: mark },
  };
}
