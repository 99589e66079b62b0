import type { ForwardTarget, SignedStatement } from "@lienthong/client";
import { BusCallError } from "@lienthong/client";
import { type Document, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { leafHash } from "@lienthong/tlog";
import { v7 as uuidV7 } from "uuid";
import type { Dice } from "./dice.ts";
import type { FuzzWorld } from "./fuzz-world.ts";

/** A valid statement, and who says it. */
export interface SayableStatement {
  readonly agency: string;
  readonly payload: Uint8Array;
  readonly envelope: Uint8Array;
  readonly dossier: string;
  /** Name of the oneof's member. */
  readonly says: string;
}

/** Where a dossier stands, from which statements can be said. */
interface Place {
  readonly dossier: string;
  readonly areaCode: string;
  readonly procedure: string;
  readonly branch: string;
  readonly step: string;
  readonly head: Uint8Array;
  /** Hash of the last forward. */
  readonly forward: Uint8Array;
  readonly holder: string;
  readonly receiver: string;
  readonly desk: string;
  readonly targets: readonly ForwardTarget[];
}

type Move = (place: Place, stations: Stations) => Promise<Place>;

const wards = { "00001": "hn-wold-00001", "00004": "hn-wold-00004" } as const;
const procedures = ["social-home-admission", "birth-group-nd63"] as const;
const day = "2025-05-05";
const digest = new Uint8Array(32).fill(9);

/** Ways to the places; each begins where a dossier was opened. */
const journeys: readonly (readonly Move[])[] = [
  [],
  [complete],
  [complete, forward],
  [complete, forward, acknowledge],
  [complete, forward, askRecall],
  [complete, forward, acknowledge, complete],
  [pause],
  [requestSupplement],
];

/** Dossiers in every kind of state, and what can be said in each: valid statements that nobody has sent yet. */
export class Stations {
  readonly world: FuzzWorld;
  readonly #dice: Dice;
  #nextDossier = 0;
  #statements: SayableStatement[] = [];
  readonly #makers = new Map<string, () => Promise<void>>();
  /** Dossiers that moved on; what is said of them is stale. */
  readonly #moved = new Set<string>();

  constructor(world: FuzzWorld, dice: Dice) {
    this.world = world;
    this.#dice = dice;
  }

  /** All that can be said now. */
  get statements(): readonly SayableStatement[] {
    return this.#statements;
  }

  /** Plays a dossier to each place. */
  async build(): Promise<void> {
    const areas = Object.keys(wards) as (keyof typeof wards)[];
    for (const [index, journey] of journeys.entries()) {
      for (const procedure of procedures) {
        const areaCode = areas[index % areas.length] ?? "00001";
        await this.#play(areaCode, procedure, journey);
      }
    }
  }

  /** Something was accepted for a dossier: it stands elsewhere now. */
  moved(dossier: string): void {
    this.#moved.add(dossier);
  }

  /** Puts another dossier in the place of each that moved. */
  async refresh(): Promise<void> {
    for (const dossier of this.#moved) {
      this.#moved.delete(dossier);
      const play = this.#makers.get(dossier);
      if (play === undefined) continue;
      this.#makers.delete(dossier);
      this.#statements = this.#statements.filter((statement) => statement.dossier !== dossier);
      await play();
    }
  }

  /** A new official code. */
  code(): string {
    this.#nextDossier += 1;
    return `H26-250505-${String(this.#nextDossier).padStart(9, "0")}`;
  }

  /** An `open` that would be accepted. */
  open(
    areaCode: keyof typeof wards = "00001",
    procedure: (typeof procedures)[number] = procedures[0],
  ): SayableStatement {
    const { registry } = this.world;
    const found = registry.procedure(procedure);
    const route = found === undefined ? undefined : registry.routesOf(found.record.key)[0];
    const calendar = registry.calendarInForce(day);
    if (found === undefined || route === undefined || calendar === undefined)
      throw new Error(`${procedure} has no route.`);
    const agency = wards[areaCode];
    const signed = this.world.pen(agency).open({
      dossier: this.code(),
      areaCode,
      procedureEntry: found.entryHash,
      routeEntry: route.entryHash,
      calendarEntry: calendar.entryHash,
      step: route.compiled.startSteps[0]?.id ?? "",
      channel: 2,
      applicantDigest: digest,
      documents: [document()],
      helpedAt: "",
    });
    return sayable(agency, signed, "open");
  }

  async submit(agency: string, signed: SignedStatement): Promise<Uint8Array> {
    const { exchange } = this.world.connection(this.world.systemOf(agency));
    return leafHash((await exchange.submit(signed.envelope)).event);
  }

  route(procedure: string) {
    const route = this.world.registry.routesOf(this.world.registry.procedure(procedure)?.record.key ?? "")[0];
    if (route === undefined) throw new Error(`${procedure} has no route.`);
    return route.compiled;
  }

  /** Where the edges that leave a step lead, with the first office that is competent. */
  targets(place: Pick<Place, "procedure" | "step" | "branch" | "areaCode">): ForwardTarget[] {
    const route = this.route(place.procedure);
    const edges = route.edgesFrom(place.step).filter((edge) => edge.kind === 1);
    const [first] = edges;
    if (first === undefined) return [];
    const taken = first.fork === "" ? [first] : (route.fork(place.step, first.fork)?.edges ?? []);
    return taken.flatMap((edge, index) => {
      const role = route.step(edge.to)?.role ?? "";
      const { areaCode, procedure } = place;
      const key = this.world.registry.procedure(procedure)?.record.key ?? procedure;
      const agency = this.world.registry.resolveRole({ role, areaCode, procedure: key, date: day }).candidates[0]
        ?.agency;
      if (agency === undefined) return [];
      const branch = first.fork === "" ? place.branch : `${place.branch}.${index + 1}`;
      return [{ branch, step: edge.to, edge: edge.id, receiver: { agency } }];
    });
  }

  async #play(
    areaCode: keyof typeof wards,
    procedure: (typeof procedures)[number],
    journey: readonly Move[],
  ): Promise<void> {
    const opening = this.open(areaCode, procedure);
    const desk = opening.agency;
    const step = this.route(procedure).startSteps[0]?.id ?? "";
    const head = await this.submit(desk, opening as unknown as SignedStatement);
    let place: Place = {
      ...{ dossier: opening.dossier, areaCode, procedure, branch: "0", step, head, forward: head },
      ...{ holder: desk, receiver: desk, desk, targets: [] },
    };
    for (const move of journey) {
      try {
        place = await move(place, this);
      } catch (error) {
        // A route may not have the move; what can be said from where it stopped is as good.
        if (!(error instanceof BusCallError)) throw error;
        break;
      }
    }
    this.#makers.set(place.dossier, () => this.#play(areaCode, procedure, journey));
    this.#statements.push(opening, ...this.#sayableAt(place));
  }

  /** Every kind of statement, whether the table allows it here or not: near misses are the best to change. */
  #sayableAt(place: Place): SayableStatement[] {
    const on = { dossier: place.dossier, branch: place.branch, head: place.head };
    const targets = place.targets.length > 0 ? place.targets : this.targets(place);
    const holder = this.world.pen(place.holder);
    const receiver = this.world.pen(place.receiver);
    const desk = this.world.pen(place.desk);
    const handoff = { ...on, forward: place.forward };
    const dueTime = { seconds: 1_750_000_000n, nanos: 5 };
    const documents = [document(), document()];
    const copies = [{ agency: "hn-so-yt" }];
    const said: [string, SignedStatement, string][] = [
      [
        place.holder,
        holder.forward({ ...on, targets: targets.map((target) => ({ ...target, documents, copies, dueTime })) }),
        "forward",
      ],
      [place.receiver, receiver.acknowledge(handoff), "acknowledge"],
      [place.receiver, receiver.refuse({ ...handoff, reason: 3, documents }), "refuse"],
      [
        place.holder,
        holder.complete({ ...on, step: place.step, outcome: 4, documents, resultsTo: copies }),
        "complete",
      ],
      [
        place.holder,
        holder.join({ dossier: place.dossier, branches: [on, { ...on, branch: "0.1" }], into: "0", step: place.step }),
        "join",
      ],
      [place.holder, holder.returnToCitizen({ ...on, outcome: 1, channel: 1, documents }), "return"],
      [place.holder, holder.askRecall({ ...handoff, reason: 2 }), "askRecall"],
      [place.receiver, receiver.agreeRecall(handoff), "agreeRecall"],
      [place.receiver, receiver.refuseRecall({ ...handoff, reason: 1 }), "refuseRecall"],
      [
        place.holder,
        holder.requestSupplement({ ...on, reason: 1, documentKinds: ["application-form"], dueTime, documents }),
        "requestSupplement",
      ],
      [place.desk, desk.bringSupplement({ ...on, documents }), "bringSupplement"],
      [place.holder, holder.pause({ ...on, reason: 1, documents }), "pause"],
      [place.holder, holder.resume({ ...on, documents }), "resume"],
      [place.holder, holder.extend({ ...on, reason: 3, dueTime, documents }), "extend"],
      [place.holder, holder.assign({ ...on, unit: "", officerRef: "cb-01", internalStep: 1 }), "assign"],
      [place.desk, desk.withdraw({ dossier: place.dossier, branches: [on], reason: 1, documents }), "withdraw"],
      [place.holder, holder.stop({ ...on, reason: 3, documents }), "stop"],
      [
        place.holder,
        holder.consult({
          ...on,
          targets: targets.map((target, at) => ({ ...target, branch: `${on.branch}.${at + 1}` })),
          leadBranch: "",
        }),
        "consult",
      ],
      [place.desk, desk.erase({ dossier: place.dossier, reason: 3, documentIds: [uuidV7()] }), "erase"],
    ];
    return said.map(([agency, signed, says]) => sayable(agency, signed, says));
  }

  /** Any of them. */
  pick(dice: Dice = this.#dice): SayableStatement {
    return dice.pick(this.#statements);
  }
}

