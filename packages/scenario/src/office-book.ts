import type { GetAgencyResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { SeededRandom } from "./seeded-random.ts";

/** Who inside an office does a part of its work. */
export interface OfficeWorker {
  /** Unit id; empty: the agency as such. */
  readonly unit: string;
  /** Pseudonym, meaningful to the agency only. */
  readonly officerRef: string;
}

const officersPerUnit = 3;

/** The units of the agencies that take part, as the registry said once. */
export class OfficeBook {
  readonly #getAgency: (agency: string) => Promise<Pick<GetAgencyResponse, "units">>;
  readonly #answers = new Map<string, Promise<Pick<GetAgencyResponse, "units">>>();

  constructor(getAgency: (agency: string) => Promise<Pick<GetAgencyResponse, "units">>) {
    this.#getAgency = getAgency;
  }

  /**
   * Who does the part `internalStep` of `internalSteps`, from 1: the desk takes in, a division appraises, and the head signs, as far as the
   * registry knows such units. An office without units has officers all the same.
   */
  async worker(
    agency: string,
    internalStep: number,
    internalSteps: number,
    random: SeededRandom,
  ): Promise<OfficeWorker> {
    const { units } = await this.#ask(agency);
    const kind = internalStep === 1 ? "one-stop-desk" : internalStep === internalSteps ? "leadership" : "division";
    const unit = units.find((candidate) => candidate.kind === kind)?.id ?? "";
    const officer = random.integer(1, officersPerUnit);
    const pseudonym = new SeededRandom("officer", agency, unit, officer).uint32().toString(16).padStart(8, "0");
    return { unit, officerRef: `cb-${pseudonym.slice(0, 4)}` };
  }

  #ask(agency: string): Promise<Pick<GetAgencyResponse, "units">> {
    const known = this.#answers.get(agency);
    if (known !== undefined) return known;
    const asked = this.#getAgency(agency);
    this.#answers.set(agency, asked);
    return asked;
  }
}
