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
  readonly #answers = new Map<string, Promise<Addressee>>();

  /** `onDate`: legal day, YYYY-MM-DD. */
  constructor(resolve: (request: ResolveRoleRequest) => Promise<ResolveRoleResponse>, onDate: string) {
    this.#resolve = resolve;
    this.#onDate = onDate;
  }

  /**
   * The nearest agency that plays the role, with its unit where one does the work.
   * @throws RoleVacantError with the registry's sentence if nobody does.
   */
  player(role: string, areaCode: string, procedure: string): Promise<Addressee> {
    const key = `${role} ${areaCode} ${procedure}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(role, areaCode, procedure);
    this.#answers.set(key, asked);
    return asked;
  }

  async #ask(role: string, areaCode: string, procedure: string): Promise<Addressee> {
    const { candidates, missing } = await this.#resolve({ role, areaCode, procedure, onDate: this.#onDate });
    const nearest = candidates[0];
    if (nearest === undefined) {
      throw new RoleVacantError(
        `Nobody plays ${role} for ${procedure} in area ${areaCode} on ${this.#onDate}: ${missing?.en || missing?.vi || "the registry does not say why"}`,
      );
    }
    const { agency } = nearest;
    const unit = candidates.find((candidate) => candidate.agency === agency && candidate.unit !== "")?.unit ?? "";
    return { agency, unit };
  }
}
