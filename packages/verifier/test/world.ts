import {
  Channel,
  ErasureReason,
  Outcome,
  type RefusalReason,
  Statement,
  type StatementEnvelope,
} from "@lienthong/contracts/exchange/v1/statement";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import { hexOf } from "@lienthong/registry-state";
import { busStatementId, encodeEvent, generateSigningKey, type SigningKey, signStatement } from "@lienthong/statement";
import { formatVerifierKey, leafHash } from "@lienthong/tlog";
import {
  active,
  agencyRecord,
  calendarRecord,
  competence,
  fixedKey,
  LogWriter,
  procedureRecord,
  routeRecord,
  shardRecord,
  systemRecord,
  unitRecord,
} from "../../registry-state/test/registry-fixture.ts";
import type { Bundle } from "../src/bundle.ts";
import { makeBundle, RegistryIndex } from "../src/make/index.ts";
import { fixedSigner, MemoryLog, type SigningWitness } from "./memory-log.ts";

export const shard = "hanoi-2026q4";
export const dossier = "H26-261122-0001";
/** Real UTC at which the story begins, milliseconds: 22 November 2026, 09:00. */
export const startMs = Date.UTC(2026, 10, 22, 9);

export function timestamp(ms: number): Timestamp {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 };
}

const p256 = generateSigningKey("p256");
const rsa = generateSigningKey("rsa");

type What = NonNullable<Statement["what"]>;

/** What a test may say otherwise than the bus would. */
export interface RecordOptions {
  readonly keys?: readonly SigningKey[];
  readonly system?: string;
  /** Size of the registry head cited; by default the present one. */
  readonly headSize?: number;
  readonly statement?: Partial<Statement>;
  /** Bytes of the event changed after it was made. */
  readonly spoil?: (event: Uint8Array) => Uint8Array;
  /** Milliseconds after `startMs`, wall and legal. */
  readonly atMs?: number;
}

/** A registry, a shard and their logs in memory, and one dossier that goes from a ward's desk over the police back to the ward. */
export class World {
  readonly registry = new LogWriter();
  readonly shardLog: MemoryLog;
  readonly registryLog: MemoryLog;
  readonly witnesses: readonly SigningWitness[];
  readonly seals: Readonly<Record<string, SigningKey>>;
  readonly trail: { number: bigint; leafIndex: bigint; hash: Uint8Array; event: Uint8Array }[] = [];
  readonly heads = new Map<string, Uint8Array>();
  #atMs = 0;
  #ids = 0;

  private constructor(
    shardLog: MemoryLog,
    registryLog: MemoryLog,
    witnesses: readonly SigningWitness[],
    seals: Readonly<Record<string, SigningKey>>,
  ) {
    this.seals = { "hn-w-00004": fixedKey("ward seal"), "hn-police": p256, hn: rsa, ...seals };
    this.shardLog = shardLog;
    this.registryLog = registryLog;
    this.witnesses = witnesses;
  }

  /** Seals of all three kinds, unless others are given. */
  static async create(seals: Readonly<Record<string, SigningKey>> = {}): Promise<World> {
    const witnesses = await Promise.all(
      ["witness.example/one", "witness.example/two", "witness.example/three"].map(async (name, index) => ({
        key: await fixedSigner(name, 0x04),
        time: startMs / 1_000 + 60 + index,
      })),
    );
    const shardLog = new MemoryLog(await fixedSigner("example.org/lienthong/hanoi-2026q4"));
    const registryLog = new MemoryLog(await fixedSigner("example.org/lienthong/registry"));
    const world = new World(shardLog, registryLog, witnesses, seals);
    world.#seed();
    return world;
  }

