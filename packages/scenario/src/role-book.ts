import type { Addressee } from "@lienthong/contracts/exchange/v1/statement";
import type { ResolveRoleRequest, ResolveRoleResponse } from "@lienthong/contracts/registry/v1/registry_service";

/** A role that nobody plays where a scenario needs somebody. */
export class RoleVacantError extends Error {
  override readonly name = "RoleVacantError";
}

/** Who plays which role where, as the registry said once; a play lies within the dates of the offices it asks for. */
export class RoleBook {
  readonly #resolve: (request: ResolveRoleRequest) => Promise<ResolveRoleResponse>;
  readonly #onDate: string;
  readonly #takesPart: (agency: string) => boolean;
  readonly #answers = new Map<string, Promise<readonly Addressee[]>>();

  /** `onDate`: legal day, YYYY-MM-DD. `takesPart`: whether an agency is in the play at all, where any of many may act; default: all are. */
  constructor(
    resolve: (request: ResolveRoleRequest) => Promise<ResolveRoleResponse>,
    onDate: string,
    takesPart: (agency: string) => boolean = () => true,
  ) {
    this.#resolve = resolve;
    this.#onDate = onDate;
    this.#takesPart = takesPart;
  }

  /**
   * The agency that plays the role, with its unit where one does the work; the first of several.
   * @throws RoleVacantError with the registry's sentence if nobody does.
   */
  async player(role: string, areaCode: string, procedure: string): Promise<Addressee> {
    const players = await this.players(role, areaCode, procedure);
    return players[0] as Addressee;
  }

  /**
   * Everybody who plays the role, one or more, by agency id.
   * @throws RoleVacantError with the registry's sentence if nobody does.
   */
  players(role: string, areaCode: string, procedure: string): Promise<readonly Addressee[]> {
    const key = `${role} ${areaCode} ${procedure}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(role, areaCode, procedure);
    this.#answers.set(key, asked);
    return asked;
  }

  async #ask(role: string, areaCode: string, procedure: string): Promise<readonly Addressee[]> {
    const { candidates, missing } = await this.#resolve({ role, areaCode, procedure, onDate: this.#onDate });
    const units = new Map<string, string>();
    for (const { agency, unit } of candidates) {
      if (this.#takesPart(agency) && (units.get(agency) ?? "") === "") units.set(agency, unit);
    }
    if (units.size === 0) {
      const why = missing?.en || missing?.vi || "nobody who does takes part in the play";
      throw new RoleVacantError(`Nobody plays ${role} for ${procedure} in area ${areaCode} on ${this.#onDate}: ${why}`);
    }
    return [...units].map(([agency, unit]) => ({ agency, unit }));
  }
}
