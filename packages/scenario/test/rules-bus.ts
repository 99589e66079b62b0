import { type Timestamp, timestampFromMs } from "@lienthong/chassis/timestamp";
import type { Receiver, StatementStream } from "@lienthong/client";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import {
  type AudienceRole,
  audienceOfEvent,
  type DossierParties,
  type DossierState,
  decide,
  evolve,
  evolveParties,
  type Rulebook,
} from "@lienthong/domain";
import { compileRoute } from "@lienthong/route";
import { encodeEvent, generateSigningKey, readEvent, readStatement } from "@lienthong/statement";
import { leafHash, sha256 } from "@lienthong/tlog";
import { roleResolver, type Seed } from "../../../deploy/seed/load-seed.ts";
import {
  type PlayScenarioOptions,
  playScenario,
  SCENARIO_START_MS,
  type ScenarioProgress,
  type ScenarioSummary,
} from "../src/index.ts";

const legalDay = "2025-05-05";
const shard = "hanoi-2025q2-scenario";
/** One for all, and for all plays: its signatures follow from what is signed. */
const everybodysKey = generateSigningKey("ed25519");
const network = sha256(new TextEncoder().encode("network"));
const roleNumbers: Readonly<Record<AudienceRole, DeliveryRole>> = {
  receiver: DeliveryRole.DELIVERY_ROLE_RECEIVER,
  sender: DeliveryRole.DELIVERY_ROLE_SENDER,
  copy: DeliveryRole.DELIVERY_ROLE_COPY,
};

/** What a bus of rules recorded of a dossier. */
export interface RecordedDossier {
  readonly events: readonly Uint8Array[];
  readonly state: DossierState;
}

/**
 * The rules of the bus without a bus: statements are read and decided, events recorded and folded, and told to whom they concern, by the
 * code that the services run; but nothing is kept, sent over a network, or proven. For plays of many seeds; the plays on a real
 * bus show the rest.
 */
export class RulesBus {
  /** Answered in the order in which they were accepted. */
  readonly events: Uint8Array[] = [];
  readonly dossiers = new Map<string, RecordedDossier>();
  readonly #parties = new Map<string, DossierParties | null>();
  readonly #accepted = new Map<string, AcceptedStatement>();
  readonly #told: { event: Uint8Array; leafIndex: bigint; audience: ReturnType<typeof audienceOfEvent> }[] = [];
  readonly #receivers = new Map<string, (deliveries: Delivery[]) => void | Promise<void>>();
  readonly #seed: Seed;
  readonly #rules: Rulebook;
  readonly #resolve: ReturnType<typeof roleResolver>;
  #now: Timestamp = timestampFromMs(SCENARIO_START_MS);