  #seed(): void {
    const { registry: log } = this;
    const [ward, police] = [this.seals["hn-w-00004"], this.seals["hn-police"]] as [SigningKey, SigningKey];
    log.add(agencyRecord("hn", { level: AgencyLevel.AGENCY_LEVEL_PROVINCE, areaCode: "01" }));
    log.add(
      agencyRecord("hn-w-00004", {
        name: { vi: "Ủy ban nhân dân phường Ba Đình", en: "" },
        parent: "hn",
        areaCode: "00004",
      }),
      {
        validFrom: "2025-07-01",
      },
    );
    log.add(unitRecord("ba-dinh-desk", "hn-w-00004", { competences: [competence("WARD_ONE_STOP", ["00004"])] }));
    log.add(
      agencyRecord("hn-police", {
        name: { vi: "Công an phường Ba Đình", en: "" },
        kind: "police",
        parent: "hn",
        competences: [competence("WARD_PC", ["00004"])],
      }),
    );
    log.add(agencyRecord("hn-stranger", { kind: "office", parent: "hn" }));
    log.add(systemRecord("hn-system"));
    log.add(systemRecord("police-system"));
    log.addKey("hn-w-00004", ward);
    log.addKey("hn-police", police);
    log.addKey("hn", this.seals.hn as SigningKey);
    log.addDelegation("hn-w-00004", "hn-system", ward);
    log.addDelegation("hn-police", "police-system", police);
    log.add(procedureRecord("birth-group", { code: "3.000722" }));
    log.add(routeRecord("birth-group", "birth-group"));
    log.add(calendarRecord("2026-11-22"), { validFrom: "2026-01-01" });
    log.add(shardRecord(shard, { logPublicKey: this.shardLog.signer.publicKey }));
    log.add(unitRecord("other-desk", "hn-stranger"));
  }

  /** Other dossiers' events, as far as this one is concerned. */
  filler(count: number): void {
    for (let i = 0; i < count; i++)
      this.shardLog.append(new TextEncoder().encode(`event of another dossier ${this.shardLog.entries.length}`));
  }

  /** The seal an agency signs with, and the system that carries for it. */
  systemOf(agency: string): string {
    return agency === "hn-police" ? "police-system" : "hn-system";
  }

  /** A statement of an agency, signed. */
  say(agency: string, what: What, branches: readonly string[], options: RecordOptions = {}): Uint8Array {
    this.#ids += 1;
    const statement = Statement.fromPartial({
      version: 1,
      network: this.registry.state.network,
      shard,
      author: { agency, unit: agency === "hn-w-00004" ? "ba-dinh-desk" : "" },
      statementId: `019a0000-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`,
      dossier,
      statedTime: timestamp(startMs + this.#atMs),
      prior: branches.map((branch) => ({ branch, head: this.heads.get(branch) ?? new Uint8Array(32) })),
      what,
      ...options.statement,
    } as Parameters<typeof Statement.fromPartial>[0]);
    return signStatement(statement, options.keys ?? [this.seals[agency] as SigningKey]);
  }

  /** Records a signed envelope as the bus does; its branches' heads move. */
  record(agency: string, envelope: Uint8Array, moves: readonly string[], options: RecordOptions = {}): number {
    return this.#append(
      { $case: "statement", envelopeBytes: envelope },
      moves,
      options.system ?? this.systemOf(agency),
      options,
    );
  }

  #append(
    body: Parameters<typeof encodeEvent>[1],
    moves: readonly string[],
    system: string,
    options: RecordOptions,
  ): number {
    this.#atMs = options.atMs ?? this.#atMs + 1_000;
    const { state } = this.registry;
    const head = state.headAt(BigInt(options.headSize ?? state.size));
    const previous = this.trail.at(-1)?.hash ?? new Uint8Array(0);
    const made = encodeEvent(
      {
        version: 1,
        shard,
        generation: 1,
        number: BigInt(this.trail.length + 1),
        previous,
        registryHead: head,
        system,
        recordedTime: timestamp(startMs + this.#atMs),
        wallTime: timestamp(startMs + this.#atMs),
      },
      body,
    );
    const event = options.spoil?.(made) ?? made;
    const hash = leafHash(event);
    const leafIndex = this.shardLog.append(event);
    this.trail.push({ number: BigInt(this.trail.length + 1), leafIndex: BigInt(leafIndex), hash, event });
    for (const branch of moves) this.heads.set(branch, hash);
    return this.trail.length;
  }

  open(options: RecordOptions = {}): number {
    const { state } = this.registry;
    const value = {
      areaCode: "00004",
      procedureEntry: state.procedure("birth-group")?.entryHash as Uint8Array,
      routeEntry: state.routesOf("birth-group")[0]?.entryHash as Uint8Array,
      calendarEntry: state.calendarInForce("2026-11-22")?.entryHash as Uint8Array,
      step: "receive",
      channel: Channel.CHANNEL_IN_PERSON,
      receivedTime: timestamp(startMs),
      applicantDigest: new Uint8Array(0),
      documents: [],
      chosenEdges: [],
      helpedAt: "",
      competentAgency: "",
    };
    return this.record("hn-w-00004", this.say("hn-w-00004", { $case: "open", value }, [], options), ["0"], options);
  }

  forward(to = "hn-police", options: RecordOptions = {}): number {
    const branch = {
      branch: "0",
      step: "solve",
      edge: "receive-solve",
      receiver: { agency: to, unit: "" },
      documents: [],
      dueTime: undefined,
      copies: [],
    };
    const what: What = { $case: "forward", value: { branches: [branch] } };
    return this.record("hn-w-00004", this.say("hn-w-00004", what, ["0"], options), ["0"], options);
  }

  delivered(system = "police-system"): number {
    const cause = this.heads.get("0") as Uint8Array;
    const bus = {
      id: busStatementId(cause, "0", "hn-police", 16, 0),
      dossier,
      cause,
      branch: "0",
      receiver: "hn-police",
      ordinal: 0,
      what: { $case: "delivered" as const, value: { system, subscription: "main" } },
    };
    return this.#append({ $case: "bus", value: bus }, [], "exchange-1", {});
  }

  acknowledge(agency = "hn-police", options: RecordOptions = {}): number {
    const what: What = {
      $case: "acknowledge",
      value: { handoff: { forward: this.heads.get("0") as Uint8Array, branch: "0" } },
    };
    return this.record(agency, this.say(agency, what, ["0"], options), ["0"], options);
  }

  refuse(reason: RefusalReason, options: RecordOptions = {}): number {
    const handoff = { forward: this.heads.get("0") as Uint8Array, branch: "0" };
    const what: What = { $case: "refuse", value: { handoff, reason, documents: [] } };
    return this.record("hn-police", this.say("hn-police", what, ["0"], options), ["0"], options);
  }

  complete(agency = "hn-police", options: RecordOptions = {}): number {
    const what: What = {
      $case: "complete",
      value: { step: "solve", outcome: Outcome.OUTCOME_GRANTED, documents: [], resultsTo: [] },
    };
    return this.record(agency, this.say(agency, what, ["0"], options), ["0"], options);
  }

  giveBack(agency = "hn-police", options: RecordOptions = {}): number {
    const what: What = {
      $case: "return",
      value: { outcome: Outcome.OUTCOME_GRANTED, channel: Channel.CHANNEL_IN_PERSON, documents: [] },
    };
    return this.record(agency, this.say(agency, what, ["0"], options), ["0"], options);
  }

  erase(documentIds: readonly string[] = []): number {
    const value = { reason: ErasureReason.ERASURE_REASON_RETENTION_ENDED, documentIds: [...documentIds] };
    return this.record("hn-w-00004", this.say("hn-w-00004", { $case: "erase", value }, []), []);
  }

  /** The whole story: six events, with other dossiers' between them. */
  play(): this {
    this.filler(3);
    this.open();
    this.filler(2);
    this.forward();
    this.delivered();
    this.filler(1);
    this.acknowledge();
    this.complete();
    this.filler(5);
    this.giveBack();
    this.filler(2);
    return this;
  }

  get policy(): string {
    const { shardLog, registryLog, witnesses } = this;
    const lines = witnesses.map(({ key }, index) => `witness w${index + 1} ${formatVerifierKey(key)}`);
    return [
      `log ${formatVerifierKey(shardLog.signer)}`,
      `log ${formatVerifierKey(registryLog.signer)}`,
      ...lines,
      "group quorum 2 w1 w2 w3",
      "quorum quorum",
      "",
    ].join("\n");
  }

  get networkHex(): string {
    return hexOf(this.registry.state.network);
  }

  /** The dossier's bundle, with one earlier and one later checkpoint. */
  async bundle(options: { readonly withheld?: readonly number[]; readonly size?: number } = {}): Promise<Bundle> {
    const { shardLog, registryLog, registry, witnesses } = this;
    registryLog.entries.splice(0, registryLog.entries.length, ...registry.log);
    const size = options.size ?? shardLog.entries.length - 1;
    const earlier = witnesses.map(({ key }) => ({ key, time: startMs / 1_000 - 30 }));
    return makeBundle({
      shard,
      dossier,
      trail: this.trail.map((entry) =>
        options.withheld?.includes(Number(entry.number)) ? { ...entry, event: new Uint8Array(0) } : entry,
      ),
      policy: this.policy,
      registry: new RegistryIndex(registry.log),
      shardLog: await shardLog.proofs(size, witnesses),
      registryLog: await registryLog.proofs(registry.log.length, witnesses),
      checkpoints: [
        { note: await shardLog.checkpoint(3, earlier), size: 3 },
        { note: await shardLog.checkpoint(shardLog.entries.length, witnesses), size: shardLog.entries.length },
      ],
    });
  }
}

export type { StatementEnvelope };
export { active };
