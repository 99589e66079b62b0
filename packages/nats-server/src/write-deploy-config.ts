// Run by hand after a change of accounts.ts: node packages/nats-server/src/write-deploy-config.ts
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { renderDeployConfig } from "./server-config.ts";

const target = fileURLToPath(new URL("../../../deploy/nats/nats-server.conf", import.meta.url));
await writeFile(target, renderDeployConfig());
