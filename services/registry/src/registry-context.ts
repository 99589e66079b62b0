import type { Clock } from "@lienthong/chassis";
import type { RegistryState } from "@lienthong/registry-state";
import type { EntryAppender } from "./append-entry.ts";
import type { EntryWatches } from "./entry-watches.ts";
import type { EntryReader } from "./read-entries.ts";

/** What the RPCs of the registry work with. */
export interface RegistryContext {
  readonly state: RegistryState;
  readonly reader: EntryReader;
  readonly appender: EntryAppender;
  readonly clock: Clock;
  readonly watches: EntryWatches;
}
