import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AcceptedEntry, OutboxStore } from "./outbox-store.ts";

const pageSize = 500;

/**
 * What an outbox keeps of the accepted statements about a dossier, in the order of acceptance, without opening it for sending. While another
 * process has it open, this throws an Error with a sentence; so it does where there is no outbox.
 */
export function acceptedInOutbox(directory: string, dossier: string): AcceptedEntry[] {
  if (!existsSync(join(directory, "outbox.sqlite"))) {
    throw new Error(`There is no outbox in ${directory}; name the directory that the client was given.`);
  }
  const store = new OutboxStore(directory);
  try {
    const found: AcceptedEntry[] = [];
    for (let since = 0; ; ) {
      const page = store.accepted(since, pageSize);
      found.push(...page.filter((entry) => entry.dossier === dossier));
      const last = page.at(-1);
      if (last === undefined) return found;
      since = last.number;
    }
  } finally {
    store.close();
  }
}
