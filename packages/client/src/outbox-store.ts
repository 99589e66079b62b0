import { join } from "node:path";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Statement, StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { Promise as BusPromise } from "@lienthong/contracts/ledger/v1/promise";
import { readEvent } from "@lienthong/statement";
import type { SignedStatement } from "./agency-pen.ts";
import { ClientDatabase } from "./client-database.ts";

/** A statement that was accepted, kept until its receipt is. */
export interface AcceptedEntry {
  /** Place in the order of acceptances here, from 1; what `since` counts. */
  readonly number: number;
  readonly statementId: string;
  readonly dossier: string;
  readonly shard: string;
  /** Index in the shard's log. */
  readonly leafIndex: bigint;
  /** The answer as it came: event bytes and promise. */
  readonly accepted: AcceptedStatement;
}

/** Why a statement was not accepted. */
export interface Refusal {
  /** Of the bus's list; null when the answer itself was wrong (`contested`) or the reason is newer than this client. */
  readonly reason: string | null;
  /** Path of the field at fault, or null. */
  readonly field: string | null;
  readonly message: string;
  readonly localizedMessages: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Hash of the event that decided against it: the head to act on now. 64 hexadecimal digits, or null. */
  readonly winningHead: string | null;
  /** Set when the bus answered with something else than it was sent, or with a promise that does not hold: the answer, in base64. Evidence. */
  readonly contested: { readonly event: string; readonly promise: string } | null;
}

/** A statement that was refused, kept until somebody forgets it or has it sent again. */
export interface RefusedEntry {
  readonly statementId: string;
  readonly dossier: string;
  readonly envelope: Uint8Array;
  readonly refusal: Refusal;
}

/** A statement that is to be sent. */
export interface KeptStatement {
  readonly position: number;
  readonly statementId: string;
  readonly dossier: string;
  /** When it was kept, milliseconds since 1970. */
  readonly keptMs: number;
}

/** How many of each there are. */
export interface OutboxCounts {
  readonly pending: number;
  readonly refused: number;
  readonly accepted: number;
}

const version = 1;
const schema = `
  CREATE TABLE statements (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    statement_id TEXT NOT NULL UNIQUE,
    dossier TEXT NOT NULL,
    envelope BLOB NOT NULL,
    kept_ms INTEGER NOT NULL,
    refusal TEXT,
    told INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX statements_of_dossier ON statements (dossier);
  CREATE INDEX refused_statements ON statements (position) WHERE refusal IS NOT NULL;
  CREATE TABLE accepted (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    statement_id TEXT NOT NULL UNIQUE,
    dossier TEXT NOT NULL,
    shard TEXT NOT NULL,
    leaf_index INTEGER NOT NULL,
    event BLOB NOT NULL,
    promise BLOB NOT NULL,
    repeated INTEGER NOT NULL,
    told INTEGER NOT NULL,
    UNIQUE (shard, leaf_index)
  ) STRICT;
  CREATE INDEX accepted_of_dossier ON accepted (dossier);
  CREATE INDEX accepted_untold ON accepted (number) WHERE told = 0;
  CREATE TABLE network (id INTEGER PRIMARY KEY CHECK (id = 1), network BLOB NOT NULL, first_shard TEXT NOT NULL) STRICT;
`;

type Row = Record<string, unknown>;

/** The outbox's tables. Methods that change something are to be called inside `transaction`. */
export class OutboxStore {
  readonly #database: ClientDatabase;
  #counts: { pending: number; refused: number; accepted: number };

  constructor(directory: string) {
    this.#database = new ClientDatabase(join(directory, "outbox.sqlite"), { schema, version });
    this.#counts = this.#count();
  }

  get counts(): OutboxCounts {
    return { ...this.#counts };
  }

  /** All of it, on the disk when this returns, or nothing. */
  transaction(work: () => void): void {
    const before = { ...this.#counts };
    try {
      this.#database.transaction(work);
    } catch (error) {
      this.#counts = before;
      throw error;
    }
  }

  /**
   * Keeps a statement that is to be sent; one that is here already stays as it is.
   * @throws an Error with a sentence if its id is that of another statement, or it is for another network.
   */
  keep({ statementId, dossier, envelope, payload }: SignedStatement, nowMs: number): void {
    this.#checkNetwork(payload);
    const known = this.#known(statementId);
    if (known !== null) {
      // Signatures may differ from one signing to the next; what is said may not.
      if (Buffer.compare(known, payload) === 0) return;
      throw new Error(`The statement id ${statementId} is that of another statement; sign with an id of its own.`);
    }
    this.#keep(statementId, dossier, envelope, nowMs);
  }

  /** Moves a statement to the accepted ones; returns its number. */
  accept(statementId: string, shard: string, answer: AcceptedStatement, told: boolean): number {
    const { dossier } = this.#get("SELECT dossier FROM statements WHERE statement_id = ?", statementId) as {
      dossier: string;
    };
    this.#run("DELETE FROM statements WHERE statement_id = ?", statementId);
    const promise = answer.promise === undefined ? new Uint8Array(0) : BusPromise.encode(answer.promise).finish();
    const { lastInsertRowid } = this.#run(
      "INSERT INTO accepted (statement_id, dossier, shard, leaf_index, event, promise, repeated, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      statementId,
      dossier,
      shard,
      answer.leafIndex,
      answer.event,
      promise,
      answer.repeatedAnswer ? 1 : 0,
      told ? 1 : 0,
    );
    this.#counts.pending -= 1;
    this.#counts.accepted += 1;
    return Number(lastInsertRowid);
  }

