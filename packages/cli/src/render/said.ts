import type { TrailContent } from "../bus/trail-events.ts";
import type { Messages, Words } from "../messages/messages.ts";

/** What an event says, as a verb phrase. */
export function saidPhrase(content: TrailContent, messages: Messages): string {
  const { said, channels, outcomes, refusalReasons, warnings } = messages;
  const { reason, outcome, channel, targets, branches } = content;
  switch (content.said) {
    case "open":
      return said.open(word(channels, channel));
    case "forward":
      return targets.length > 1 ? said.fork(targets.length) : said.forward;
    case "refuse":
      return said.refuse(word(refusalReasons, reason));
    case "complete":
      return said.complete(word(outcomes, outcome));
    case "join":
      return said.join(branches.join(", "));
    case "return":
      return said.return(word(outcomes, outcome), word(channels, channel));
    case "warning":
      return said.warning(word(warnings, reason));
    default: {
      const phrase = (said as Readonly<Record<string, unknown>>)[content.said];
      return typeof phrase === "string" ? phrase : said.unknown(content.said);
    }
  }
}

function word(words: Words, name: string): string {
  return words[name] ?? name;
}
