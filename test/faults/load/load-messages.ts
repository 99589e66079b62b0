// What the harness and the load's process say to each other.
import type { LoadOrder } from "../fault.ts";

/** Where the bus is, for who uses it. */
export interface LoadGround {
  /** run.json, for certificates and seals. */
  readonly runFile: string;
  readonly exchanges: readonly string[];
  readonly registry: string;
  readonly ledger: string;
  /** Folder of the journal, and of the systems' outboxes and inboxes. */
  readonly directory: string;
  readonly seed: string;
  /** Dossiers opened per second. */
  readonly dossiersPerSecond: number;
}

/** Counts since the start. */
export interface LoadCounts {
  readonly dossiers: number;
  readonly ended: number;
  readonly pending: number;
}

/** Orders, and what each is answered with. */
export interface LoadCalls {
  start(ground: LoadGround): Promise<void>;
  /** Opens a dossier at one replica, the same statement until it is accepted; answers after how many milliseconds, and where it lies. */
  pulse(question: { replica: number; withinMs: number }): Promise<{ ms: number; leaf: number; dossier: string }>;
  /** Asks the ledger for the receipt of a leaf that was accepted, until it is given and verified. */
  receipt(question: { leaf: number; withinMs: number }): Promise<{ ms: number }>;
  order(order: LoadOrder): Promise<void>;
  counts(): Promise<LoadCounts>;
  /** Opens nothing more and waits until every dossier has come to its end and nothing waits; answers with what has not. */
  finish(question: { withinMs: number }): Promise<{ unfinished: string[]; parked: number }>;
}

/** One of them. */
export type LoadCallName = keyof LoadCalls;

/** A question on its way. */
export interface LoadQuestion {
  readonly number: number;
  readonly name: LoadCallName;
  readonly argument: unknown;
}

/** Its answer. */
export interface LoadAnswer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}
