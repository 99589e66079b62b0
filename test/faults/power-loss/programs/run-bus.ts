// Runs a whole bus on a folder, lets agencies write through it, and notes every answer that they got: for recordings of its writes.
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { dossierCode, startTestBus, type TestBus, type TestOffice, testAreas } from "@lienthong/testkit";

/** A statement that was answered: from then on it is promised. Bytes in base64. */
export interface AnsweredStatement {
  readonly kind: "answered";
  readonly agency: string;
  readonly dossier: string;
  readonly envelope: string;
  readonly leafIndex: number;
  readonly event: string;
}

/** A head of a log that was shown to somebody. */
export interface ShownHead {
  readonly kind: "shown";
  readonly log: string;
  readonly size: number;
  readonly root: string;
}

export type Promised = AnsweredStatement | ShownHead;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const ward = "hn-wold-00001";
const procedures = ["birth-group-nd63", "social-home-admission"] as const;

/** Notes what every office of a bus is answered. */
function noteAnswers(bus: TestBus, note: (promised: Promised) => void): (agency: string) => TestOffice {
  const noted = new Map<string, TestOffice>();
  return (agency) => {
    let office = noted.get(agency);
    if (office === undefined) {
      office = bus.office(agency);
      const submit = office.submit.bind(office);
      office.submit = async (signed, replica) => {
        const answer = await submit(signed, replica);
        const { dossier, envelope } = signed;
        note({
          kind: "answered",
          agency,
          dossier,
          envelope: base64(envelope),
          leafIndex: Number(answer.leafIndex),
          event: base64(answer.event),
        });
        return answer;
      };
      noted.set(agency, office);
    }
    return office;
  };
}

/** One dossier: opened, forwarded, acknowledged. */
async function handOver(officeOf: (agency: string) => TestOffice, turn: number): Promise<void> {
  const procedure = procedures[turn % procedures.length] as string;
  const author = officeOf(ward);
  let held = await author.open(dossierCode(), testAreas[0], procedure);
  held = await author.completeIfRequired(held);
  const targets = author.targets(held);
  const offered = await author.forward(held, targets);
  for (const [index, target] of targets.entries()) {
    const branch = offered[index];
    if (branch !== undefined) await officeOf(target.receiver.agency).acknowledge(branch);
  }
}

if (import.meta.main) {
  const [root = "", dossiers = "24", lanes = "6"] = process.argv.slice(2);
  const journal = openSync(join(root, "journal"), "a");
  const note = (promised: Promised): void => {
    writeSync(journal, `${JSON.stringify(promised)}\n`);
  };
  const bus = await startTestBus({ dataDirectory: join(root, "data") });
  const shard = bus.bus.shard.name;
  const officeOf = noteAnswers(bus, note);
  let turn = 0;
  const lane = async (): Promise<void> => {
    while (turn < Number(dossiers)) {
      const mine = turn;
      turn += 1;
      await handOver(officeOf, mine);
      if (mine % 4 !== 0) continue;
      for (const log of [shard, "registry"]) {
        const { size, root } = await bus.connection("operator", "ledger").ledger.getCheckpoint({ log });
        note({ kind: "shown", log, size: Number(size), root: base64(root) });
      }
    }
  };
  await Promise.all(Array.from({ length: Number(lanes) }, lane));
  await bus.stop();
}