  refuse(statementId: string, refusal: Refusal, told: boolean): void {
    this.#run(
      "UPDATE statements SET refusal = ?, told = ? WHERE statement_id = ?",
      JSON.stringify(refusal),
      told ? 1 : 0,
      statementId,
    );
    this.#counts.pending -= 1;
    this.#counts.refused += 1;
  }

  /** Makes a refused statement one to be sent, after all others; false if there is none of that id. */
  sendAgain(statementId: string, nowMs: number): boolean {
    const refused = this.refusedById(statementId);
    if (refused === null) return false;
    this.forgetRefused(statementId);
    const { dossier, envelope } = refused;
    this.#keep(statementId, dossier, envelope, nowMs);
    return true;
  }

  /** False if there is no refused statement of that id. */
  forgetRefused(statementId: string): boolean {
    const { changes } = this.#run("DELETE FROM statements WHERE statement_id = ? AND refusal IS NOT NULL", statementId);
    this.#counts.refused -= Number(changes);
    return changes !== 0;
  }

  /** False if there is no accepted statement at that leaf. Without a shard: the one of the first statement ever kept here. */
  forgetAccepted(leafIndex: bigint, shard: string | null): boolean {
    const { changes } = this.#run(
      "DELETE FROM accepted WHERE shard = coalesce(?, (SELECT first_shard FROM network)) AND leaf_index = ?",
      shard,
      leafIndex,
    );
    this.#counts.accepted -= Number(changes);
    return changes !== 0;
  }

  markTold(statementId: string): void {
    this.#run("UPDATE accepted SET told = 1 WHERE statement_id = ?", statementId);
    this.#run("UPDATE statements SET told = 1 WHERE statement_id = ? AND refusal IS NOT NULL", statementId);
  }

  /** Statements to be sent, in order, after a position. */
  pendingAfter(position: number, limit: number): KeptStatement[] {
    return this.#all(
      `SELECT position, statement_id, dossier, kept_ms FROM statements
       WHERE position > ? AND refusal IS NULL ORDER BY position LIMIT ?`,
      position,
      limit,
    ).map((row) => ({
      position: row.position as number,
      statementId: row.statement_id as string,
      dossier: row.dossier as string,
      keptMs: row.kept_ms as number,
    }));
  }

  envelope(position: number): Uint8Array {
    return this.#get("SELECT envelope FROM statements WHERE position = ?", position)?.envelope as Uint8Array;
  }

  refused(limit: number): RefusedEntry[] {
    return this.#all("SELECT * FROM statements WHERE refusal IS NOT NULL ORDER BY position LIMIT ?", limit).map(
      refusedOf,
    );
  }

  accepted(since: number, limit: number): AcceptedEntry[] {
    return this.#all("SELECT * FROM accepted WHERE number > ? ORDER BY number LIMIT ?", since, limit).map(acceptedOf);
  }

  /** What nobody was told of, between two positions. */
  refusedUntold(after: number, upTo: number, limit: number): (RefusedEntry & { readonly position: number })[] {
    return this.#all(
      `SELECT * FROM statements WHERE refusal IS NOT NULL AND told = 0 AND position > ? AND position <= ?
       ORDER BY position LIMIT ?`,
      after,
      upTo,
      limit,
    ).map(refusedOf);
  }

  /** What nobody was told of, between two numbers. */
  acceptedUntold(since: number, upTo: number, limit: number): AcceptedEntry[] {
    return this.#all(
      "SELECT * FROM accepted WHERE told = 0 AND number > ? AND number <= ? ORDER BY number LIMIT ?",
      since,
      upTo,
      limit,
    ).map(acceptedOf);
  }

  /** Highest position and number there are. */
  lastNumbers(): { statements: number; accepted: number } {
    const row = this.#get(`
      SELECT (SELECT coalesce(max(position), 0) FROM statements) AS statements,
             (SELECT coalesce(max(number), 0) FROM accepted) AS accepted
    `);
    return row as { statements: number; accepted: number };
  }

  /** Network of the statements here, 32 bytes. Throws before the first one. */
  network(): Uint8Array {
    return this.#get("SELECT network FROM network")?.network as Uint8Array;
  }

  /** Whether another statement was accepted at that leaf. */
  isLeafOfAnother(shard: string, leafIndex: bigint, statementId: string): boolean {
    const row = this.#get("SELECT statement_id FROM accepted WHERE shard = ? AND leaf_index = ?", shard, leafIndex);
    return row !== undefined && row.statement_id !== statementId;
  }

  acceptedById(statementId: string): AcceptedEntry | null {
    const row = this.#get("SELECT * FROM accepted WHERE statement_id = ?", statementId);
    return row === undefined ? null : acceptedOf(row);
  }

  /** Null if it is not here, or not refused. */
  refusedById(statementId: string): RefusedEntry | null {
    const row = this.#get("SELECT * FROM statements WHERE statement_id = ? AND refusal IS NOT NULL", statementId);
    return row === undefined ? null : refusedOf(row);
  }

  isPending(statementId: string): boolean {
    return this.#get("SELECT 1 FROM statements WHERE statement_id = ? AND refusal IS NULL", statementId) !== undefined;
  }

  /** What is here about a dossier: first what was accepted, then what was not yet, each in order. */
  ofDossier(dossier: string): { statementId: string; state: "accepted" | "pending" | "refused" }[] {
    const accepted = this.#all("SELECT statement_id FROM accepted WHERE dossier = ? ORDER BY number", dossier);
    const others = this.#all(
      "SELECT statement_id, refusal FROM statements WHERE dossier = ? ORDER BY position",
      dossier,
    );
    return [
      ...accepted.map((row) => ({ statementId: row.statement_id as string, state: "accepted" as const })),
      ...others.map((row) => ({
        statementId: row.statement_id as string,
        state: row.refusal === null ? ("pending" as const) : ("refused" as const),
      })),
    ];
  }

  close(): void {
    this.#database.close();
  }

  #keep(statementId: string, dossier: string, envelope: Uint8Array, nowMs: number): void {
    this.#run(
      "INSERT INTO statements (statement_id, dossier, envelope, kept_ms) VALUES (?, ?, ?, ?)",
      statementId,
      dossier,
      envelope,
      nowMs,
    );
    this.#counts.pending += 1;
  }

  /** Payload of the statement of that id; null if it is not here. */
  #known(statementId: string): Uint8Array | null {
    const kept = this.#get("SELECT envelope FROM statements WHERE statement_id = ?", statementId);
    if (kept !== undefined) return payloadOf(kept.envelope as Uint8Array);
    const accepted = this.acceptedById(statementId);
    return accepted === null ? null : recordedPayload(accepted.accepted.event);
  }

  #checkNetwork(payload: Uint8Array): void {
    const { network, shard } = Statement.decode(payload);
    const row = this.#get("SELECT network FROM network");
    if (row === undefined) this.#run("INSERT INTO network VALUES (1, ?, ?)", network, shard);
    else if (Buffer.compare(row.network as Uint8Array, network) !== 0) {
      throw new Error("This outbox holds statements for another network; open an outbox for each network.");
    }
  }

  #count(): { pending: number; refused: number; accepted: number } {
    const row = this.#get(`
      SELECT (SELECT count(*) FROM statements WHERE refusal IS NULL) AS pending,
             (SELECT count(*) FROM statements WHERE refusal IS NOT NULL) AS refused,
             (SELECT count(*) FROM accepted) AS accepted
    `);
    return { ...(row as { pending: number; refused: number; accepted: number }) };
  }

  #run(sql: string, ...values: (string | number | bigint | Uint8Array | null)[]) {
    return this.#database.statement(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number | bigint)[]): Row | undefined {
    return this.#database.statement(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.statement(sql).all(...values);
  }
}

function recordedPayload(event: Uint8Array): Uint8Array {
  const { body } = readEvent(event);
  return body.$case === "statement" ? body.payload : new Uint8Array(0);
}

/** What the signatures of an envelope cover. */
export function payloadOf(envelope: Uint8Array): Uint8Array {
  return StatementEnvelope.decode(envelope).payload;
}

function acceptedOf(row: Row): AcceptedEntry {
  const promise = row.promise as Uint8Array;
  const leafIndex = BigInt(row.leaf_index as number);
  return {
    number: row.number as number,
    statementId: row.statement_id as string,
    dossier: row.dossier as string,
    shard: row.shard as string,
    leafIndex,
    accepted: {
      event: row.event as Uint8Array,
      leafIndex,
      promise: promise.length === 0 ? undefined : BusPromise.decode(promise),
      repeatedAnswer: row.repeated === 1,
    },
  };
}

function refusedOf(row: Row): RefusedEntry & { position: number } {
  return {
    position: row.position as number,
    statementId: row.statement_id as string,
    dossier: row.dossier as string,
    envelope: row.envelope as Uint8Array,
    refusal: JSON.parse(row.refusal as string) as Refusal,
  };
}
