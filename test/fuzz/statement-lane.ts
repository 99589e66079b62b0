import { Client, type ClientDuplexStream } from "@grpc/grpc-js";
import { createGrpcCredentials, grpcChannelOptions } from "@lienthong/chassis/channel";
import {
  type StatementAnswer,
  StreamStatementsRequest,
  StreamStatementsResponse,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { judgeAcceptance } from "./acceptance-rules.ts";
import { Dice } from "./dice.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import { judgeRefusal } from "./refusal-rules.ts";
import { statementInput } from "./statement-inputs.ts";
import type { Stations } from "./stations.ts";
import type { Tally } from "./tally.ts";

export const streamStatementsPath = "/lienthong.exchange.v1.ExchangeService/StreamStatements";
const batchMax = 1_000;
/** Of the statements of one message together; the server takes 4,194,304 with what stands between them. */
const batchBytesMax = 3_000_000;
const answerMsMax = 60_000;

interface Waiting {
  readonly envelope: Uint8Array;
  readonly done: () => void;
}

/** Statements by the thousand on streams that stay open: whatever is in them, the stream goes on. */
export class StatementLane {
  readonly #world: FuzzWorld;
  readonly #stations: Stations;
  readonly #tally: Tally;
  readonly #seed: string;
  readonly #streams = new Map<string, SystemStream>();
  #next = 0;
  /** Statements made so far. */
  get sent(): number {
    return this.#next;
  }

  constructor(world: FuzzWorld, stations: Stations, tally: Tally, seed: string) {
    this.#world = world;
    this.#stations = stations;
    this.#tally = tally;
    this.#seed = seed;
  }

  /** Sends so many, and resolves when each has its answer. */
  async run(count: number): Promise<void> {
    const done: Promise<void>[] = [];
    for (let left = count; left > 0; left -= batchMax) {
      const bySystem = new Map<string, Uint8Array[]>();
      for (let at = Math.min(left, batchMax); at > 0; at--) {
        const dice = new Dice(`${this.#seed} statement ${this.#next++}`);
        const { envelope, agency } = statementInput(this.#stations, dice);
        const system = this.#world.systemOf(agency);
        bySystem.set(system, [...(bySystem.get(system) ?? []), envelope]);
      }
      for (const [system, envelopes] of bySystem) {
        for (const message of messagesOf(envelopes)) done.push(this.#stream(system).send(message));
      }
      // Two messages under way keep both sides busy; more would only wait.
      while (done.length > 4) await done.shift();
    }
    await Promise.all(done);
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  #stream(system: string): SystemStream {
    let stream = this.#streams.get(system);
    if (stream === undefined || stream.broken) {
      stream?.close();
      stream = new SystemStream(this.#world, system, this.#tally, (envelope, answer) => this.#judge(envelope, answer));
      this.#streams.set(system, stream);
    }
    return stream;
  }

  #judge(envelope: Uint8Array, { outcome }: StatementAnswer): void {
    const tally = this.#tally;
    if (outcome?.$case === "accepted") {
      tally.accept(streamStatementsPath);
      const { fault, dossier } = judgeAcceptance(envelope, outcome.value, this.#world);
      if (fault !== null) tally.fault(streamStatementsPath, fault, envelope);
      if (!outcome.value.repeatedAnswer) this.#stations.moved(dossier);
    } else if (outcome?.$case === "refused") {
      const { reason, fault } = judgeRefusal(outcome.value);
      tally.refuse(streamStatementsPath, reason);
      if (fault !== null) tally.fault(streamStatementsPath, fault, envelope);
    } else {
      tally.fault(streamStatementsPath, "A statement was answered with neither outcome.", envelope);
    }
  }
}

/** Envelopes by messages that the server takes. One that is too large for any is left out: it would end the stream, as it should. */
function messagesOf(envelopes: readonly Uint8Array[]): Uint8Array[][] {
  const messages: Uint8Array[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const envelope of envelopes) {
    if (envelope.length > batchBytesMax) continue;
    if (bytes + envelope.length > batchBytesMax) {
      messages.push([]);
      bytes = 0;
    }
    messages.at(-1)?.push(envelope);
    bytes += envelope.length;
  }
  return messages;
}

/** The stream of one system. */
class SystemStream {
  broken = false;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Uint8Array, StreamStatementsResponse>;
  readonly #waiting = new Map<bigint, Waiting>();
  readonly #tally: Tally;
  #correlation = 0n;
  #closing = false;

  constructor(
    world: FuzzWorld,
    system: string,
    tally: Tally,
    judge: (envelope: Uint8Array, answer: StatementAnswer) => void,
  ) {
    this.#tally = tally;
    const options = grpcChannelOptions({ sharedConnection: false, serverName: "localhost" });
    this.#client = new Client(world.address("exchange"), createGrpcCredentials(world.tls(system)), options);
    this.#call = this.#client.makeBidiStreamRequest(
      streamStatementsPath,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => StreamStatementsResponse.decode(bytes),
    );
    this.#call.on("data", ({ answers }: StreamStatementsResponse) => {
      for (const answer of answers) {
        const waiting = this.#waiting.get(answer.correlation);
        if (waiting === undefined) {
          tally.fault(streamStatementsPath, "An answer came that nobody waits for.", new Uint8Array(0));
          continue;
        }
        this.#waiting.delete(answer.correlation);
        judge(waiting.envelope, answer);
        waiting.done();
      }
    });
    this.#call.on("error", () => {});
    this.#call.on("status", ({ code, details }) => {
      this.broken = true;
      if (this.#closing && code <= 1) return;
      const sent = [...this.#waiting.values()].map(({ envelope }) => envelope);
      tally.fault(streamStatementsPath, `The stream ended with ${code}: ${details}`, Buffer.concat(sent.slice(0, 100)));
      this.#giveUp();
    });
  }

  /** Resolves when all have their answers. */
  send(envelopes: readonly Uint8Array[]): Promise<void> {
    let left = envelopes.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      const [first] = this.#waiting.values();
      const what = `${this.#waiting.size} statements had no answer within ${answerMsMax} ms.`;
      this.#tally.fault(streamStatementsPath, what, first?.envelope ?? new Uint8Array(0));
      this.#giveUp();
    }, answerMsMax);
    const done = () => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      resolve();
    };
    const statements = envelopes.map((envelope) => {
      this.#correlation += 1n;
      this.#waiting.set(this.#correlation, { envelope, done });
      return { correlation: this.#correlation, envelope };
    });
    this.#tally.sent(streamStatementsPath, statements.length);
    this.#call.write(StreamStatementsRequest.encode({ statements }).finish());
    return promise;
  }

  close(): void {
    this.#closing = true;
    this.#call.end();
    this.#client.close();
  }

  #giveUp(): void {
    this.broken = true;
    const given = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { done } of given) done();
  }
}
