import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientDuplexStream, type ClientUnaryCall, Metadata } from "@grpc/grpc-js";
import {
  createGrpcServer,
  createLogger,
  type DevelopmentAuthority,
  fromServiceError,
  type GrpcServer,
  openDevelopmentAuthority,
  realClock,
  type ServiceErrorLike,
  timestampFromMs,
} from "@lienthong/chassis";
import { createGrpcCredentials, grpcChannelOptions } from "@lienthong/chassis/channel";
import {
  type Delivery,
  DeliveryServiceClient,
  type FetchDeliveriesRequest,
  type FetchDeliveriesResponse,
  type ReceiveRequest,
  type ReceiveResponse,
  type SettleDeliveryRequest,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import type { BusStatement, EventHeader } from "@lienthong/contracts/exchange/v1/event";
import { Open, Statement, StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import {
  type AppendMessage,
  createAppender,
  declareEventStream,
  declareSettledStream,
  eventStreamName,
  eventSubject,
  type Follower,
  follow,
  reconcileStreams,
} from "@lienthong/event-store";
import { connectAs, type EmbeddedNats, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { encodeEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { createDelivery, type Deliveries, type DeliveryOptions, type FedEvent } from "../src/index.ts";

/** A nats-server with its roles and a certificate authority, shared by the tests of a file. */
export interface Ground {
  readonly folder: string;
  readonly authority: DevelopmentAuthority;
  connect(role: Role): Promise<NatsConnection>;
  stop(): Promise<void>;
}

export async function prepareGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), "delivery-test-"));
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("No nats-server binary was found.");
  const nats: EmbeddedNats = await startEmbeddedNats({ binaryPath: found.path, dataDirectory: join(folder, "nats") });
  const authority = await openDevelopmentAuthority({ folder: join(folder, "tls") });
  const connections: NatsConnection[] = [];
  return {
    folder,
    authority,
    async connect(role) {
      const { seedFilePath } = nats.credentials[role];
      const connection = await connectAs({ url: nats.url, role, seedFilePath, name: `test-${role}` });
      connections.push(connection);
      return connection;
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let shards = 0;

/** A shard with its two streams, and events in it. */
export class TestShard {
  readonly name: string;
  readonly ground: Ground;
  readonly #exchange: NatsConnection;
  readonly #numbers = new Map<string, { number: number; sequence: number }>();
  #sequence = 0;

  private constructor(name: string, ground: Ground, exchange: NatsConnection) {
    this.name = name;
    this.ground = ground;
    this.#exchange = exchange;
  }

  static async create(ground: Ground): Promise<TestShard> {
    shards += 1;
    const name = `t${process.pid}-${shards}`;
    const admin = await ground.connect("admin");
    const declared = [
      declareEventStream({ shard: name, replicas: 1 }),
      declareSettledStream({ shard: name, replicas: 1 }),
    ];
    await reconcileStreams(await jetstreamManager(admin), declared);
    await admin.close();
    return new TestShard(name, ground, await ground.connect("exchange"));
  }

  /** Appends a forward for each receiver given, each of the dossier of that index unless one is named; returns leaf index and hash. */
  async forward(forwards: readonly TestForward[]): Promise<{ leafIndex: number; hash: Uint8Array }[]> {
    return this.append(forwards.map((forward) => this.forwardEvent(forward)));
  }

  forwardEvent({ from = "ward-a", to, dossier, copies = [], weight = 0 }: TestForward): TestEvent {
    const receivers = Array.isArray(to) ? to : [to];
    const branches = receivers.map((agency, index) => ({
      branch: receivers.length === 1 ? "0" : `0.${index + 1}`,
      step: "review",
      edge: "hand-over",
      receiver: { agency, unit: "" },
      documents: [],
      dueTime: undefined,
      copies: copies.map((copy) => ({ agency: copy, unit: "" })),
    }));
    return this.statementEvent(from, dossier, { $case: "forward", value: { branches } }, ["0"], "r".repeat(weight));
  }

  openEvent(author: string, dossier: string): TestEvent {
    const value = Open.fromPartial({ areaCode: "00001", step: "intake" });
    return this.statementEvent(author, dossier, { $case: "open", value }, []);
  }

  acknowledgeEvent(author: string, dossier: string, forward: Uint8Array, branch = "0"): TestEvent {
    return this.statementEvent(author, dossier, { $case: "acknowledge", value: { handoff: { forward, branch } } }, [
      branch,
    ]);
  }

  deliveredEvent(receiver: string, dossier: string, forward: Uint8Array, branch = "0"): TestEvent {
    const bus: BusStatement = {
      id: new Uint8Array(32),
      dossier,
      cause: forward,
      branch,
      receiver,
      ordinal: 0,
      what: { $case: "delivered", value: { system: "sys", subscription: "main" } },
    };
    return { dossier, bytes: (header) => encodeEvent(header, { $case: "bus", value: bus }) };
  }

  /** `on`: the branches it acts on. */
  statementEvent(
    author: string,
    dossier: string,
    what: Statement["what"],
    on: readonly string[],
    officerRef = "",
  ): TestEvent {
    const payload = Statement.encode({
      version: 1,
      network: new Uint8Array(32),
      shard: this.name,
      author: { agency: author, unit: "", officerRef },
      statementId: "0190a000-0000-7000-8000-000000000000",
      dossier,
      statedTime: timestampFromMs(0),
      prior: on.map((branch) => ({ branch, head: new Uint8Array(32) })),
      what,
    }).finish();
    const envelopeBytes = StatementEnvelope.encode({ payload, signatures: [] }).finish();
    return { dossier, bytes: (header) => encodeEvent(header, { $case: "statement", envelopeBytes }) };
  }

  async append(events: readonly TestEvent[]): Promise<{ leafIndex: number; hash: Uint8Array }[]> {
    const appender = createAppender({ connection: this.#exchange, timeoutMs: 10_000 });
    const results: { leafIndex: number; hash: Uint8Array }[] = [];
    for (let start = 0; start < events.length; start += 500) {
      const inBatch = new Set<string>();
      const messages = events.slice(start, start + 500).map(({ dossier, bytes }, index): AppendMessage => {
        const head = this.#numbers.get(dossier) ?? { number: 0, sequence: 0 };
        const payload = bytes(this.#header(head.number + 1));
        const sequence = this.#sequence + index + 1;
        const expected = inBatch.has(dossier) ? null : head.sequence;
        inBatch.add(dossier);
        this.#numbers.set(dossier, { number: head.number + 1, sequence });
        results.push({ leafIndex: sequence - 1, hash: leafHash(payload) });
        return { subject: eventSubject(this.name, dossier), payload, expectedLastSubjectSequence: expected };
      });
      const outcome = await appender.appendBatch(messages);
      if (outcome.kind !== "appended" || outcome.firstSequence !== this.#sequence + 1) {
        throw new Error(`The test's events were not appended: ${JSON.stringify(outcome)}`);
      }
      this.#sequence += messages.length;
    }
    return results;
  }

  #header(number: number): EventHeader {
    return {
      version: 1,
      shard: this.name,
      generation: 1,
      number: BigInt(number),
      previous: number === 1 ? new Uint8Array(0) : new Uint8Array(32),
      registryHead: { size: 1n, root: new Uint8Array(32) },
      system: "sys",
      recordedTime: timestampFromMs(0),
      wallTime: timestampFromMs(0),
    };
  }
}

export interface TestForward {
  readonly from?: string;
  readonly to: string | readonly string[];
  readonly dossier: string;
  readonly copies?: readonly string[];
  /** Bytes to add. */
  readonly weight?: number;
}

export interface TestEvent {
  readonly dossier: string;
  readonly bytes: (header: EventHeader) => Uint8Array;
}

/** A replica: deliveries mounted on a gRPC server and fed by a follower, as the exchange does it. */
export interface Replica {
  readonly deliveries: Deliveries;
  readonly server: GrpcServer;
  readonly folder: string;
  /** Resolves when the follower has handed over a leaf. */
  reached(leafIndex: number): Promise<void>;
  receive(options?: StartOptions): TestReceiver;
  /** Fetches a page for dep-b unless told otherwise. Rejects with the refusal. */
  fetch(request?: Partial<FetchDeliveriesRequest>, options?: CallOptionsOfTest): Promise<FetchDeliveriesResponse>;
  /** Settles by a plain call, for dep-b unless told otherwise. Rejects with the refusal. */
  settle(
    leafIndexes: readonly (number | bigint)[],
    request?: Partial<SettleDeliveryRequest>,
    options?: CallOptionsOfTest,
  ): Promise<void>;
  stop(): Promise<void>;
  /** Ends without writing anything more. */
  crash(): Promise<void>;
}

export interface StartOptions {
  readonly agencies?: readonly string[];
  readonly subscription?: string;
  readonly credit?: number;
  readonly fromLeafIndex?: number;
  readonly system?: string;
  /** Leaves the first message to the test. */
  readonly silent?: boolean;
}

type UnaryCall<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceErrorLike | null, response: Response) => void,
) => ClientUnaryCall;

/** How a plain call is made. */
export interface CallOptionsOfTest {
  readonly system?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

let replicas = 0;

export async function startReplica(shard: TestShard, options: Partial<DeliveryOptions> = {}): Promise<Replica> {
  const { ground } = shard;
  replicas += 1;
  const folder = options.directory ?? join(ground.folder, `replica-${replicas}`);
  const connection = await ground.connect("delivery");
  const feedConnection = await ground.connect("exchange");
  const logger = createLogger({ service: "delivery-test", level: (process.env.TEST_LOG ?? "silent") as "silent" });
  const deliveries = createDelivery({
    shard: shard.name,
    connection,
    directory: folder,
    clock: realClock,
    logger,
    authorise: () => null,
    onFirstSettled: () => {},
    publishEveryMs: 20,
    ...options,
  });
  await deliveries.start();
  let failure: Error | null = null;
  const follower: Follower = follow({
    connection: feedConnection,
    streamName: eventStreamName(shard.name),
    fromSequence: deliveries.followFrom(),
    onMessages(messages) {
      deliveries.applyEvents(
        messages.map(({ sequence, payload }): FedEvent => {
          const bytes = Uint8Array.from(payload);
          return { sequence, bytes, hash: leafHash(bytes), event: readEvent(bytes) };
        }),
      );
    },
    onGap: (expected, got) => {
      failure = new Error(`gap: ${expected}, ${got}`);
    },
    onError: (error) => {
      failure = error;
    },
  });
  await follower.caughtUp;
  const server = await createGrpcServer({
    services: [deliveries.service],
    tls: await ground.authority.server(),
    address: "127.0.0.1:0",
    logger,
  });
  const clients: DeliveryServiceClient[] = [];
  const receivers: TestReceiver[] = [];
  const credentials = new Map<string, Awaited<ReturnType<DevelopmentAuthority["system"]>>>();
  for (const system of ["sys", "other"]) credentials.set(system, await ground.authority.system(system));
  const endOutside = async () => {
    for (const receiver of receivers) receiver.cancel();
    for (const client of clients) client.close();
    server.forceStop();
    await follower.stop();
    await feedConnection.close();
  };
  const clientOf = (system: string) => {
    const material = credentials.get(system);
    if (material === undefined) throw new Error("No such test system.");
    const client = new DeliveryServiceClient(
      server.address,
      createGrpcCredentials(material),
      grpcChannelOptions({ sharedConnection: false }),
    );
    clients.push(client);
    return client;
  };
  const plainClients = new Map<string, DeliveryServiceClient>();
  const call = <Request, Response>(
    method: "fetchDeliveries" | "settleDelivery",
    request: Request,
    { system = "sys", deadlineMs = 30_000, signal }: CallOptionsOfTest,
  ): Promise<Response> => {
    const client = plainClients.get(system) ?? clientOf(system);
    plainClients.set(system, client);
    return new Promise((resolve, reject) => {
      const made = (client[method] as unknown as UnaryCall<Request, Response>).call(
        client,
        request,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, response) => (error === null ? resolve(response) : reject(fromServiceError(error))),
      );
      signal?.addEventListener("abort", () => made.cancel());
    });
  };
  return {
    deliveries,
    server,
    folder,
    async reached(leafIndex) {
      await until(() => {
        if (failure !== null) throw failure;
        return follower.position() > leafIndex;
      });
    },
    receive(start = {}) {
      const client = clientOf(start.system ?? "sys");
      const receiver = new TestReceiver(client.receive());
      receivers.push(receiver);
      if (start.silent !== true) {
        receiver.write({
          $case: "start",
          value: {
            shard: shard.name,
            agencies: [...(start.agencies ?? ["dep-b"])],
            subscription: start.subscription ?? "",
            credit: start.credit ?? 0,
            fromLeafIndex: start.fromLeafIndex === undefined ? undefined : BigInt(start.fromLeafIndex),
          },
        });
      }
      return receiver;
    },
    fetch: (request = {}, options = {}) =>
      call(
        "fetchDeliveries",
        {
          shard: shard.name,
          agencies: ["dep-b"],
          subscription: "",
          pageSize: 0,
          waitMs: 0,
          fromLeafIndex: undefined,
          ...request,
        },
        options,
      ),
    async settle(leafIndexes, request = {}, options = {}) {
      const deliveries = leafIndexes.map((leafIndex) => ({ agency: "dep-b", leafIndex: BigInt(leafIndex), shard: "" }));
      await call("settleDelivery", { shard: shard.name, subscription: "", deliveries, ...request }, options);
    },
    async stop() {
      await deliveries.drain();
      await endOutside();
      await connection.close();
    },
    async crash() {
      await connection.close();
      await endOutside();
      await deliveries.drain();
    },
  };
}

/** A receiving system, as far as a test needs one. */
export class TestReceiver {
  readonly deliveries: Delivery[] = [];
  /** Messages without deliveries. */
  emptyCount = 0;
  error: ReturnType<typeof fromServiceError> | null = null;
  ended = false;
  readonly #call: ClientDuplexStream<ReceiveRequest, ReceiveResponse>;
  onDeliveries: (deliveries: readonly Delivery[]) => void = () => {};

  constructor(call: ClientDuplexStream<ReceiveRequest, ReceiveResponse>) {
    this.#call = call;
    call.on("data", (response: ReceiveResponse) => {
      if (response.deliveries.length === 0) this.emptyCount += 1;
      this.deliveries.push(...response.deliveries);
      this.onDeliveries(response.deliveries);
    });
    call.on("error", (error: ServiceErrorLike) => {
      this.error = fromServiceError(error);
      this.ended = true;
    });
    call.on("end", () => {
      this.ended = true;
    });
  }

  write(what: NonNullable<ReceiveRequest["what"]>): void {
    this.#call.write({ what });
  }

  settle(deliveries: readonly { agency?: string; leafIndex: bigint | number }[]): void {
    this.write({
      $case: "settle",
      value: {
        deliveries: deliveries.map(({ agency = "dep-b", leafIndex }) => ({
          agency,
          leafIndex: BigInt(leafIndex),
          shard: "",
        })),
      },
    });
  }

  settleEverything(): this {
    this.onDeliveries = (deliveries) => {
      if (deliveries.length > 0) this.settle(deliveries);
    };
    return this;
  }

  stopReading(): void {
    this.#call.pause();
  }

  readAgain(): void {
    this.#call.resume();
  }

  cancel(): void {
    this.#call.cancel();
  }

  leafIndexes(): number[] {
    return this.deliveries.map(({ leafIndex }) => Number(leafIndex));
  }

  async count(count: number): Promise<void> {
    await until(() => {
      if (this.error !== null) throw new Error(`The stream ended: ${this.error.message}`);
      return this.deliveries.length >= count;
    });
  }

  async refusal(): Promise<NonNullable<TestReceiver["error"]>> {
    await until(() => this.error !== null);
    return this.error as NonNullable<TestReceiver["error"]>;
  }
}

/** Waits for a condition; the bound only ends a test that would never end. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`The condition was not met within ${timeoutMs} ms.`);
    await new Promise((resume) => setTimeout(resume, 3));
  }
}

export function dossierCode(number: number): string {
  return `H26.01-261104-${String(number).padStart(6, "0")}`;
}
