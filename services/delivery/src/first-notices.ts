import type { Logger } from "@lienthong/chassis";
import type { FirstSettlement, OpenHandoffs } from "./open-handoffs.ts";
import type { Subscription } from "./subscription.ts";

/** That a receiver has a handoff, for the exchange to record. */
export interface FirstSettledNotice extends FirstSettlement {
  /** System that settled it. */
  readonly system: string;
  readonly subscription: string;
}

interface Outstanding {
  readonly notice: FirstSettledNotice;
  readonly subscription: Subscription;
  readonly sequence: number;
  underWay: boolean;
}

/**
 * Tells the exchange once per handoff that it was settled. Until it has said that this is recorded, the settlement does not
 * count as durable: after a crash the delivery comes again, and with it the notice.
 */
export class FirstNotices {
  readonly #tell: (notice: FirstSettledNotice) => void | Promise<void>;
  readonly #handoffs: OpenHandoffs;
  readonly #logger: Logger;
  readonly #outstanding = new Set<Outstanding>();

  constructor(handoffs: OpenHandoffs, logger: Logger, tell: (notice: FirstSettledNotice) => void | Promise<void>) {
    this.#handoffs = handoffs;
    this.#logger = logger;
    this.#tell = tell;
  }

  /** A receiver settled a forward. */
  settled(subscription: Subscription, sequence: number, system: string): void {
    for (const settlement of this.#handoffs.firstSettlements(sequence, subscription.agency.name)) {
      const notice = { ...settlement, system, subscription: subscription.name };
      subscription.awaitConfirmation(sequence);
      this.#send({ notice, subscription, sequence, underWay: false });
    }
  }

  /** Tells again what could not be recorded, unless it is no news any more. */
  tellAgain(): void {
    for (const outstanding of this.#outstanding) {
      if (outstanding.underWay) continue;
      if (this.#handoffs.isNews(outstanding.notice)) this.#send(outstanding);
      else this.#done(outstanding);
    }
  }

  /** Resolves when none is under way. */
  async settle(): Promise<void> {
    while ([...this.#outstanding].some((outstanding) => outstanding.underWay)) {
      await new Promise((resume) => setTimeout(resume, 5));
    }
  }

  #send(outstanding: Outstanding): void {
    this.#outstanding.add(outstanding);
    outstanding.underWay = true;
    void (async () => {
      try {
        await this.#tell(outstanding.notice);
        this.#done(outstanding);
      } catch (error) {
        this.#logger.debug(
          { err: error, dossier: outstanding.notice.dossier },
          "A settlement could not be recorded yet.",
        );
      } finally {
        outstanding.underWay = false;
      }
    })();
  }

  #done(outstanding: Outstanding): void {
    this.#outstanding.delete(outstanding);
    const { subscription, sequence } = outstanding;
    subscription.confirm(sequence);
  }
}
