import { mkdir } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { type Database, DatabaseEndedError, DatabaseRefusedError, type Queryable } from "./database.ts";
import type { Sql, SqlValue } from "./sql.ts";

/** What the thread is asked. */
export type PgliteQuestion =
  | { readonly id: number; readonly kind: "query"; readonly text: string; readonly values: readonly SqlValue[] }
  | { readonly id: number; readonly kind: "script"; readonly text: string }
  | { readonly id: number; readonly kind: "close" };

/** What it answers; id 0: it has opened, or could not. */
export interface PgliteAnswer {
  readonly id: number;
  readonly rows?: readonly object[];
  readonly error?: { readonly message: string; readonly code?: string };
}

type PgliteAsked = PgliteQuestion extends infer Q ? (Q extends PgliteQuestion ? Omit<Q, "id"> : never) : never;

interface Waiting {
  readonly resolve: (rows: readonly object[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * PostgreSQL compiled to WebAssembly, in a thread of this process, with its files in `directory`. It does not sync to disk: after a power
 * failure the folder may have to be deleted, and the index makes itself anew. One process may have the folder open; the caller sees to it.
 * @throws DatabaseRefusedError with a sentence if the folder cannot be opened.
 */
export async function openPglite(options: { readonly directory: string; readonly schema: string }): Promise<Database> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const worker = new Worker(new URL("./pglite-worker.ts", import.meta.url), { workerData: options });
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let ended: Error | null = null;

  const opened = Promise.withResolvers<readonly object[]>();
  waiting.set(0, opened);
  worker.on("message", ({ id, rows, error }: PgliteAnswer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error !== undefined) asked?.reject(Object.assign(new Error(error.message), { code: error.code }));
    else asked?.resolve(rows ?? []);
  });
  const end = (error: Error): void => {
    ended ??= new DatabaseEndedError(
      `The embedded database of the index has ended: ${error.message.replace(/\.$/, "")}. Start the service again; if it ends again, delete ${options.directory}, and the index is made anew from the streams.`,
      { cause: error },
    );
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on("error", end);
  worker.on("exit", () => end(new Error("its thread is gone")));

  function ask(question: PgliteAsked): Promise<readonly object[]> {
    if (ended !== null) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...question });
    });
  }

  /** One session serves everybody, so a transaction has it to itself. */
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  }

  const session: Queryable = {
    async query<T extends object>(statement: Sql) {
      return (await ask({ kind: "query", ...statement.toStatement() })) as T[];
    },
    async script(text) {
      await ask({ kind: "script", text });
    },
  };

  try {
    await opened.promise;
  } catch (cause) {
    await worker.terminate();
    throw new DatabaseRefusedError(
      `The embedded database of the index in ${options.directory} does not open: ${(cause as Error).message}. Nothing in it is unique: delete the folder, and the index is made anew from the streams.`,
      { cause },
    );
  }
  return {
    kind: "pglite",
    query: (statement) => inTurn(() => session.query(statement)),
    script: (text) => inTurn(() => session.script(text)),
    transaction: (work) =>
      inTurn(async () => {
        await session.script("begin");
        try {
          const result = await work(session);
          await session.script("commit");
          return result;
        } catch (error) {
          await session.script("rollback").catch(() => {});
          throw error;
        }
      }),
    isAway: () => false,
    async close() {
      await inTurn(async () => {
        if (ended === null) await ask({ kind: "close" });
      });
      await worker.terminate();
    },
  };
}