function sayable(agency: string, signed: SignedStatement, says: string): SayableStatement {
  const { payload, envelope, dossier } = signed;
  return { agency, payload, envelope, dossier, says };
}

/** A document that does not travel through the bus. */
function document(): Document {
  return {
    documentId: uuidV7(),
    kind: "application-form",
    mediaType: "application/pdf",
    sizeBytes: 12_345n,
    contentDigest: digest,
    transferDigest: new Uint8Array(0),
  };
}

async function complete(place: Place, stations: Stations): Promise<Place> {
  const pen = stations.world.pen(place.holder);
  const head = await stations.submit(place.holder, pen.complete({ ...place, outcome: 4 }));
  return { ...place, head };
}

async function forward(place: Place, stations: Stations): Promise<Place> {
  const targets = stations.targets(place);
  const [first] = targets;
  if (first === undefined) return place;
  const pen = stations.world.pen(place.holder);
  const head = await stations.submit(place.holder, pen.forward({ ...place, targets }));
  return { ...place, head, forward: head, branch: first.branch, receiver: first.receiver.agency, targets };
}

async function acknowledge(place: Place, stations: Stations): Promise<Place> {
  const [first] = place.targets;
  if (first === undefined) return place;
  const head = await stations.submit(place.receiver, stations.world.pen(place.receiver).acknowledge(place));
  return { ...place, head, holder: place.receiver, step: first.step, targets: [] };
}

async function askRecall(place: Place, stations: Stations): Promise<Place> {
  const pen = stations.world.pen(place.holder);
  const head = await stations.submit(place.holder, pen.askRecall({ ...place, reason: 2 }));
  return { ...place, head };
}

async function pause(place: Place, stations: Stations): Promise<Place> {
  const pen = stations.world.pen(place.holder);
  const head = await stations.submit(place.holder, pen.pause({ ...place, reason: 1 }));
  return { ...place, head };
}

async function requestSupplement(place: Place, stations: Stations): Promise<Place> {
  const pen = stations.world.pen(place.holder);
  const asked = { ...place, reason: 1 as const, documentKinds: ["application-form"] };
  const head = await stations.submit(place.holder, pen.requestSupplement(asked));
  return { ...place, head };
}

/** What a payload says, read as leniently as any reader would; null for bytes that are no statement. */
export function statementIn(payload: Uint8Array): Statement | null {
  try {
    return Statement.decode(payload);
  } catch {
    return null;
  }
}
