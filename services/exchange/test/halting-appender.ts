import type { Appender, AppendMessage, AppendOutcome } from "@lienthong/event-store";
import { readEvent } from "@lienthong/statement";

/**
 * An appender that comes to a halt right before it sends a round in which `dossier` has an event: everything is decided, nothing is
 * stored, and nothing ever will be. Who kills the process then sees what a crash at the worst moment leaves behind.
 */
export function haltingAppender(appender: Appender, dossier: string, onHalted: () => void): Appender {
  const concerns = (messages: readonly AppendMessage[]) =>
    messages.some(({ payload }) => readEvent(payload).dossier === dossier);
  const halted = <T>(): Promise<T> => {
    onHalted();
    return new Promise(() => {});
  };
  return {
    appendBatch: (messages) => (concerns(messages) ? halted<AppendOutcome>() : appender.appendBatch(messages)),
    appendSingly: (messages) => (concerns(messages) ? halted<AppendOutcome[]>() : appender.appendSingly(messages)),
  };
}
