import type { Competence } from "@lienthong/contracts/registry/v1/record";

/** One competence and whose it is; `unit` is empty for the agency itself. */
export interface CompetenceHolder {
  readonly agency: string;
  readonly unit: string;
  /** Empty: all procedures. */
  readonly procedures: readonly string[];
}

/** Competences by role, then by area code, so that a resolution looks at a handful of holders. */
export class CompetenceIndex {
  readonly #byRole = new Map<string, Map<string, CompetenceHolder[]>>();
  readonly #places = new Map<string, { role: string; area: string; holder: CompetenceHolder }[]>();

  /** Replaces all competences of an agency (unit empty) or of a unit. */
  replace(agency: string, unit: string, competences: readonly Competence[]): void {
    const owner = `${unit === "" ? "agency" : "unit"} ${unit === "" ? agency : unit}`;
    for (const { role, area, holder } of this.#places.get(owner) ?? []) {
      const areas = this.#byRole.get(role)!;
      const left = areas.get(area)!.filter((other) => other !== holder);
      if (left.length > 0) areas.set(area, left);
      else areas.delete(area);
      if (areas.size === 0) this.#byRole.delete(role);
    }
    const places: { role: string; area: string; holder: CompetenceHolder }[] = [];
    for (const { role, areaCodes, procedures } of competences) {
      const holder: CompetenceHolder = { agency, unit, procedures };
      const areas = this.#byRole.get(role) ?? new Map<string, CompetenceHolder[]>();
      this.#byRole.set(role, areas);
      for (const area of new Set(areaCodes)) {
        const holders = areas.get(area);
        if (holders === undefined) areas.set(area, [holder]);
        else holders.push(holder);
        places.push({ role, area, holder });
      }
    }
    if (places.length > 0) this.#places.set(owner, places);
    else this.#places.delete(owner);
  }

  /** Whether anybody at all plays the role, in force or not. */
  knows(role: string): boolean {
    return this.#byRole.has(role);
  }

  /** Who plays the role in exactly this area, in force or not. */
  holders(role: string, area: string): readonly CompetenceHolder[] {
    return this.#byRole.get(role)?.get(area) ?? [];
  }
}
