import { busError } from "@lienthong/chassis";
import type { Log } from "./log.ts";

/** Name of the registry's log; no shard may have it. */
export const registryLogName = "registry";

/** The logs that one address serves: a new shard's joins while the others go on. */
export class ServedLogs {
  readonly #logs = new Map<string, Log>();

  add(log: Log): void {
    this.#logs.set(log.name, log);
  }

  /** All of them, in the order in which they came. */
  all(): Log[] {
    return [...this.#logs.values()];
  }

  find(name: string): Log | undefined {
    return this.#logs.get(name);
  }

  /** Throws LOG_UNKNOWN, naming what there is. */
  expect(name: string): Log {
    const found = this.#logs.get(name);
    if (found === undefined) {
      throw busError("LOG_UNKNOWN", {
        field: "log",
        ...(/^[a-z0-9-]{1,32}$/.test(name) ? { log: name } : {}),
        allowed: [...this.#logs.keys()].join(", "),
      });
    }
    return found;
  }
}
