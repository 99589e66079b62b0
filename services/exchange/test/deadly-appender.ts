import type { Appender, AppendMessage } from "@lienthong/event-store";
import { readEvent } from "@lienthong/statement";

/**
 * An appender that ends this process right before it sends a round in which `dossier` has an event: everything was decided, nothing is
 * stored. What a crash at the worst moment looks like.
 */
export function deadlyAppender(appender: Appender, dossier: string): Appender {
  const dieIfConcerned = (messages: readonly AppendMessage[]) => {
    // No clean-up of any kind, as in a crash.
    if (messages.some(({ payload }) => readEvent(payload).dossier === dossier)) process.kill(process.pid, "SIGKILL");
  };
  return {
    appendBatch(messages) {
      dieIfConcerned(messages);
      return appender.appendBatch(messages);
    },
    appendSingly(messages) {
      dieIfConcerned(messages);
      return appender.appendSingly(messages);
    },
  };
}
