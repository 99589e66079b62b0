let provided: Uint8Array | null = null;

/** Tells the bytes of `gen/descriptors.binpb`, which a browser fetches once before anything is decoded strictly. */
export function provideDescriptors(bytes: Uint8Array): void {
  provided = bytes;
}

/** The bytes that were provided. */
export function descriptorBytes(): Uint8Array {
  if (provided === null) {
    throw new Error("No descriptors here yet: fetch descriptors.binpb and hand it to provideDescriptors first.");
  }
  return provided;
}
