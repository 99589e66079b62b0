import type { ServiceErrorLike } from "@lienthong/chassis/status";
import type { RegistryServiceClient, WatchEntriesResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { callError, deadlinePassed } from "./bus-call-error.ts";

/** From where, and until when. */
export interface WatchEntriesOptions {
  /** First number wanted; 0 to the size of the log. */
  readonly fromNumber: bigint;
  /** Ends the watch well when aborted. */
  readonly signal?: AbortSignal;
  /** A registry that sends nothing for so long, in milliseconds, is taken for lost; it gives a sign of life every 5 s. Default 20,000. */
  readonly silenceMsMax?: number;
}

/**
 * Parts of the registry's log as they come, each entry once and in order. Ends when the signal is aborted; throws BusCallError otherwise
 * (also when the server ends): go on with a new watch from the last `nextNumber`, as `retry` says.
 */
export async function* watchEntries(
  client: RegistryServiceClient,
  { fromNumber, signal, silenceMsMax = 20_000 }: WatchEntriesOptions,
): AsyncGenerator<WatchEntriesResponse, void> {
  const aborted = (): boolean => signal?.aborted === true;
  if (aborted()) return;
  const call = client.watchEntries({ fromNumber });
  // The loop below hears of an error as well; this keeps one that comes after the loop from ending the process.
  call.on("error", () => {});
  let silent = false;
  const onSilence = (): void => {
    silent = true;
    call.cancel();
  };
  let timer = setTimeout(onSilence, silenceMsMax);
  const onAbort = (): void => call.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const response of call as AsyncIterable<WatchEntriesResponse>) {
      clearTimeout(timer);
      yield response;
      timer = setTimeout(onSilence, silenceMsMax);
    }
  } catch (error) {
    if (aborted()) return;
    if (silent) throw deadlinePassed(`The registry gave no sign of life for ${silenceMsMax} ms.`);
    throw callError(error as ServiceErrorLike);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    call.cancel();
  }
}
