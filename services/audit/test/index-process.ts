// A process that reads one shard into an index until it is killed: node index-process.ts NATS-URL SEED-FILE SHARD DATABASE-URL|DIRECTORY
import { createLogger } from "@lienthong/chassis";
import { connectAs } from "@lienthong/nats-server";
import { AuditIndex, openDatabase } from "../src/index.ts";
import { madeNames } from "./made-events.ts";

const [url = "", seedFilePath = "", shard = "", where = ""] = process.argv.slice(2);
const isUrl = where.startsWith("postgres:");
const database = await openDatabase({ url: isUrl ? where : undefined, directory: where });
const index = await AuditIndex.open({
  database,
  connection: await connectAs({ url, role: "audit", seedFilePath, name: "test audit process" }),
  names: madeNames,
  registryAt: async () => {},
  logger: createLogger({ service: "test", level: "fatal" }),
  onChange() {
    const [indexer] = index.indexers();
    process.stdout.write(`${indexer?.position()?.size ?? 0} ${indexer?.stoppedBecause() ?? ""}\n`);
  },
});
index.followShard(shard);
