// A desk that receives durably and writes down what it was handed: to be killed at any moment, and started again.
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { connect, receiveDurably } from "@lienthong/client";

/** What it is told, as JSON in its first argument. */
export interface InboxOrders {
  readonly address: string;
  readonly tls: { readonly caPem: string; readonly certPem: string; readonly keyPem: string };
  readonly directory: string;
  readonly agency: string;
  readonly shard: string;
  /** Where it writes "<dossier> <leaf index>", a line for each delivery. */
  readonly journal: string;
}

const orders = JSON.parse(process.argv[2] ?? "") as InboxOrders;
const connection = connect({ address: orders.address, tls: orders.tls });
const journal = openSync(orders.journal, "a");
const receiver = receiveDurably({
  directory: orders.directory,
  connection,
  shard: orders.shard,
  agencies: [orders.agency],
  handlersMax: 4,
  credit: 20,
  async handler({ dossier, leafIndex }) {
    await delay(2);
    writeSync(journal, `${dossier} ${leafIndex}\n`);
    fsyncSync(journal);
  },
});
// Before it says that it began: it may be told to end in that very moment.
process.once("SIGTERM", async () => {
  await receiver.close();
  connection.close();
  closeSync(journal);
});
await receiver.ready;
console.log("begun");
