// A thread that keeps the embedded database: its statements take milliseconds of processor time, in which the main thread goes on.
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import type { PgliteAnswer, PgliteQuestion } from "./pglite-database.ts";

const { directory, schema } = workerData as { directory: string; schema: string };
const port = parentPort;
if (port === null) throw new Error("This file is the thread of an embedded database; open it with openPglite.");
const answer = (message: PgliteAnswer): void => port.postMessage(message);

const database = await open();

async function open(): Promise<PGlite | null> {
  try {
    const opened = await PGlite.create(directory);
    await opened.exec(`set search_path to ${schema}`);
    answer({ id: 0, rows: [] });
    return opened;
  } catch (error) {
    answer({ id: 0, error: { message: String((error as Error).message ?? error) } });
    return null;
  }
}

async function ask(asked: PgliteQuestion): Promise<void> {
  const { id } = asked;
  try {
    if (database === null) throw new Error("The embedded database did not open.");
    if (asked.kind === "close") {
      await database.close();
      answer({ id, rows: [] });
      port?.close();
    } else if (asked.kind === "script") {
      await database.exec(asked.text);
      answer({ id, rows: [] });
    } else {
      answer({ id, rows: (await database.query<object>(asked.text, [...asked.values])).rows });
    }
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    answer({ id, error: { message, ...(code === undefined ? {} : { code }) } });
  }
}

// One after the other: the main thread sees to it that the statements of a transaction come without others between them.
let last: Promise<void> = Promise.resolve();
port.on("message", (asked: PgliteQuestion) => {
  last = last.then(() => ask(asked));
});
