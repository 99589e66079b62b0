import type { Names } from "../bus/names.ts";
import type { TrailContent } from "../bus/trail-events.ts";
import type { Language } from "../messages/language.ts";
import type { Messages, Words } from "../messages/messages.ts";
import { localDue } from "./local-time.ts";

/** What an event is told with. */
export interface Telling {
  readonly names: Names;
  readonly language: Language;
  readonly messages: Messages;
}

/** What an event says, as a verb phrase; documents that it names stand at the end. */
export function saidPhrase(content: TrailContent, telling: Telling): string {
  const { said } = telling.messages;
  const { documents } = content;
  const phrase = verbPhrase(content, telling);
  if (documents.length === 0) return phrase;
  return `${phrase}; ${said.documents(documents.length, documents.map(({ kind }) => kind).join(", "))}`;
}

function verbPhrase(content: TrailContent, { names, language, messages }: Telling): string {
  const { said, channels, outcomes } = messages;
  const { reason, outcome, channel, targets, branches } = content;
  switch (content.said) {
    case "open":
      return said.open(word(channels, channel));
    case "forward":
      if (targets.length > 1) return said.fork(targets.length);
      return names.goesBack(targets[0]?.edge ?? "") ? said.back : said.forward;
    case "refuse":
      return said.refuse(word(messages.refusalReasons, reason));
    case "complete":
      return names.asksOpinion(targets[0]?.step ?? "")
        ? said.opinion(word(outcomes, outcome))
        : said.complete(word(outcomes, outcome));
    case "join":
      return said.join(branches.join(", "));
    case "return":
      return said.return(word(outcomes, outcome), word(channels, channel));
    case "ask_recall":
      return said.ask_recall(word(messages.recallReasons, reason));
    case "refuse_recall":
      return said.refuse_recall(word(messages.recallRefusals, reason));
    case "request_supplement": {
      const due = localDue(content.dueTime, language);
      return said.request_supplement(word(messages.supplementReasons, reason), content.documentKinds.join(", "), due);
    }
    case "pause":
      return said.pause(word(messages.pauseReasons, reason));
    case "extend":
      return said.extend(localDue(content.dueTime, language), word(messages.extensionReasons, reason));
    case "assign": {
      const unit = content.assignedUnit ?? "";
      return said.assign(unit === "" ? said.assignedAsSuch : names.office(content.agency, unit), content.internalStep);
    }
    case "withdraw":
      return said.withdraw(word(messages.withdrawalReasons, reason));
    case "stop":
      return said.stop(word(messages.stopReasons, reason));
    case "consult": {
      const lead = targets.find(({ branch }) => branch === content.leadBranch);
      return said.consult(targets.length, lead === undefined ? "" : names.office(lead.agency, lead.unit));
    }
    case "erase":
      return said.erase(word(messages.erasureReasons, reason), content.erasedIds.length);
    case "warning":
      return said.warning(word(messages.warnings, reason));
    default: {
      const phrase = (said as Readonly<Record<string, unknown>>)[content.said];
      return typeof phrase === "string" ? phrase : said.unknown(content.said);
    }
  }
}

function word(words: Words, name: string): string {
  return words[name] ?? name;
}
