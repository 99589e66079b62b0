// @peculiar/x509 registers its parts through decorators that ask for three functions of the Reflect metadata proposal, which
// Node does not have. Its classes take no constructor parameters, so remembering what is defined is all that is needed.
interface MetadataReflect {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

const metadataByTarget = new WeakMap<object, Map<unknown, unknown>>();
const reflect = Reflect as MetadataReflect;

// Left alone if the process has the real thing.
reflect.getMetadata ??= (key, target) => metadataByTarget.get(target)?.get(key);
reflect.getOwnMetadata ??= (key, target) => metadataByTarget.get(target)?.get(key);
reflect.defineMetadata ??= (key, value, target) => {
  const metadata = metadataByTarget.get(target) ?? new Map<unknown, unknown>();
  metadata.set(key, value);
  metadataByTarget.set(target, metadata);
};
