// Started by embedded-server.test.ts as a process to be killed: it owns an embedded server and says so.
import { startEmbeddedNats } from "../src/index.ts";

const [binaryPath, dataDirectory, endWithParent] = process.argv.slice(2) as [string, string, string];
const server = await startEmbeddedNats({ binaryPath, dataDirectory, endWithParent: endWithParent === "yes" });
process.stdout.write(`${JSON.stringify({ pid: server.pid, port: server.port, url: server.url })}\n`);
setInterval(() => {}, 60_000);
