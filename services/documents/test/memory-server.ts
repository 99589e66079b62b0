/** A document service in a process of its own. Told what to do by its first argument (JSON); says `{"address": …}`; ends with its input. */
import { createGrpcServer, createLogger, openDevelopmentAuthority, realClock } from "@lienthong/chassis";
import { connectAs } from "@lienthong/nats-server";
import { createDocuments, documentService, ServedDocuments } from "../src/index.ts";

/** What the parent tells. */
export interface MemoryServerOrders {
  readonly shard: string;
  readonly natsUrl: string;
  readonly seedFilePath: string;
  readonly directory: string;
  readonly tlsDirectory: string;
}

const orders = JSON.parse(process.argv[2] as string) as MemoryServerOrders;
const { shard, natsUrl: url, seedFilePath, directory, tlsDirectory } = orders;
const logger = createLogger({ service: "documents", level: "silent" });
const connection = await connectAs({ url, role: "documents", seedFilePath, name: "memory" });
const documents = await createDocuments({ shard, connection, directory, clock: realClock, logger });
await documents.start();
await documents.followEvents();
const served = new ServedDocuments();
served.add(documents.served);
const authority = await openDevelopmentAuthority({ folder: tlsDirectory });
const server = await createGrpcServer({
  services: [documentService(served, { authorise: () => null })],
  tls: await authority.server(),
  address: "127.0.0.1:0",
  logger,
});
process.stdout.write(`${JSON.stringify({ address: server.address })}\n`);
process.stdin.resume().on("end", () => process.exit(0));
