// The door `@lienthong/chassis/passing-bytes`: what lets long streams of bytes pass without their buffers piling up. Imports no server code.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Bytes between two collections. Every byte that passes leaves three or four copies behind (as it was read, encoded, framed), so this is about 16 MiB
 * of garbage.
 */
const bytesPerCollection = 4_194_304;

type Collect = (options: { readonly type: "minor" }) => void;

let collect: Collect | null | undefined;
let passed = 0;

/**
 * Tells that bytes of a stream were read or sent and are no longer needed. Every 4 MiB, over all streams of the process, young garbage is collected, which
 * takes a millisecond or two.
 *
 * Without it a process grows by 60 to 120 MiB while a large document passes, whatever the flow control: buffers lie outside the heap, and V8 looks for
 * garbage among them only after 64 MiB; still later where its helper threads get no processor.
 */
export function bytesPassed(count: number): void {
  passed += count;
  if (passed < bytesPerCollection) return;
  passed = 0;
  collect ??= collector();
  collect?.({ type: "minor" });
}

/** The collector, taken without a flag on the command line; null in a runtime that has none: then memory is V8's own business. */
function collector(): Collect | null {
  try {
    setFlagsFromString("--expose-gc");
    const found: unknown = runInNewContext("gc");
    // Contexts made from now on are without it again.
    if ((globalThis as { gc?: unknown }).gc === undefined) setFlagsFromString("--no-expose-gc");
    return typeof found === "function" ? (found as Collect) : null;
  } catch {
    return null;
  }
}
