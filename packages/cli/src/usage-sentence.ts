import type { CommanderError } from "commander";
import type { Messages } from "./messages/messages.ts";

/** A usage error of commander in the user's language. What is at fault stands in quotes in its English sentence. */
export function usageSentence(error: CommanderError, { usage }: Messages): string {
  const quoted = [...error.message.matchAll(/'([^']*)'/g)].map(([, text]) => text ?? "");
  const [first = ""] = quoted;
  switch (error.code) {
    case "commander.unknownOption":
      return usage.unknownOption(first);
    case "commander.unknownCommand":
      return usage.unknownCommand(first);
    case "commander.missingArgument":
      return usage.argumentMissing(first);
    case "commander.missingMandatoryOptionValue":
      return usage.optionMissing(first);
    case "commander.optionMissingArgument":
      return usage.optionValueMissing(first);
    case "commander.excessArguments":
      return usage.excessArguments(first);
    case "commander.invalidArgument": {
      // Of an argument, its value comes first; of an option, its name.
      const isArgument = error.message.startsWith("error: command-argument");
      const [option = "", value = ""] = isArgument ? quoted.toReversed() : quoted;
      const allowed = /Allowed choices are ([^.]*)\./.exec(error.message)?.[1] ?? "";
      return usage.valueNotAllowed(option, value, allowed);
    }
    // A group of commands without the command: its help was shown.
    case "commander.help":
      return usage.commandMissing;
    default:
      return error.message;
  }
}
