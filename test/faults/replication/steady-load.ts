import { setTimeout as wait } from "node:timers/promises";
import { BusCallError, type Connection, connect, type SignedStatement } from "@lienthong/client";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { leafHash } from "@lienthong/tlog";
import { dossierCode, type HeldBranch, type TestBus, type TestOffice } from "../../../packages/testkit/src/index.ts";

/** A statement that was accepted, as its author was told. */
export interface Accepted {
  readonly dossier: string;
  /** Event bytes. */
  readonly event: Uint8Array;
  readonly leafIndex: number;
  /** When it was signed and when the answer came, in milliseconds of `performance.now()`. */
  readonly signedAtMs: number;
  readonly acceptedAtMs: number;
  readonly worker: number;
}

/** A ward that opens and a receiver, both given. */
export interface Course {
  readonly ward: string;
  readonly areaCode: string;
  readonly procedure: string;
}

/** Workers that open dossiers, hand them over and take them, each step until it is accepted, through all replicas in turn. */
export interface SteadyLoad {
  readonly accepted: readonly Accepted[];
  /** What was refused for good, in words: none may be, since every statement was right when it was signed. */
  readonly refused: readonly string[];
  /** Attempts whose outcome was not known, and attempts that were refused for the moment. */
  counts(): { readonly unknown: number; readonly putOff: number };
  /** Milliseconds from `sinceMs` until something signed after it was accepted; and until every worker had something accepted after it. */
  recovery(sinceMs: number, withinMs?: number): Promise<{ readonly firstMs: number; readonly allMs: number }>;
  /** Finishes the statements under way. */
  stop(): Promise<void>;
}

const callDeadlineMs = 7_000;

/** Starts the load. */
export function startLoad(bus: TestBus, courses: readonly Course[], workers: number): SteadyLoad {
  const accepted: Accepted[] = [];
  const refused: string[] = [];
  const lastOf = new Map<number, Accepted>();
  let unknown = 0;
  let putOff = 0;
  let stopping = false;
  const address = `ipv4:${bus.bus.replicas.map((replica) => replica.address).join(",")}`;
  const connections = new Map<string, Connection>();
  const connectionOf = (office: TestOffice): Connection => {
    const system = bus.systemOf(office.agency);
    const made = connections.get(system) ?? connect({ address, tls: bus.tls(system), channel: { inTurn: true } });
    connections.set(system, made);
    return made;
  };

  /** The same envelope again and again until it is accepted, or refused for good. */
  async function say(
    worker: number,
    office: TestOffice,
    dossier: string,
    signed: SignedStatement,
  ): Promise<AcceptedStatement> {
    const signedAtMs = performance.now();
    for (;;) {
      try {
        const answer = await connectionOf(office).exchange.submit(signed.envelope, { deadlineMs: callDeadlineMs });
        const acceptedAtMs = performance.now();
        const { event, leafIndex } = answer;
        const told = { dossier, event, leafIndex: Number(leafIndex), signedAtMs, acceptedAtMs, worker };
        accepted.push(told);
        lastOf.set(worker, told);
        return answer;
      } catch (error) {
        if (!(error instanceof BusCallError) || error.retry === "terminal") {
          refused.push(`${dossier}: ${error instanceof BusCallError ? error.reason : ""} ${String(error)}`);
          throw error;
        }
        if (error.outcomeUnknown) unknown += 1;
        else putOff += 1;
        await wait(error.retryAfterMs ?? 50 + 100 * Math.random());
      }
    }
  }

  async function playDossier(worker: number, { ward, areaCode, procedure }: Course): Promise<void> {
    const dossier = dossierCode();
    const route = routeOf(bus, procedure);
    const author = bus.office(ward);
    const opened = await say(worker, author, dossier, author.signOpen(dossier, areaCode, procedure));
    let held: HeldBranch = {
      ...{ dossier, areaCode, procedure, branch: "0", step: route.startSteps[0]?.id ?? "" },
      head: leafHash(opened.event),
    };
    if (route.step(held.step)?.completionRequired === true) {
      const completed = author.pen.complete({ ...held, outcome: Outcome.OUTCOME_DONE });
      held = { ...held, head: leafHash((await say(worker, author, dossier, completed)).event) };
    }
    const targets = author.targets(held);
    const forwarded = await say(worker, author, dossier, author.signForward(held, targets));
    const head = leafHash(forwarded.event);
    for (const target of targets) {
      const receiver = bus.office(target.receiver.agency);
      const offered = { ...held, branch: target.branch, step: target.step, head };
      await say(worker, receiver, dossier, receiver.pen.acknowledge(offered));
    }
  }

  const running = Array.from({ length: workers }, async (_, worker) => {
    for (let round = worker; !stopping; round++) {
      await playDossier(worker, courses[round % courses.length] as Course).catch((error: unknown) => {
        if (refused.length === 0) refused.push(String(error));
      });
      if (refused.length > 20) return;
    }
  });

  return {
    accepted,
    refused,
    counts: () => ({ unknown, putOff }),
    async recovery(sinceMs, withinMs = 60_000) {
      const deadline = performance.now() + withinMs;
      let firstMs: number | null = null;
      for (let seen = 0; ; await wait(10)) {
        for (; firstMs === null && seen < accepted.length; seen++) {
          const told = accepted[seen] as Accepted;
          if (told.signedAtMs >= sinceMs) firstMs = told.acceptedAtMs - sinceMs;
        }
        const times = [...lastOf.values()].map(({ acceptedAtMs }) => acceptedAtMs);
        if (firstMs !== null && times.length === workers && times.every((time) => time > sinceMs)) {
          const allMs = Math.max(...firstAfter(accepted, sinceMs, workers)) - sinceMs;
          return { firstMs, allMs };
        }
        if (performance.now() > deadline) throw new Error(`Not everybody was served again within ${withinMs} ms.`);
      }
    },
    async stop() {
      stopping = true;
      await Promise.all(running);
      for (const connection of connections.values()) connection.close();
    },
  };
}

function routeOf(bus: TestBus, procedure: string) {
  const { state } = bus.bus.registry;
  const found = state.procedure(procedure);
  const route = found === undefined ? undefined : state.routesOf(found.record.key)[0];
  if (route === undefined) throw new Error(`${procedure} has no route here.`);
  return route.compiled;
}

/** When each worker had its first acceptance after a moment. */
function firstAfter(accepted: readonly Accepted[], sinceMs: number, workers: number): number[] {
  return Array.from(
    { length: workers },
    (_, worker) => accepted.find((told) => told.worker === worker && told.acceptedAtMs > sinceMs)?.acceptedAtMs ?? 0,
  );
}
