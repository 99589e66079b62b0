import type { Timestamp } from "@lienthong/chassis/timestamp";
import type { Connection, RegistryCalls } from "@lienthong/client";
import type { CalendarRecord } from "@lienthong/contracts/registry/v1/record";
import type { SigningKey } from "@lienthong/statement";

/** A system's connection to the exchange, as far as a play uses it. */
export type SystemConnection = Pick<Connection, "exchange" | "delivery">;

/** What a play needs. */
export interface PlayScenarioOptions {
  /** How many dossiers are filed. */
  readonly dossiers: number;
  /** The same seed, number, open ratio and registry give the same play, statement by statement. */
  readonly seed: number;
  /** The scenario shard. */
  readonly shard: string;
  /** What the registry is asked; any system may read it. */
  readonly registry: Pick<RegistryCalls, "getProcedure" | "resolveRole" | "listAgencies" | "getAgency">;
  readonly systems: {
    /** Connection of the system that speaks for this agency; the same object for agencies of one system. */
    connectionFor(agency: string): SystemConnection;
  };
  /** The agency's seal first; 1 to 4 keys. */
  keysFor(agency: string): readonly SigningKey[];
  /** Calendar that office time is counted with: the one the registry has in force. */
  readonly calendar: CalendarRecord;
  /** The shard's clock. */
  readonly clock: { now(): Timestamp };
  /** Moves the shard's clock forward, as an event of the shard. */
  advanceClock(to: Timestamp): Promise<void>;
  /** Told after every slot of simulated time. */
  readonly onProgress?: (progress: ScenarioProgress) => void;
  /** Stops between two slots; what was played stays, and the same play again continues it. */
  readonly signal?: AbortSignal;
  /** Acts under way at once. Default 64. */
  readonly concurrencyMax?: number;
  /** Share of dossiers left open, 0 to 1. Default 0.06; from two dossiers on at least one waits and one is worked on. */
  readonly openRatio?: number;
  /** Wards that take part; fewer where the registry has fewer. Default 24. */
  readonly wardsMax?: number;
  /** Simulated minutes that share one move of the clock. Default 30. */
  readonly slotMinutes?: number;
  /** Name under which the systems receive. Default "main": what they leave unsettled is what `inbox watch` shows. */
  readonly subscription?: string;
}

/** Where a play stands. */
export interface ScenarioProgress {
  readonly phase: "preparing" | "playing" | "finished";
  readonly dossiersOpened: number;
  readonly dossiersFinished: number;
  readonly dossiersTotal: number;
  readonly statements: number;
  readonly handoffs: number;
  /** Simulated time of the last slot. */
  readonly simulatedNow: Timestamp;
}

/** A play that cannot go on; the sentence says why and what to do. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}
