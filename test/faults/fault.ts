// What a fault is, and what it can do to the world. Whoever adds a fault writes an object of type Fault and lists it in all-faults.ts.
import type { NatsCluster } from "../../packages/testkit/src/nats-cluster.ts";
import type { TcpProxy } from "../../packages/testkit/src/tcp-proxy.ts";
import type { Dice } from "../fuzz/dice.ts";

/** The processes of our own services in the world. Deliveries are served by the exchange's processes. */
export const serviceNames = ["store", "registry", "exchange-1", "exchange-2", "documents", "ledger", "audit"] as const;

/** One of them. */
export type ServiceName = (typeof serviceNames)[number];

/** Services that reach the nats-server through a proxy of their own. */
export type ProxiedService = Exclude<ServiceName, "store">;

/** What a service is started with beside what every one is. */
export interface ServiceSettings {
  /** Environment on top of the usual one. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Modules that the process loads before its own code (`node --import`). */
  readonly preload?: readonly URL[];
}

/** A process that the world watches over: when it ends without having been asked to, it is started again at once, as an init system would. */
export interface WatchedProcess {
  readonly name: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** Sends a signal; resolves when the signal was sent, and for SIGKILL when the process is gone. */
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void>;
  /** Ends it by SIGTERM (or SIGKILL) and leaves it ended: for what has to be done to its files meanwhile. */
  holdDown(how?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Starts it after `holdDown`, or anew; resolves when it serves. Settings stay until they are given again. */
  start(settings?: ServiceSettings): Promise<void>;
  /** Resolves when it serves. Rejects, with what it said last, when it does not within `withinMs`. */
  serving(withinMs?: number): Promise<void>;
}

/** What can be done to the world, and seen of it. */
export interface FaultWorld {
  /** Data folder of the bus. */
  readonly directory: string;
  /** Replicas of every stream: 1 is one embedded nats-server, 3 a cluster. */
  readonly replicas: 1 | 3;
  readonly shard: string;
  readonly services: Readonly<Record<ServiceName, WatchedProcess>>;
  /** The nats-servers, one or three. */
  readonly natsServers: readonly WatchedProcess[];
  /** The cluster's own means; null where there is one server. */
  readonly cluster: Pick<NatsCluster, "isolate" | "heal" | "leaderOf"> | null;
  /** Between the agencies' systems and each exchange replica. */
  readonly clientProxies: readonly TcpProxy[];
  /** What a process that reaches the nats-servers needs in its environment beside their address. */
  readonly natsEnvironment: Readonly<Record<string, string>>;
  /** Between each service and the nats-server. */
  readonly natsProxies: Readonly<Record<ProxiedService, TcpProxy>>;
  /** Orders to the load's process, outside its steady course. */
  tellLoad(order: LoadOrder): Promise<void>;
  /**
   * Resolves when each exchange replica has accepted a statement that was signed after this call; says after how many milliseconds the first of them
   * had, which is what a client waits that knows all their addresses, and the last.
   */
  nextAccepted(withinMs: number): Promise<{ readonly firstMs: number; readonly everyMs: number }>;
  /** What `nextAccepted` had accepted last. */
  lastAccepted(): { readonly dossier: string; readonly leaf: number };
  /** Resolves when a receipt (checked offline) was given that was asked for after this call; says after how many milliseconds. */
  nextReceipt(withinMs: number): Promise<number>;
  /** A sentence for the report. */
  note(sentence: string): void;
  /** Something that must never be: the run fails, and says this sentence. */
  violated(sentence: string): void;
}

/** What the load's process can be asked for by a fault. */
export type LoadOrder =
  /** A client says so many statements at once, over its own connection, and does not wait for answers. */
  | { readonly kind: "flood"; readonly statements: number }
  /** A receiver gets deliveries and settles none, for so long. */
  | { readonly kind: "never-settle"; readonly milliseconds: number }
  /** A receiver's outbox and inbox are put back to a copy from earlier, as from a backup, and it goes on. */
  | { readonly kind: "restore-client" }
  /** Bytes that are no statement, and statements that contradict each other under one id, between the good ones. */
  | { readonly kind: "poison" }
  /** So many dossiers are opened and left at their desks, as fast as they are taken. */
  | { readonly kind: "fill"; readonly dossiers: number }
  /** So many dossiers are acknowledged and asked back at the same moment, at different replicas. */
  | { readonly kind: "race"; readonly dossiers: number };

/** A fault. */
export interface Fault {
  /** kebab-case; `--only` and the report name it so. */
  readonly name: string;
  /** With how many replicas it makes sense; default both. */
  readonly replicas?: readonly (1 | 3)[];
  /** How often it is drawn, compared with others; default 4. */
  readonly weight?: number;
  /**
   * Does the harm and takes its cause away again: when it resolves, the bus must be able to recover without anybody's help. The harness
   * measures from then on how long it takes until the next statement is accepted and the next receipt given. All chance comes from the
   * dice, so that a seed repeats the run.
   * @returns what exactly was done, in a few words, for the report.
   */
  run(world: FaultWorld, dice: Dice): Promise<string>;
}
