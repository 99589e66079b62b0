import { setTimeout as wait } from "node:timers/promises";
import { BusCallError } from "@lienthong/client";

/** Waits for a condition; the bound is only there to end a test that would never end. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 90_000) {
  const deadlineMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`It did not come true within ${withinMs} ms: ${what}.`);
    await wait(5);
  }
}

/** The refusal that a call ends with; throws if the call succeeds, or fails otherwise. */
export async function refusalOf(call: Promise<unknown>): Promise<BusCallError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof BusCallError) return error;
    throw error;
  }
  throw new Error("A refusal was expected, but the call succeeded.");
}

/** Splits calls into what succeeded and the refusals of the others. */
export async function sortOutcomes<T>(calls: readonly Promise<T>[]): Promise<{ won: T[]; lost: BusCallError[] }> {
  const won: T[] = [];
  const lost: BusCallError[] = [];
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === "fulfilled") won.push(outcome.value);
    else if (outcome.reason instanceof BusCallError) lost.push(outcome.reason);
    else throw outcome.reason;
  }
  return { won, lost };
}
