import { join } from "node:path";
import type { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { ClientDatabase } from "./client-database.ts";

/** A delivery that the handler failed at, or that waits behind such a one of its dossier. It is settled at the bus and safe here. */
export interface ParkedDelivery {
  readonly shard: string;
  readonly agency: string;
  readonly role: DeliveryRole;
  readonly leafIndex: bigint;
  /** The serialised Event. */
  readonly bytes: Uint8Array;
  readonly dossier: string;
  /** How often the handler failed at it; 0: it waits behind another one. */
  readonly failures: number;
  /** What the handler threw last; null: it waits behind another one. */
  readonly error: string | null;
}

/** A delivery as it is marked. */
export interface MarkedDelivery {
  readonly shard: string;
  readonly agency: string;
  readonly leafIndex: bigint;
}

const version = 1;
const schema = `
  CREATE TABLE handled (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    shard TEXT NOT NULL,
    agency TEXT NOT NULL,
    leaf_index INTEGER NOT NULL,
    UNIQUE (shard, agency, leaf_index)
  ) STRICT;
  CREATE TABLE parked (
    shard TEXT NOT NULL,
    agency TEXT NOT NULL,
    leaf_index INTEGER NOT NULL,
    role INTEGER NOT NULL,
    event BLOB NOT NULL,
    dossier TEXT NOT NULL,
    failures INTEGER NOT NULL,
    error TEXT,
    PRIMARY KEY (shard, agency, leaf_index)
  ) STRICT;
  CREATE INDEX parked_of_dossier ON parked (dossier, leaf_index);
  CREATE TABLE positions (
    shard TEXT NOT NULL,
    agency TEXT NOT NULL,
    leaf_index INTEGER NOT NULL,
    PRIMARY KEY (shard, agency)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE started (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;
`;

/** The tables of a durable receiver: what was handled, what is parked. Changes belong inside `transaction`. */
export class InboxStore {
  readonly #database: ClientDatabase;
  readonly #handledMax: number;
  #parkedCount: number;

  /** `handledMax`: how many handled deliveries are remembered, the newest. */
  constructor(directory: string, subscription: string, handledMax: number) {
    this.#database = new ClientDatabase(join(directory, `inbox-${subscription}.sqlite`), { schema, version });
    this.#handledMax = handledMax;
    this.#parkedCount = this.#count("SELECT count(*) AS count FROM parked");
  }

  get parkedCount(): number {
    return this.#parkedCount;
  }

  transaction(work: () => void): void {
    const before = this.#parkedCount;
    try {
      this.#database.transaction(work);
    } catch (error) {
      this.#parkedCount = before;
      throw error;
    }
  }

  /** Whether the subscription has stood once since this file was made. */
  get started(): boolean {
    return this.#count("SELECT count(*) AS count FROM started") > 0;
  }

  markStarted(): void {
    this.#database.statement("INSERT OR IGNORE INTO started VALUES (1)").run();
  }

  /** Whether a delivery was handled or is parked. */
  has({ shard, agency, leafIndex }: MarkedDelivery): boolean {
    const where = "WHERE shard = ?1 AND agency = ?2 AND leaf_index = ?3";
    const sql = `SELECT EXISTS (SELECT 1 FROM handled ${where}) OR EXISTS (SELECT 1 FROM parked ${where}) AS count`;
    return this.#count(sql, shard, agency, leafIndex) > 0;
  }

  markHandled({ shard, agency, leafIndex }: MarkedDelivery): void {
    const { lastInsertRowid } = this.#database
      .statement("INSERT OR IGNORE INTO handled (shard, agency, leaf_index) VALUES (?, ?, ?)")
      .run(shard, agency, leafIndex);
    this.#database.statement("DELETE FROM handled WHERE number <= ?").run(Number(lastInsertRowid) - this.#handledMax);
  }

  /** Highest leaf index up to which everything that was handed to this receiver is handled or parked; null before the first. */
  position(shard: string, agency: string): bigint | null {
    const row = this.#database
      .statement("SELECT leaf_index FROM positions WHERE shard = ? AND agency = ?")
      .get(shard, agency);
    return row === undefined ? null : BigInt(row.leaf_index as number);
  }

  movePosition({ shard, agency, leafIndex }: MarkedDelivery): void {
    this.#database
      .statement(
        `INSERT INTO positions VALUES (?, ?, ?)
         ON CONFLICT (shard, agency) DO UPDATE SET leaf_index = max(leaf_index, excluded.leaf_index)`,
      )
      .run(shard, agency, leafIndex);
  }

  park({ shard, agency, role, leafIndex, bytes, dossier, failures, error }: ParkedDelivery): void {
    const { changes } = this.#database
      .statement("INSERT OR IGNORE INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .run(shard, agency, leafIndex, role, bytes, dossier, failures, error);
    this.#parkedCount += Number(changes);
  }

  failedAgain({ shard, agency, leafIndex }: MarkedDelivery, error: string): void {
    this.#database
      .statement(
        "UPDATE parked SET failures = failures + 1, error = ? WHERE shard = ? AND agency = ? AND leaf_index = ?",
      )
      .run(error, shard, agency, leafIndex);
  }

  unpark({ shard, agency, leafIndex }: MarkedDelivery): void {
    const { changes } = this.#database
      .statement("DELETE FROM parked WHERE shard = ? AND agency = ? AND leaf_index = ?")
      .run(shard, agency, leafIndex);
    this.#parkedCount -= Number(changes);
  }

  isParked(dossier: string): boolean {
    return this.#count("SELECT EXISTS (SELECT 1 FROM parked WHERE dossier = ?) AS count", dossier) > 0;
  }

  /** The first parked delivery of a dossier; null if there is none. */
  firstParked(dossier: string): ParkedDelivery | null {
    const row = this.#database
      .statement("SELECT * FROM parked WHERE dossier = ? ORDER BY leaf_index, agency LIMIT 1")
      .get(dossier);
    return row === undefined ? null : parkedOf(row);
  }

  parked(limit: number): ParkedDelivery[] {
    return this.#database
      .statement("SELECT * FROM parked ORDER BY leaf_index, agency LIMIT ?")
      .all(limit)
      .map(parkedOf);
  }

  parkedDossiers(): string[] {
    return this.#database
      .statement("SELECT dossier FROM parked GROUP BY dossier ORDER BY min(leaf_index)")
      .all()
      .map((row) => row.dossier as string);
  }

  close(): void {
    this.#database.close();
  }

  #count(sql: string, ...values: (string | bigint)[]): number {
    return (this.#database.statement(sql).get(...values) as { count: number }).count;
  }
}

function parkedOf(row: Record<string, unknown>): ParkedDelivery {
  return {
    shard: row.shard as string,
    agency: row.agency as string,
    role: row.role as DeliveryRole,
    leafIndex: BigInt(row.leaf_index as number),
    bytes: row.event as Uint8Array,
    dossier: row.dossier as string,
    failures: row.failures as number,
    error: row.error as string | null,
  };
}
