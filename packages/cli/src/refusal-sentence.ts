import type { BusCallError } from "@lienthong/client";
import { type Language, messagesIn } from "./messages/language.ts";

/** What the bus refused, which event decided against it, and what to do next, in the user's language. */
export async function refusalSentence(error: BusCallError, language: Language): Promise<string> {
  const { bus, hints, fieldHints, refusal } = messagesIn(language);
  const { reason, field, message } = error;
  const sentence = language === "en" ? message : (error.localizedMessages.vi ?? message);
  const lines = [bus.refused(sentence, reason ?? "", field)];
  // What this very case has to say is in the message alone; the translated text says what the reason means.
  if (sentence !== message && message !== error.localizedMessages.en) lines.push(refusal.detail(message));
  const number = await decidingEvent(error);
  if (number !== null) lines.push(refusal.decidedBy(String(number)));
  const hint = (field === null ? undefined : fieldHints[field]) ?? (reason === null ? undefined : hints[reason]);
  if (hint !== undefined) lines.push(hint);
  return lines.join("\n");
}

/** Number of the event that decided against a statement; null if none did, or its bytes are not shown. */
async function decidingEvent({ winningEvent }: BusCallError): Promise<bigint | null> {
  if (winningEvent === null || winningEvent.event.length === 0) return null;
  const { readEvent } = await import("@lienthong/statement");
  try {
    return readEvent(winningEvent.event).header.number;
  } catch {
    return null;
  }
}
