import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorBytes } from "#descriptor-bytes";

export { provideDescriptors } from "#descriptor-bytes";

let bytes: Uint8Array | undefined;
let set: FileDescriptorSet | undefined;
let registry: FileRegistry | undefined;

/**
 * The serialised `google.protobuf.FileDescriptorSet` of every file in proto/, imports included, comments left out.
 * Read once; every caller gets the same bytes, which are not to be changed.
 * @throws the file system's error if the generated file is missing (`npm run generate` writes it).
 */
export function readDescriptors(): Uint8Array {
  bytes ??= descriptorBytes();
  return bytes;
}

/** The same, decoded; files come after those that they import. */
export function fileDescriptorSet(): FileDescriptorSet {
  set ??= fromBinary(FileDescriptorSetSchema, readDescriptors());
  return set;
}

/** Every file, message, enum and service of proto/ by name. Built at the first call (some milliseconds), then kept. */
export function fileRegistry(): FileRegistry {
  registry ??= createFileRegistry(fileDescriptorSet());
  return registry;
}

/**
 * The descriptor of one message.
 * @param typeName full name without a leading dot, e.g. "lienthong.exchange.v1.Statement".
 * @throws an Error naming the type if proto/ has no such message.
 */
export function messageDescriptor(typeName: string): DescMessage {
  const descriptor = fileRegistry().getMessage(typeName);
  if (descriptor === undefined) {
    throw new Error(
      `The contracts have no message "${typeName}": give the full name without a leading dot, e.g. "lienthong.exchange.v1.Statement".`,
    );
  }
  return descriptor;
}
