import { join } from "node:path";
import { readTextFile } from "@lienthong/chassis/read-text-file";
import { readSecretFile } from "@lienthong/chassis/secret-file";
import type { Timestamp } from "@lienthong/chassis/timestamp";
import { type AgencyPen, BusCallError, type Connection, connect, createAgencyPen } from "@lienthong/client";
import type { GetShardResponse } from "@lienthong/contracts/exchange/v1/exchange_service";
import { ShardClock } from "@lienthong/contracts/registry/v1/record";
import { importSigningKey, KeyRefusedError, type SigningKey } from "@lienthong/statement";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { type RunInfo, readRunFile } from "./run-file.ts";

/** Who acts: `--as AGENCY` or `--as AGENCY/UNIT`. */
export interface Actor {
  readonly agency: string;
  /** Empty: the agency as such. */
  readonly unit: string;
}

/** The system whose certificate reads the registry, if the data folder has it. */
const operatorSystem = "operator";

/** Connections to a running bus, made as they are needed. */
export class Session {
  readonly run: RunInfo;
  readonly #context: CommandContext;
  readonly #connections = new Map<string, Connection>();

  constructor(run: RunInfo, context: CommandContext) {
    this.run = run;
    this.#context = context;
  }

  /** Who acts. Throws wrong usage when `--as` is missing. */
  actor(): Actor {
    const given = this.#context.options.as;
    if (given === undefined || given === "") throw usageError(this.#context.messages.usage.asMissing);
    const [agency = "", unit = ""] = given.split("/", 2);
    return { agency, unit };
  }

  /** The registry, read as whatever system is at hand. */
  registry(): Promise<Connection> {
    return this.#connect(this.run.registry, this.#ownSystem());
  }

  /** The exchange, as a system that speaks for this agency. */
  async exchange(agency: string): Promise<Connection> {
    return this.#connect(this.run.exchange, await this.#systemOf(agency));
  }

  /** The shard that a dossier lies in: the present one, or the one before it that has it. */
  async shardOf({ exchange }: Connection, dossier: string, agency: string): Promise<string> {
    const { shard, shards } = this.run;
    if (shards.length <= 1) return shard;
    for (const candidate of [shard, ...shards.filter((name) => name !== shard)]) {
      try {
        await exchange.getDossier({ shard: candidate, dossier, agency });
        return candidate;
      } catch (error) {
        if (!(error instanceof BusCallError && error.reason === "DOSSIER_UNKNOWN")) throw error;
      }
    }
    return shard;
  }

  /** The document service, as a system that speaks for this agency. */
  async documents(agency: string): Promise<Connection> {
    if (this.run.documents === "") throw new CliError(EXIT.unreachable, this.#context.messages.document.noService);
    return this.#connect(this.run.documents, await this.#systemOf(agency));
  }

  /** The ledger, read as whatever system is at hand. */
  ledger(): Promise<Connection> {
    if (this.run.ledger === "") throw new CliError(EXIT.unreachable, this.#context.messages.verify.noLedger);
    return this.#connect(this.run.ledger, this.#ownSystem());
  }

  /** The audit service, as a system that speaks for this agency. */
  async audit(agency: string): Promise<Connection> {
    if (this.run.audit === "") throw new CliError(EXIT.unreachable, this.#context.messages.audit.noService);
    return this.#connect(this.run.audit, await this.#systemOf(agency));
  }

  /** The audit service, as the operator's system where it is at hand. */
  async auditAsOperator(): Promise<Connection> {
    if (this.run.audit === "") throw new CliError(EXIT.unreachable, this.#context.messages.audit.noService);
    return this.#connect(this.run.audit, this.#ownSystem());
  }

  /** The pen of who acts. Statements are dated by the shard's clock as it was when it was asked. */
  async pen(actor: Actor, shard: GetShardResponse): Promise<AgencyPen> {
    const clock = clockOf(shard);
    return createAgencyPen({
      agency: actor.agency,
      unit: actor.unit,
      keys: [await this.#key(actor.agency)],
      network: shard.network,
      shard: shard.shard,
      ...(clock === undefined ? {} : { clock }),
    });
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #ownSystem(): string {
    const { certificates } = this.run;
    const { system } = this.#context.options;
    return (
      system ?? (certificates[operatorSystem] === undefined ? (Object.keys(certificates)[0] ?? "") : operatorSystem)
    );
  }

  async #systemOf(agency: string): Promise<string> {
    const { system } = this.#context.options;
    if (system !== undefined) return system;
    const { systems } = await (await this.registry()).registry.getAgency(agency);
    const known = systems.find((id) => this.run.certificates[id] !== undefined);
    if (known === undefined) {
      const { bus } = this.#context.messages;
      throw new CliError(EXIT.refused, bus.noSystem(agency, systems.length === 0 ? bus.nobody : systems.join(", ")));
    }
    return known;
  }

  async #key(agency: string): Promise<SigningKey> {
    const { bus } = this.#context.messages;
    const given = this.#context.options.key;
    const path = given ?? join(this.run.keys, `${agency}.pem`);
    let pem: string;
    try {
      pem = await readSecretFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "SECRET_EXPOSED") throw usageError(bus.keyExposed(path));
      if (given === undefined) throw new CliError(EXIT.usage, bus.noKey(agency, path), { cause: error });
      throw usageError(this.#context.messages.usage.fileUnreadable(path, codeOf(error)));
    }
    try {
      return importSigningKey(pem);
    } catch (error) {
      if (error instanceof KeyRefusedError) throw usageError(bus.keyOdd(path, error.message));
      throw error;
    }
  }

  async #connect(address: string, system: string): Promise<Connection> {
    const key = `${address} ${system}`;
    const open = this.#connections.get(key);
    if (open !== undefined) return open;
    const files = this.run.certificates[system];
    if (files === undefined) {
      const allowed = Object.keys(this.run.certificates).join(", ");
      throw usageError(this.#context.messages.usage.valueNotAllowed("--system", system, allowed));
    }
    const [caPem, certPem, keyPem] = await Promise.all([
      this.#read(this.run.ca),
      this.#read(files.certificate),
      this.#read(files.key),
    ]);
    const connection = connect({ address, tls: { caPem, certPem, keyPem } });
    this.#connections.set(key, connection);
    return connection;
  }

  async #read(path: string): Promise<string> {
    try {
      return await readTextFile(path);
    } catch (error) {
      throw new CliError(EXIT.unreachable, this.#context.messages.bus.tlsUnreadable(path, codeOf(error)), {
        cause: error,
      });
    }
  }
}

/** Runs something with a session, and closes it whatever happens. */
export async function withSession(context: CommandContext, work: (session: Session) => Promise<void>): Promise<void> {
  const session = new Session(await readRunFile(context.options.data, context.messages), context);
  try {
    await work(session);
  } finally {
    session.close();
  }
}

/** True if the shard's times are those of a scenario. */
export function isSimulated(shard: GetShardResponse): boolean {
  return shard.clock === ShardClock.SHARD_CLOCK_SIMULATED;
}

function clockOf({ now }: GetShardResponse): { now(): Timestamp } | undefined {
  return now === undefined ? undefined : { now: () => now };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
