// A witness in a process of its own, which dies by SIGKILL at its next write: before it ("lost") or after it ("landed").
import { parseVerifierKey } from "@lienthong/tlog";
import { openWitnessFolder, openWitnessKey, serveWitness } from "../src/index.ts";
import { quiet } from "./test-log.ts";

const [folder, keyFile, vkey, dies] = process.argv.slice(2) as [string, string, string, "lost" | "landed" | "never"];
const state = await openWitnessFolder(folder);
const die = (): Promise<never> => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
};
const served = await serveWitness({
  state: {
    ...state,
    async keep(origin, note) {
      if (dies === "lost") await die();
      await state.keep(origin, note);
      if (dies === "landed") await die();
    },
  },
  signer: await openWitnessKey(keyFile, null, "witness.example/killed"),
  logs: [parseVerifierKey(vkey)],
  host: "127.0.0.1",
  port: 0,
  logger: quiet,
});
process.stdout.write(`${served.url} ${served.vkey}\n`);
