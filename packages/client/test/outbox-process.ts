// A desk that opens dossiers and completes their first step, through an outbox: to be killed at any moment, and started again.
import { connect, createAgencyPen, openOutbox } from "@lienthong/client";
import { Channel, Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { importSigningKey } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";

/** What it is told, as JSON in its first argument; bytes in base64. */
export interface OutboxOrders {
  readonly address: string;
  readonly tls: { readonly caPem: string; readonly certPem: string; readonly keyPem: string };
  readonly directory: string;
  readonly agency: string;
  readonly sealPem: string;
  readonly shard: string;
  readonly network: string;
  readonly procedureEntry: string;
  readonly routeEntry: string;
  readonly calendarEntry: string;
  readonly areaCode: string;
  readonly step: string;
  readonly dossiers: readonly string[];
}

const orders = JSON.parse(process.argv[2] ?? "") as OutboxOrders;
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const connection = connect({ address: orders.address, tls: orders.tls });
const pen = createAgencyPen({
  agency: orders.agency,
  keys: [importSigningKey(orders.sealPem)],
  network: bytes(orders.network),
  shard: orders.shard,
});
const { now } = await connection.exchange.getShard();
if (now === undefined) throw new Error("The shard shows no time.");
const outbox = openOutbox({
  directory: orders.directory,
  connection,
  firstBackoffMs: 5,
  // Told again after a kill: whether it was acted on already, the outbox knows.
  async onAccepted({ dossier, accepted }) {
    if (outbox.ofDossier(dossier).length > 1) return;
    const on = { dossier, branch: "0", head: leafHash(accepted.event), step: orders.step };
    await outbox.submit(pen.complete({ ...on, outcome: Outcome.OUTCOME_DONE }));
  },
});
console.log("begun");
for (const dossier of orders.dossiers) {
  if (outbox.ofDossier(dossier).length > 0) continue;
  const signed = pen.open({
    dossier,
    areaCode: orders.areaCode,
    procedureEntry: bytes(orders.procedureEntry),
    routeEntry: bytes(orders.routeEntry),
    calendarEntry: bytes(orders.calendarEntry),
    step: orders.step,
    channel: Channel.CHANNEL_ONLINE,
    receivedTime: now,
  });
  // One after the other, so that kills meet every stage.
  await outbox.submit(signed);
}
await outbox.idle();
const { counts } = outbox;
await outbox.close();
connection.close();
console.log(JSON.stringify(counts));
