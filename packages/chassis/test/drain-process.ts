// A process for signal-drain.test.ts: prints what it does, and ends when told. Its argument says how its steps behave.
import { createLogger, installSignalDrain } from "../src/index.ts";

const [behaviour] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const never = (): Promise<void> => new Promise(() => {});

installSignalDrain(
  [
    {
      name: "grpc",
      run: async () => {
        say("grpc");
        if (behaviour === "fails") throw new Error("cannot close");
        if (behaviour === "hangs") await never();
      },
    },
    { name: "nats", run: () => say("nats") },
  ],
  {
    logger: createLogger({ service: "test" }),
    timeoutMs: process.argv[3] === undefined ? 60_000 : Number(process.argv[3]),
  },
);
setInterval(() => {}, 1_000);
say("ready");
