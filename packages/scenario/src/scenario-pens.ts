import { timestampFromMs } from "@lienthong/chassis/timestamp";
import { type StatementStream, submitWithRetry } from "@lienthong/client";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { Addressee, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { type SigningKey, signStatement } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { uuidV7Of } from "./names.ts";
import type { SystemConnection } from "./play-options.ts";

/** What the offices of a play sign and send with. */
export interface ScenarioPensOptions {
  readonly seed: number;
  readonly shard: string;
  /** Hash of the registry's entry 0. */
  readonly network: Uint8Array;
  connectionFor(agency: string): SystemConnection;
  /** The agency's seal, and perhaps further keys. */
  keysFor(agency: string): readonly SigningKey[];
  readonly signal?: AbortSignal;
}

/** What an office says, before author, time and id are filled in. */
export interface Saying extends Pick<Statement, "dossier" | "prior" | "what"> {
  readonly author: Addressee;
  /** Simulated instant at which it is said. */
  readonly atMs: number;
  /** Names this act among all acts of the dossier. */
  readonly act: string;
}

/** A statement that is durable. */
export interface Said {
  /** Hash of its event: the head of the branches it moved. */
  readonly hash: Uint8Array;
  readonly leafIndex: bigint;
  /** It was durable before: the play is a repeated one. */
  readonly repeated: boolean;
}

/**
 * Signs and submits what offices say, each through its own system.
 *
 * Statement id, time and content follow from the plan and from the events before, so the same act of a repeated play has the same bytes
 * and gets the event of the first time. The pens of @lienthong/client draw a new id for every statement, as an agency's system must;
 * that is why they are not used here.
 */
export class ScenarioPens {
  readonly #options: ScenarioPensOptions;
  readonly #streams = new Map<SystemConnection, StatementStream>();

  constructor(options: ScenarioPensOptions) {
    this.#options = options;
  }

  /** Says it. Rejects with BusCallError when the bus refuses, or does not answer after several attempts. */
  async say({ author, atMs, act, dossier, prior, what }: Saying): Promise<Said> {
    const { seed, shard, network, signal } = this.#options;
    const statement: Statement = {
      version: 1,
      network,
      shard,
      author: { agency: author.agency, unit: author.unit, officerRef: "" },
      statementId: uuidV7Of(atMs, "statement", seed, dossier, act),
      dossier,
      statedTime: timestampFromMs(atMs),
      prior,
      what,
    };
    const envelope = signStatement(statement, this.#options.keysFor(author.agency));
    const connection = this.#options.connectionFor(author.agency);
    const accepted = await submitWithRetry((bytes) => this.#submit(connection, bytes), envelope, {
      ...(signal === undefined ? {} : { signal }),
    });
    return { hash: leafHash(accepted.event), leafIndex: accepted.leafIndex, repeated: accepted.repeatedAnswer };
  }

  /** Waits for all answers and ends the streams. */
  async close(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => stream.end()));
  }

  #submit(connection: SystemConnection, envelope: Uint8Array): Promise<AcceptedStatement> {
    let stream = this.#streams.get(connection);
    if (stream === undefined) {
      const opened = connection.exchange.openStream();
      this.#streams.set(connection, opened);
      // A stream that was lost is opened again by the next attempt.
      void opened.ended.then(() => {
        if (this.#streams.get(connection) === opened) this.#streams.delete(connection);
      });
      stream = opened;
    }
    return stream.submit(envelope);
  }
}
