import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openDossierHeads, openDurableHead } from "@lienthong/event-store";
import { hashesEqual } from "@lienthong/tlog";
import { openWitnessFolder } from "@lienthong/witness";
import { ClientDatabase } from "../../../packages/client/src/client-database.ts";
import { fsck } from "../../../services/ledger/src/fsck/fsck.ts";
import { KeptCheckpoints } from "../../../services/ledger/src/kept-checkpoints.ts";
import { keyOfSeed } from "../../../services/ledger/test/sealing-process.ts";
import { openWriter } from "../../../services/ledger/test/small-log.ts";
import {
  leafOf,
  type Promised,
  rounds,
  sealedAfter,
  seedOfLog,
  tableSchema,
  textOf,
} from "./programs/write-durably.ts";

/** The newest round that was promised per part of the folder; 0: none. */
export type PromisedRounds = Readonly<Record<Promised["part"], number>>;

export function promisedRounds(journal: string): PromisedRounds {
  const newest = { replaced: 0, key: 0, head: 0, table: 0, witness: 0, log: 0, checkpoints: 0 };
  for (const line of journal.split("\n").filter((each) => each !== "")) {
    const { part, round } = JSON.parse(line) as Promised;
    newest[part] = round;
  }
  return newest;
}

/** What a folder lacks of what was promised, or holds that nobody wrote, after the code that writes it opened it again. Empty: nothing. */
export async function faultsAfterCut(root: string, promised: PromisedRounds): Promise<string[]> {
  const faults: string[] = [];
  const look = async (part: string, work: () => Promise<string | null> | string | null): Promise<void> => {
    const fault = await Promise.resolve()
      .then(work)
      .catch((error: unknown) => String(error));
    if (fault !== null) faults.push(`${part}: ${fault}`);
  };
  const behind = (found: number, least: number): string | null =>
    found < least ? `round ${found} is there, round ${least} was promised.` : null;

  await look("replaced", () => {
    const path = join(root, "policy", "policy.txt");
    return existsSync(path)
      ? behind(roundOf(readFileSync(path, "utf8")), promised.replaced)
      : behind(0, promised.replaced);
  });
  await look("key", () => {
    for (let round = 1; round <= promised.key; round++) {
      const path = join(root, "keys", `${round}.pem`);
      if (!existsSync(path)) return `key ${round} is gone.`;
      if (readFileSync(path, "utf8") !== textOf(round)) return `key ${round} holds something else.`;
    }
    return null;
  });
  const shard = join(root, "exchange", "shard");
  await look("head", () => {
    if (!existsSync(shard)) return behind(0, promised.head);
    const head = openDurableHead(join(shard, "head"));
    try {
      const found = head.read();
      if (found !== null && !hashesEqual(found.leafHash, leafOf(found.sequence))) return "it names another hash.";
      return behind(found?.sequence ?? 0, promised.head);
    } finally {
      head.close();
    }
  });
  await look("dossier heads", () => {
    if (!existsSync(shard)) return null;
    const heads = openDossierHeads(join(shard, "dossier-heads.sqlite"));
    try {
      // Its tail may be gone; head and position go together.
      const at = heads.position()?.sequence ?? 0;
      if (heads.origin.kind === "rebuilt") return `it was damaged: ${heads.origin.reason}`;
      if (at > rounds) return `its position is ${at}.`;
      const newest = at === 0 ? null : heads.get(`d-${at % 3}`);
      return at > 0 && newest?.sequence !== at ? `position ${at} without its head.` : null;
    } finally {
      heads.close();
    }
  });
  await look("table", () => {
    const database = new ClientDatabase(join(root, "client", "outbox", "outbox.sqlite"), tableSchema);
    try {
      const rows = database.statement("SELECT number, text FROM kept ORDER BY number").all() as unknown as {
        number: number;
        text: string;
      }[];
      const odd = rows.find(({ number, text }, i) => number !== i + 1 || text !== textOf(number));
      return odd === undefined ? behind(rows.length, promised.table) : `row ${odd.number} is another one.`;
    } finally {
      database.close();
    }
  });
  await look("witness", async () => {
    const witness = await openWitnessFolder(join(root, "witness", "state"));
    try {
      const note = await witness.read("log.example/small");
      return behind(note === null ? 0 : roundOf(note), promised.witness);
    } finally {
      witness.release();
    }
  });
  await look("log", async () => {
    const directory = join(root, "ledger", "log");
    const shown = promised.log === 0 ? -1 : sealedAfter(promised.log);
    if (!existsSync(directory)) return behind(0, promised.log);
    const key = await keyOfSeed(seedOfLog);
    const log = await openWriter(directory, key, undefined, shown);
    if (log.size < shown) return `it ends at ${log.size}, and ${shown} were sealed.`;
    if (log.head === null) return null;
    const { findings } = await fsck({ directory, key });
    return findings.length === 0 ? null : JSON.stringify(findings);
  });
  await look("checkpoints", () => {
    const directory = join(root, "ledger", "log");
    if (!existsSync(directory)) return behind(0, promised.checkpoints);
    const kept = new KeptCheckpoints(join(directory, "checkpoints.sqlite"));
    try {
      const size = kept.signedSize();
      const least = promised.checkpoints === 0 ? -1 : sealedAfter(promised.checkpoints);
      return size < least ? `it ends at ${size}, and ${least} was kept.` : null;
    } finally {
      kept.close();
    }
  });
  return faults;
}

function roundOf(text: string): number {
  const round = Number(/^round (\d+) /.exec(text)?.[1]);
  if (text !== textOf(round)) throw new Error(`It holds what nobody wrote: ${JSON.stringify(text.slice(0, 40))}.`);
  return round;
}
