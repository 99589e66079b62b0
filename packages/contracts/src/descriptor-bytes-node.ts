import { readFileSync } from "node:fs";

const descriptorsUrl = new URL("./gen/descriptors.binpb", import.meta.url);

/** The bytes of `gen/descriptors.binpb`. Throws the file system's error if `npm run generate` has not written it. */
export function descriptorBytes(): Uint8Array {
  return new Uint8Array(readFileSync(descriptorsUrl));
}

/** For who runs where no files can be read; here they are read from the package. */
export function provideDescriptors(_bytes: Uint8Array): void {}
