import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busError,
  type Clock,
  createGrpcServer,
  createLogger,
  type DevelopmentAuthority,
  type GrpcServer,
  openDevelopmentAuthority,
  type PeerIdentity,
  timestampFromMs,
} from "@lienthong/chassis";
import { type Connection, connect, type PreparedDocument, prepareDocument } from "@lienthong/client";
import type { EventHeader } from "@lienthong/contracts/exchange/v1/event";
import { type Document, Statement, StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import {
  createAppender,
  declareEventStream,
  declareSettledStream,
  eventSubject,
  reconcileStreams,
  watchConnection,
} from "@lienthong/event-store";
import { connectAs, type EmbeddedNats, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { encodeEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { v7 as uuidV7 } from "uuid";
import { partStreamName, recordStreamName } from "../src/document-subjects.ts";
import {
  createDocuments,
  type DocumentServiceOptions,
  type Documents,
  type DocumentsOptions,
  documentService,
  reconcileDocumentStreams,
  ServedDocuments,
} from "../src/index.ts";

/** A nats-server with its roles and a certificate authority, shared by the tests of a file. */
export interface Ground {
  readonly folder: string;
  nats: EmbeddedNats;
  readonly authority: DevelopmentAuthority;
  connect(role: Role): Promise<NatsConnection>;
  /** Ends the nats-server and starts it again on the same folder and port; connections find it again. */
  restartNats(): Promise<void>;
  stop(): Promise<void>;
}

export async function prepareGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), "documents-test-"));
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("No nats-server binary was found.");
  const startNats = () => startEmbeddedNats({ binaryPath: found.path, dataDirectory: join(folder, "nats") });
  const authority = await openDevelopmentAuthority({ folder: join(folder, "tls") });
  const connections: NatsConnection[] = [];
  const ground: Ground = {
    folder,
    nats: await startNats(),
    authority,
    async connect(role) {
      const { seedFilePath } = ground.nats.credentials[role];
      const connection = await connectAs({ url: ground.nats.url, role, seedFilePath, name: `test-${role}` });
      connections.push(connection);
      return connection;
    },
    async restartNats() {
      const away = new Set(connections.filter((connection) => !connection.isClosed()));
      for (const connection of away) {
        watchConnection(connection).listen((event) => event !== "disconnect" && away.delete(connection));
      }
      await ground.nats.stop();
      ground.nats = await startNats();
      await until("every connection is up again", () => away.size === 0);
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await ground.nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return ground;
}

/** A clock that shows the real time, moved forward as a test wants. */
export class MovedClock implements Clock {
  #movedMs = 0;

  now() {
    return timestampFromMs(this.nowMs());
  }

  nowMs(): number {
    return Date.now() + this.#movedMs;
  }

  move(spanMs: number): void {
    this.#movedMs += spanMs;
  }
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

let shards = 0;
let codes = Math.floor(Math.random() * 1_000_000);

/** A dossier code that no other test of this run uses. */
export function dossierCode(): string {
  codes += 1;
  return `H26-250505-${String(codes).padStart(8, "0")}`;
}

type What = NonNullable<Statement["what"]>;

/** What a test says, and about what. */
export interface TestStatement {
  readonly author: string;
  readonly dossier: string;
  /** Branches it acts on. */
  readonly on?: readonly string[];
  readonly what: { $case: What["$case"]; value: Record<string, unknown> };
}

/** The documents of one shard behind a real port, and its event stream. */
export class TestShard {
  readonly name: string;
  readonly ground: Ground;
  readonly clock = new MovedClock();
  readonly dossiers = new Map<string, { number: number; sequence: number }>();
  documents!: Documents;
  #server!: GrpcServer;
  #connection!: Connection;
  readonly #natsConnections: NatsConnection[] = [];
  readonly #options: Partial<DocumentsOptions> & Partial<DocumentServiceOptions>;

  private constructor(name: string, ground: Ground, options: TestShard["optionsType"]) {
    this.name = name;
    this.ground = ground;
    this.#options = options;
  }

  declare readonly optionsType: Partial<DocumentsOptions> & Partial<DocumentServiceOptions>;

  static async create(
    ground: Ground,
    options: TestShard["optionsType"] & { partBytesMax?: number } = {},
  ): Promise<TestShard> {
    shards += 1;
    const name = `t${process.pid}-${shards}`;
    const admin = await ground.connect("admin");
    const manager = await jetstreamManager(admin);
    await reconcileStreams(manager, [
      declareEventStream({ shard: name, replicas: 1 }),
      declareSettledStream({ shard: name, replicas: 1 }),
    ]);
    const { partBytesMax = -1, ...rest } = options;
    await reconcileDocumentStreams(manager, { shard: name, replicas: 1, partBytesMax });
    await admin.close();
    const shard = new TestShard(name, ground, rest);
    await shard.start();
    return shard;
  }

  /** Agency folder of the index. */
  get directory(): string {
    return join(this.ground.folder, this.name);
  }

  /** What the document service is asked, by the system of all agencies but "stranger". */
  get calls(): Connection["documents"] {
    return this.#connection.documents;
  }

  get address(): string {
    return this.#server.address;
  }

  async start(): Promise<void> {
    const connection = await this.ground.connect("documents");
    this.#natsConnections.push(connection);
    this.documents = await createDocuments({
      shard: this.name,
      connection,
      directory: this.directory,
      clock: this.clock,
      logger: createLogger({ service: "documents", level: "silent" }),
      collectEveryMs: 3_600_000,
      ...this.#options,
    });
    await this.documents.start();
    await this.documents.followEvents();
    const served = new ServedDocuments();
    served.add(this.documents.served);
    this.#server = await createGrpcServer({
      services: [documentService(served, { authorise, ...this.#options })],
      tls: await this.ground.authority.server(),
      address: "127.0.0.1:0",
      logger: createLogger({ service: "documents", level: "silent" }),
    });
    this.#connection = await this.connectAs("office-system");
  }

  async connectAs(system: string): Promise<Connection> {
    const tls = await this.ground.authority.system(system);
    return connect({ address: this.#server.address, tls, channel: { sharedConnection: false } });
  }

  /** Cuts every call off and ends the service as a crash would, as far as others see. */
  async stop(): Promise<void> {
    this.#connection.close();
    this.#server.forceStop();
    await this.documents.drain();
    for (const connection of this.#natsConnections.splice(0)) await connection.close();
  }

  /** Writes bytes to a file and hashes them. */
  async prepare(bytes: Uint8Array, options: Partial<Parameters<typeof prepareDocument>[0]> = {}) {
    const path = join(this.ground.folder, uuidV7());
    await writeFile(path, bytes);
    return prepareDocument({ source: path, kind: "form", mediaType: "application/pdf", ...options });
  }

  /** Uploads bytes of an agency's document. */
  async upload(agency: string, dossier: string, bytes: Uint8Array = randomBytes(1_000)): Promise<PreparedDocument> {
    const prepared = await this.prepare(bytes);
    await this.calls.uploadPrepared(prepared, { shard: this.name, agency, dossier });
    return prepared;
  }

  /** Fetches a document into a file of its own; its path. */
  async download(agency: string, document: Document): Promise<string> {
    const path = join(this.ground.folder, `got-${uuidV7()}`);
    await this.calls.downloadDocument({ shard: this.name, agency, document, path });
    return path;
  }

  /** Whether an agency may open a document; throws what else it is told. */
  async mayOpen(agency: string, document: Document): Promise<boolean> {
    try {
      await rm(await this.download(agency, document));
      return true;
    } catch (error) {
      if ((error as { reason?: string }).reason === "NOT_ENTITLED") return false;
      throw error;
    }
  }

  /** Appends what an agency says to the event stream; the hash of the event. */
  async say({ author, dossier, on = ["0"], what }: TestStatement): Promise<Uint8Array> {
    const known = this.dossiers.get(dossier) ?? { number: 0, sequence: 0 };
    const payload = Statement.encode(
      Statement.fromPartial({
        version: 1,
        network: new Uint8Array(32),
        shard: this.name,
        author: { agency: author },
        statementId: uuidV7(),
        dossier,
        statedTime: timestampFromMs(Date.now()),
        prior: what.$case === "open" ? [] : on.map((branch) => ({ branch, head: new Uint8Array(32) })),
        what: what as unknown as What,
      } as Parameters<typeof Statement.fromPartial>[0]),
    ).finish();
    const envelopeBytes = StatementEnvelope.encode({ payload, signatures: [] }).finish();
    const header: EventHeader = {
      version: 1,
      shard: this.name,
      generation: 1,
      number: BigInt(known.number + 1),
      previous: new Uint8Array(0),
      registryHead: { size: 1n, root: new Uint8Array(32) },
      system: "office-system",
      recordedTime: timestampFromMs(this.clock.nowMs()),
      wallTime: timestampFromMs(this.clock.nowMs()),
    };
    const bytes = encodeEvent(header, { $case: "statement", envelopeBytes });
    const exchange = await this.#exchange();
    const outcome = await createAppender({ connection: exchange, timeoutMs: 5_000 }).appendBatch([
      { subject: eventSubject(this.name, dossier), payload: bytes, expectedLastSubjectSequence: known.sequence },
    ]);
    if (outcome.kind !== "appended") throw new Error(JSON.stringify(outcome));
    this.dossiers.set(dossier, { number: known.number + 1, sequence: outcome.firstSequence });
    return leafHash(bytes);
  }

  #exchangeConnection: NatsConnection | null = null;
  async #exchange(): Promise<NatsConnection> {
    this.#exchangeConnection ??= await this.ground.connect("exchange");
    return this.#exchangeConnection;
  }

  /** Messages in the stream of parts and in that of records, deletion marks included. */
  async stored(): Promise<{ partBytes: number; records: number }> {
    const admin = await this.ground.connect("admin");
    const manager = await jetstreamManager(admin);
    const parts = await manager.streams.info(partStreamName(this.name));
    const records = await manager.streams.info(recordStreamName(this.name));
    await admin.close();
    return { partBytes: parts.state.bytes, records: records.state.messages };
  }
}

function authorise(identity: PeerIdentity, agency: string) {
  if (identity.systemId === "unknown-system") throw busError("SYSTEM_UNKNOWN", { system: identity.systemId });
  return agency === "stranger" ? busError("DELEGATION_MISSING", { agency }) : null;
}

/** Waits until something holds, and says what was waited for if it never does. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited 20 s in vain until ${what}.`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}
