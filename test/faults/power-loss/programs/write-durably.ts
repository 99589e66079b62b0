// Puts every kind of durable file on the disk, many times, and notes after each what is now promised: for recordings of its writes.
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { keepPrivateFile, makeFolderDurablySync, replacePrivateFile } from "@lienthong/chassis";
import { openDossierHeads, openDurableHead } from "@lienthong/event-store";
import { openWitnessFolder } from "@lienthong/witness";
import { ClientDatabase } from "../../../../packages/client/src/client-database.ts";
import { KeptCheckpoints } from "../../../../services/ledger/src/kept-checkpoints.ts";
import { keyOfSeed } from "../../../../services/ledger/test/sealing-process.ts";
import { openWriter, someEntries } from "../../../../services/ledger/test/small-log.ts";

/** Seed of the log's key, for whoever checks. */
export const seedOfLog = "07".repeat(32);
export const rounds = 12;

/** What stands at round n. */
export const textOf = (round: number): string => `round ${round} ${"·".repeat(round * 300)}\n`;
export const leafOf = (round: number): Uint8Array => new Uint8Array(32).fill(round);
export const sealedAfter = (round: number): number => round * 97;
export const tableSchema = {
  schema: "CREATE TABLE kept (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
  version: 1,
};

/** What is promised: that a part of the folder holds at least what it held after this round. */
export interface Promised {
  readonly part: "replaced" | "key" | "head" | "table" | "witness" | "log" | "checkpoints";
  readonly round: number;
}

if (import.meta.main) {
  const root = process.argv[2] as string;
  const journal = openSync(join(root, "journal"), "a");
  const promise = (part: Promised["part"], round: number): void => {
    writeSync(journal, `${JSON.stringify({ part, round } satisfies Promised)}\n`);
  };
  makeFolderDurablySync(join(root, "exchange", "shard"));
  const head = openDurableHead(join(root, "exchange", "shard", "head"));
  const heads = openDossierHeads(join(root, "exchange", "shard", "dossier-heads.sqlite"));
  const table = new ClientDatabase(join(root, "client", "outbox", "outbox.sqlite"), tableSchema);
  const witness = await openWitnessFolder(join(root, "witness", "state"));
  makeFolderDurablySync(join(root, "ledger", "log"));
  const log = await openWriter(join(root, "ledger", "log"), await keyOfSeed(seedOfLog));
  const checkpoints = new KeptCheckpoints(join(root, "ledger", "log", "checkpoints.sqlite"));
  const entries = someEntries(sealedAfter(rounds));
  for (let round = 1; round <= rounds; round++) {
    await replacePrivateFile(join(root, "policy", "policy.txt"), textOf(round));
    promise("replaced", round);
    await keepPrivateFile(join(root, "keys", `${round}.pem`), textOf(round));
    promise("key", round);
    head.write({ generation: 1, sequence: round, leafHash: leafOf(round) });
    promise("head", round);
    heads.apply([{ dossier: `d-${round % 3}`, sequence: round, number: round, hash: leafOf(round) }], {
      generation: 1,
      sequence: round,
      leafHash: leafOf(round),
    });
    table.transaction(() => table.statement("INSERT INTO kept VALUES (?, ?)").run(round, textOf(round)));
    promise("table", round);
    await witness.keep("log.example/small", textOf(round));
    promise("witness", round);
    for (const entry of entries.slice(log.size, sealedAfter(round))) log.append(entry);
    const { size, note } = await log.seal();
    promise("log", round);
    checkpoints.record(size, note, 0);
    promise("checkpoints", round);
  }
  head.close();
  heads.close();
  table.close();
  checkpoints.close();
  witness.release();
}
