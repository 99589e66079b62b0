import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dice } from "./dice.ts";
import { fileReaders } from "./file-readers.ts";
import { mutateText } from "./mutate-text.ts";
import type { Tally } from "./tally.ts";

/** Of the processor: how long other processes take it away says nothing of a reader. */
const readCpuMsMax = 2_000;

/** Reads so many files of every kind, changed and random, through the functions that the command and the bus read them with. */
export async function fuzzFiles(
  inputs: number,
  seed: string,
  tally: Tally,
  goesOn: () => boolean = () => true,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lienthong-fuzz-files-"));
  try {
    const readers = await fileReaders(folder);
    for (let number = 0; number < inputs && goesOn(); number++) {
      const reader = readers[number % readers.length] as (typeof readers)[number];
      const { name, valid } = reader;
      const dice = new Dice(`${seed} file ${number}`);
      const base = dice.pick(valid);
      const bytes = dice.chance(0.02) ? base : mutateText(base, dice.pick(valid), dice);
      tally.sent(name);
      const before = process.threadCpuUsage();
      try {
        const wrong = await reader.read(bytes);
        tally.accept(name);
        if (wrong !== null) tally.fault(name, wrong, bytes);
      } catch (thrown) {
        const error = thrown as Error;
        tally.refuse(name, `file: ${error.name}`);
        if (!reader.refuses(error)) tally.fault(name, `${error.name}: ${error.message.slice(0, 300)}`, bytes);
        else if (error.message === "") tally.fault(name, "It is refused without a sentence.", bytes);
      }
      const { user, system } = process.threadCpuUsage(before);
      const tookMs = (user + system) / 1_000;
      if (tookMs > readCpuMsMax) tally.fault(name, `Reading it took ${tookMs.toFixed(0)} ms of the processor.`, bytes);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
