import type { RouteLocale } from "./local-name.ts";
import type { Messages } from "./messages.ts";
import { messagesEn } from "./messages-en.ts";
import { messagesVi } from "./messages-vi.ts";

export function messagesOf(locale: RouteLocale): Messages {
  return locale === "vi" ? messagesVi : messagesEn;
}
