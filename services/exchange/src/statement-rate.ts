import {
  type BusError,
  busError,
  defaultLimits,
  type LimitSettings,
  limitReached,
  TokenBuckets,
} from "@lienthong/chassis";

/** Statements that an agency may make about one dossier in a burst, and per second after it. Offices make a few a day. */
const aboutOneDossier = { burst: 128, perSecond: 10 };

/**
 * Keeps one agency that races its own dossier, and one agency or system that sends without end, from taking the processor from everybody else: what goes
 * beyond its share is refused, retryably, before its signature is checked. Counted by system, by author, and by author and dossier: a system cannot
 * speak for an agency that has not delegated to it, so nobody can use up what is another's.
 */
export class StatementRate {
  readonly #limits: LimitSettings;
  readonly #pairs = new TokenBuckets(aboutOneDossier);
  readonly #agencies: TokenBuckets;
  readonly #systems: TokenBuckets;
  readonly #underWay = new Map<string, number>();

  constructor(limits: LimitSettings = defaultLimits) {
    this.#limits = limits;
    this.#systems = new TokenBuckets({
      perSecond: limits.limitStatementsPerSystemPerSecond,
      burst: limits.limitStatementsPerSystemBurst,
    });
    this.#agencies = new TokenBuckets({
      perSecond: limits.limitStatementsPerAgencyPerSecond,
      burst: limits.limitStatementsPerAgencyBurst,
    });
  }

  /** A statement comes in from a system. Why it is not looked at, or null; then `end` must be called when it has been answered. `nowMs`: any monotonic clock. */
  begin(system: string, nowMs: number): BusError | null {
    const { limitStatementsUnderWay, limitStatementsPerSystemPerSecond } = this.#limits;
    const underWay = this.#underWay.get(system) ?? 0;
    if (underWay >= limitStatementsUnderWay) {
      return limitReached(`system ${system}`, `${limitStatementsUnderWay} statements under way at a time`, 500);
    }
    const waitMs = this.#systems.take(system, 1, nowMs);
    if (waitMs > 0) {
      return limitReached(`system ${system}`, `${limitStatementsPerSystemPerSecond} statements a second`, waitMs);
    }
    this.#underWay.set(system, underWay + 1);
    return null;
  }

  /** A statement that was begun has its answer. */
  end(system: string): void {
    const left = (this.#underWay.get(system) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(system);
    else this.#underWay.set(system, left);
  }

  /** Statements of a system that are under way. */
  underWay(system: string): number {
    return this.#underWay.get(system) ?? 0;
  }

  /** A statement by an agency about a dossier, whose system may speak for it. Why it is not looked at further, or null. */
  take(agency: string, dossier: string, nowMs: number): BusError | null {
    const aloneMs = this.#pairs.take(`${agency}/${dossier}`, 1, nowMs);
    if (aloneMs > 0) {
      return busError("OVERLOADED", { field: "statement.dossier", dossier }, { retryAfterMs: Math.max(500, aloneMs) });
    }
    const waitMs = this.#agencies.take(agency, 1, nowMs);
    if (waitMs === 0) return null;
    return limitReached(
      `agency ${agency}`,
      `${this.#limits.limitStatementsPerAgencyPerSecond} statements a second`,
      waitMs,
    );
  }
}