  constructor(seed: Seed) {
    this.#seed = seed;
    this.#resolve = roleResolver(seed, legalDay);
    const procedures = new Map(
      seed.procedures.map(({ record }) => [hexOf(entryOf("procedure", record.key)), record.key]),
    );
    const routes = new Map(
      seed.routes.map(({ record }) => [hexOf(entryOf("route", record.procedure)), compileRoute(record)]),
    );
    const valid = ({ validFrom, validUntil }: { validFrom: string; validUntil: string }) =>
      validFrom <= legalDay && (validUntil === "" || legalDay <= validUntil);
    const agencies = new Map(seed.agencies.map((agency) => [agency.record.id, valid(agency)]));
    const units = new Map(seed.units.map((unit) => [`${unit.record.id} ${unit.record.agency}`, valid(unit)]));
    const areas = new Set(seed.agencies.filter(valid).map(({ record }) => record.areaCode));
    const status = (inForce: boolean | undefined) =>
      inForce === undefined ? "unknown" : inForce ? "in force" : "not in force";
    this.#rules = {
      shardClosed: false,
      procedureKey: (entry) => procedures.get(hexOf(entry)),
      route: (entry) => routes.get(hexOf(entry)),
      hasCalendar: (entry) => hexOf(entry) === hexOf(entryOf("calendar", "")),
      agencyStatus: (agency) => status(agencies.get(agency)),
      unitStatus: (unit, agency) => status(units.get(`${unit} ${agency}`)),
      areaExists: (areaCode) => areas.has(areaCode),
      competentAgencies: (question) => this.#resolve(question).agencies.map(({ id }) => id),
      isCompetent: ({ agency, ...question }) => this.#resolve(question).agencies.some(({ id }) => id === agency),
    };
  }

  /** Plays on it. A bus plays once or, to see that nothing is said twice, the same again. */
  play(options: {
    dossiers: number;
    seed: number;
    openRatio?: number;
    onProgress?: (progress: ScenarioProgress) => void;
  }): Promise<ScenarioSummary> {
    this.#receivers.clear();
    const system = this.#system();
    return playScenario({
      ...options,
      shard,
      registry: this.#registry(),
      systems: { connectionFor: () => system },
      keysFor: () => [everybodysKey],
      calendar: this.#seed.calendar,
      clock: { now: () => this.#now },
      advanceClock: async (to) => {
        this.#now = to;
      },
    });
  }

  #registry(): PlayScenarioOptions["registry"] {
    const { agencies, units, procedures, routes } = this.#seed;
    const why = { vi: "", en: "" };
    const registry = {
      getProcedure: async (key: string) => ({
        procedure: procedures.find(({ record }) => record.key === key)?.record,
        entry: entryOf("procedure", key),
        routes: routes
          .filter(({ record }) => record.procedure === key)
          .map(({ record: route }) => ({ route, entry: entryOf("route", key) })),
        calendarEntry: entryOf("calendar", ""),
      }),
      resolveRole: async (question: { role: string; areaCode: string; procedure?: string }) => {
        const found = this.#resolve({ ...question, procedure: question.procedure ?? "" });
        const throughUnits = found.units.map(({ id, agency }) => ({ agency, unit: id, why }));
        const themselves = found.agencies.map(({ id }) => ({ agency: id, unit: "", why }));
        const candidates = [...themselves, ...throughUnits].sort((a, b) => (a.agency < b.agency ? -1 : 1));
        return { candidates, missing: undefined };
      },
      listAgencies: async ({ level }: { level?: number } = {}) =>
        agencies
          .filter(({ record, validUntil }) => record.level === level && (validUntil === "" || legalDay <= validUntil))
          .filter(({ validFrom }) => validFrom <= legalDay)
          .map(({ record: agency }) => ({ agency })),
      getAgency: async (agency: string) => ({
        units: units.filter(({ record }) => record.agency === agency).map(({ record }) => record),
      }),
    };
    return registry as unknown as PlayScenarioOptions["registry"];
  }

  #system(): ReturnType<PlayScenarioOptions["systems"]["connectionFor"]> {
    const { promise: never } = Promise.withResolvers<null>();
    const connection = {
      exchange: {
        getShard: async () => ({ network, eventCount: BigInt(this.events.length) + 1n }),
        openStream: () =>
          ({
            submit: async (envelope: Uint8Array) => this.#submit(envelope),
            end: async () => undefined,
            ended: never,
          }) as Pick<StatementStream, "submit" | "end" | "ended">,
      },
      delivery: {
        receive: (
          { agencies, fromLeafIndex }: { agencies: readonly string[]; fromLeafIndex?: bigint },
          onDeliveries: (deliveries: Delivery[]) => void | Promise<void>,
        ): Receiver => {
          for (const agency of agencies) this.#receivers.set(agency, onDeliveries);
          if (fromLeafIndex !== undefined) queueMicrotask(() => this.#deliverAgain());
          return {
            ready: Promise.resolve(),
            ended: never,
            settle: () => undefined,
            grant: () => undefined,
            close: async () => undefined,
          };
        },
      },
    };
    return connection as unknown as ReturnType<PlayScenarioOptions["systems"]["connectionFor"]>;
  }

  #submit(envelope: Uint8Array): AcceptedStatement {
    const { statement, envelope: read } = readStatement(envelope);
    const before = this.dossiers.get(statement.dossier);
    const decision = decide(before?.state ?? null, statement, sha256(read.payload), this.#rules);
    if (decision.kind === "repeat") {
      const known = this.#accepted.get(`${statement.dossier} ${decision.number}`);
      if (known === undefined) throw new Error("A statement is repeated that was never accepted.");
      return { ...known, repeatedAnswer: true };
    }
    if (decision.kind === "refuse") {
      throw new Error(`${statement.dossier}, ${statement.what?.$case}: ${JSON.stringify(decision)}`);
    }
    const number = BigInt(before?.events.length ?? 0) + 1n;
    const event = encodeEvent(
      {
        version: 1,
        shard,
        generation: 1,
        number,
        previous: before?.state.lastEvent ?? new Uint8Array(0),
        registryHead: { size: 1n, root: network },
        system: "hn-mot-cua",
        recordedTime: this.#now,
        wallTime: this.#now,
      },
      { $case: "statement", envelopeBytes: envelope },
    );
    const hash = leafHash(event);
    const recorded = readEvent(event);
    const state = evolve(before?.state ?? null, recorded, hash);
    this.dossiers.set(statement.dossier, { events: [...(before?.events ?? []), event], state });
    this.events.push(event);
    // Leaf 0 opens a shard.
    const leafIndex = BigInt(this.events.length);
    const accepted: AcceptedStatement = { event, leafIndex, promise: undefined, repeatedAnswer: false };
    this.#accepted.set(`${statement.dossier} ${number}`, accepted);
    const parties = this.#parties.get(statement.dossier) ?? null;
    const audience = audienceOfEvent(recorded, parties);
    this.#parties.set(statement.dossier, evolveParties(parties, recorded, hash));
    this.#told.push({ event, leafIndex, audience });
    queueMicrotask(() => this.#deliver(event, leafIndex, audience));
    return accepted;
  }

  #deliverAgain(): void {
    for (const { event, leafIndex, audience } of this.#told) this.#deliver(event, leafIndex, audience);
  }

  #deliver(event: Uint8Array, leafIndex: bigint, audience: ReturnType<typeof audienceOfEvent>): void {
    for (const { agency, role } of audience) {
      const delivery = { agency, role: roleNumbers[role], leafIndex, event, redelivered: false, shard: "" };
      void this.#receivers.get(agency)?.([delivery]);
    }
  }
}

function entryOf(kind: string, key: string): Uint8Array {
  return sha256(new TextEncoder().encode(`${kind} ${key}`));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
