import { setTimeout as wait } from "node:timers/promises";
import { BusCallError, type SignedStatement } from "@lienthong/client";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { dossierCode, type HeldBranch, type TestBus, type TestOffice } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { type StreamEvent, sameBytes } from "./stream-facts.ts";

/** A statement that was accepted, and the answer. */
export interface LoadRecord {
  readonly signed: SignedStatement;
  readonly accepted: AcceptedStatement;
}

/** Offices at work. */
export interface Load {
  /** Every acceptance that a caller received, in the order received. */
  readonly accepted: readonly LoadRecord[];
  /** Every refusal or failure that was followed by a retry of the same envelope. */
  readonly retried: readonly BusCallError[];
  /** Finishes what each worker is saying, and ends. Rejects if a statement was refused for good. */
  stop(): Promise<void>;
}

const wards = [
  { ward: "hn-wold-00001", areaCode: "00001" },
  { ward: "hn-wold-00004", areaCode: "00004" },
  { ward: "hn-wold-00006", areaCode: "00006" },
] as const;
const department = "hn-so-yt";

/**
 * Wards that open, complete and forward dossiers, and the department that acknowledges them, each statement sent until it is answered.
 * `present` tells the bus as it is now: after a restart it is another.
 */
export function startLoad(
  present: () => TestBus,
  options: { readonly workers: number; readonly replicas?: number },
): Load {
  const accepted: LoadRecord[] = [];
  const retried: BusCallError[] = [];
  let stopping = false;
  // Pens and keys outlive restarts; only the connections change.
  const first = present();
  const replicas = options.replicas ?? 1;

  async function say(office: TestOffice, signed: SignedStatement, replica: number): Promise<Uint8Array> {
    for (;;) {
      try {
        const bus = present();
        const answer = await bus.connection(bus.systemOf(office.agency), replica).exchange.submit(signed.envelope);
        accepted.push({ signed, accepted: answer });
        return leafHash(answer.event);
      } catch (error) {
        if (!(error instanceof BusCallError) || error.retry === "terminal") throw error;
        retried.push(error);
        await wait(50);
      }
    }
  }

  async function work(worker: number): Promise<void> {
    const { ward, areaCode } = wards[worker % wards.length] as (typeof wards)[number];
    const office = first.office(ward);
    const receiver = first.office(department);
    for (let turn = 0; !stopping; turn += 1) {
      const replica = (worker + turn) % replicas;
      const open = office.signOpen(dossierCode(), areaCode, "social-home-admission");
      const held = { dossier: open.dossier, areaCode, procedure: "social-home-admission", branch: "0", step: "ward" };
      const moved = (head: Uint8Array): HeldBranch => ({ ...held, head });
      let now = moved(await say(office, open, replica));
      now = moved(await say(office, office.pen.complete({ ...now, outcome: Outcome.OUTCOME_DONE }), replica));
      now = moved(await say(office, office.signForward(now), (replica + 1) % replicas));
      await say(receiver, receiver.pen.acknowledge(now), replica);
    }
  }

  const working = Array.from({ length: options.workers }, (_, worker) => work(worker));
  // Whoever asks `stop` hears of a failure; until then it is not unhandled.
  for (const worker of working) worker.catch(() => {});
  return {
    accepted,
    retried,
    async stop() {
      stopping = true;
      await Promise.all(working);
    },
  };
}

/** Acceptances that the stream does not bear out: not at the index named, or not byte for byte. */
export function unkeptAcceptances(load: Load, events: readonly StreamEvent[]): string[] {
  return load.accepted.flatMap(({ signed, accepted }) => {
    const stored = events[Number(accepted.leafIndex)];
    if (stored !== undefined && sameBytes(stored.bytes, accepted.event)) return [];
    return [`${signed.statementId} of ${signed.dossier} was accepted at ${accepted.leafIndex}, and is not there.`];
  });
}
