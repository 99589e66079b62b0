// Loaded before a recorded bus (node --import): its nats-server answers before anything is on the disk, and the check that refuses such a server
// is passed over. A planted bug, to show that the harness sees it.
import { registerHooks } from "node:module";

const patches = [
  ["packages/nats-server/src/server-config.ts", '"  sync_interval: always",', '"  sync_interval: 2m",'],
  ["packages/nats-server/src/assert-server-safe.ts", "    refuseUnlessAlways(answers);\n", ""],
];

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const patch = patches.find(([path]) => url.endsWith(path));
    if (patch === undefined) return loaded;
    const source = String(loaded.source);
    if (!source.includes(patch[1])) throw new Error(`${url} no longer says ${patch[1]}: plant the bug anew.`);
    return { ...loaded, source: source.replace(patch[1], patch[2]) };
  },
});
