// Loaded before a service's own code (`node --import`): with LIENTHONG_TEST_TREE set to a folder, the project's own modules come from there, as
// if the service had been started from that checkout. Everything else, the harness among it, stays this tree's.
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const tree = process.env.LIENTHONG_TEST_TREE ?? "";
const here = fileURLToPath(new URL("../../../", import.meta.url));

if (tree !== "") {
  const own = ["packages", "services", "deploy"].map((folder) => pathToFileURL(`${here}${folder}/`).href);
  const from = pathToFileURL(here).href;
  const to = pathToFileURL(`${tree}/`).href;
  let isMarked = false;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      if (!own.some((folder) => resolved.url.startsWith(folder))) return resolved;
      // For the test: it must be able to tell that the earlier version did run.
      if (!isMarked) writeFileSync(`${tree}/used-by-${process.pid}`, "");
      isMarked = true;
      return { ...resolved, url: to + resolved.url.slice(from.length) };
    },
  });
}
