/**
 * Freezes a value and all it holds: writing to it afterwards throws. Maps refuse to be changed; bytes cannot be frozen and are
 * compared where it matters.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    const refuse = () => {
      throw new TypeError("A frozen map was written to.");
    };
    Object.assign(value, { set: refuse, delete: refuse, clear: refuse });
    for (const item of value.values()) deepFreeze(item);
  }
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
  return value;
}
