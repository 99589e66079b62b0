import type { LocalizedText } from "@lienthong/contracts/registry/v1/envelope";
import type { CompetenceHolder } from "./competence-index.ts";
import { isDateWithin } from "./legal-date.ts";
import { type NamedAgency, resolutionSentences } from "./resolution-sentences.ts";
import type { Tables } from "./tables.ts";

/** Who plays `role` for a dossier of this area and procedure on this day? */
export interface RoleQuestion {
  /** Role of a route, e.g. "WARD_POLICE_RESIDENCE". */
  readonly role: string;
  /** Code of the administrative unit. */
  readonly areaCode: string;
  /** Procedure key; empty: any. */
  readonly procedure: string;
  /** Legal day, YYYY-MM-DD. */
  readonly date: string;
}

/** Somebody who plays the role. */
export interface RoleCandidate {
  readonly agency: string;
  /** Empty: the agency itself. */
  readonly unit: string;
  readonly why: LocalizedText;
}

/** Everybody of the nearest area that has anybody, by id. Exactly one of the two is empty. */
export interface Resolution {
  readonly candidates: readonly RoleCandidate[];
  readonly missing: LocalizedText | null;
}

/** A parent chain never has more links; the rules of agencies refuse circles. */
const chainLinksMax = 16;

/** Area codes from an area outwards on a day; empty if nobody administers the area then. */
export function areaChain(tables: Tables, areaCode: string, date: string): string[] {
  for (const id of tables.areaAgencies.get(areaCode) ?? []) {
    if (isDateWithin(tables.agencies.get(id)!, date)) return chainFrom(tables, id, date);
  }
  return [];
}

/** Without a date: whatever the day. */
function chainFrom(tables: Tables, agency: string, date: string | null): string[] {
  const chain: string[] = [];
  let id = agency;
  for (let links = 0; id !== "" && links < chainLinksMax; links++) {
    const { record, validFrom, validUntil } = tables.agencies.get(id)!;
    const inForce = date === null || isDateWithin({ validFrom, validUntil }, date);
    if (inForce && record.areaCode !== "" && !chain.includes(record.areaCode)) chain.push(record.areaCode);
    id = record.parent;
  }
  return chain;
}

interface Competent {
  readonly holder: CompetenceHolder;
  /** Area of the chain that the competence names; the same for all of an answer. */
  readonly area: string;
}

/** Answers kept at most before all are dropped: bounds memory at some tens of megabytes. */
const answersMax = 50_000;

/** Resolves roles over the tables and keeps who is competent until told to forget. */
export class RoleResolver {
  readonly #tables: Tables;
  readonly #answers = new Map<string, readonly Competent[]>();

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** To be called when an agency or a unit changed. */
  forget(): void {
    this.#answers.clear();
  }

  isCompetent(question: RoleQuestion & { readonly agency: string; readonly unit: string }): boolean {
    const { agency, unit, date } = question;
    for (const { holder } of this.#competent(question)) {
      if (holder.agency !== agency) continue;
      if (unit === "" || holder.unit === unit) return true;
      if (holder.unit === "" && this.#isUnitInForce(unit, agency, date)) return true;
    }
    return false;
  }

  resolve(question: RoleQuestion): Resolution {
    const candidates = this.#competent(question).map(({ holder, area }) => ({
      agency: holder.agency,
      unit: holder.unit,
      why: resolutionSentences.competent({
        name: this.#nameOf(holder),
        role: question.role,
        area,
        areaCode: question.areaCode,
        procedure: holder.procedures.length === 0 ? "" : question.procedure,
      }),
    }));
    return { candidates, missing: candidates.length > 0 ? null : this.#whatIsMissing(question) };
  }

  #competent(question: RoleQuestion): readonly Competent[] {
    const key = `${question.role} ${question.areaCode} ${question.procedure} ${question.date}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    // The first area outwards in which anybody is competent, and nobody beyond it: with a ward's own office there, the city's is not a
    // second address for the same step. Whoever is not in force, or not for this procedure, hides nobody.
    let found: readonly Competent[] = [];
    for (const area of areaChain(this.#tables, question.areaCode, question.date)) {
      found = this.#holders(question, area)
        .filter((holder) => this.#isInForce(holder, question.date))
        .sort((a, b) => (`${a.agency} ${a.unit}` < `${b.agency} ${b.unit}` ? -1 : 1))
        .map((holder) => ({ holder, area }));
      if (found.length > 0) break;
    }
    if (this.#answers.size >= answersMax) this.#answers.clear();
    this.#answers.set(key, found);
    return found;
  }

  /** Who plays the role for the procedure in exactly this area, in force or not. */
  #holders({ role, procedure }: RoleQuestion, area: string): CompetenceHolder[] {
    const all = this.#tables.competences
      .holders(role, area)
      .filter(({ procedures }) => procedure === "" || procedures.length === 0 || procedures.includes(procedure));
    return all.filter((holder, index) => all.findIndex((other) => isSame(other, holder)) === index);
  }

  #isInForce({ agency, unit }: CompetenceHolder, date: string): boolean {
    const recorded = this.#tables.agencies.get(agency);
    if (recorded === undefined || !isDateWithin(recorded, date)) return false;
    return unit === "" || this.#isUnitInForce(unit, agency, date);
  }

  #isUnitInForce(unit: string, agency: string, date: string): boolean {
    const recorded = this.#tables.units.get(unit);
    return recorded !== undefined && recorded.record.agency === agency && isDateWithin(recorded, date);
  }

  #whatIsMissing(question: RoleQuestion): LocalizedText {
    const { role, areaCode, date, procedure } = question;
    const chain = areaChain(this.#tables, areaCode, date);
    // Areas that ever contained this one: an abolished district still explains who used to be competent.
    const everChain = new Set(chain);
    for (const id of this.#tables.areaAgencies.get(areaCode) ?? []) {
      for (const area of chainFrom(this.#tables, id, null)) everChain.add(area);
    }
    if (chain.length === 0) {
      const others = [...(this.#tables.areaAgencies.get(areaCode) ?? [])].map((id) => this.#named(id));
      return resolutionSentences.areaUnknown({ areaCode, date, others });
    }
    if (!this.#tables.competences.knows(role)) return resolutionSentences.roleUnknown({ role });
    const past = new Map<string, CompetenceHolder>();
    for (const area of everChain) {
      for (const holder of this.#holders(question, area)) {
        if (this.#isInForce(holder, date)) continue;
        // One of an agency is enough; the agency itself says more than its units.
        if (!past.has(holder.agency) || holder.unit === "") past.set(holder.agency, holder);
      }
    }
    if (past.size > 0) {
      const agencies = [...past.values()].map((holder) => this.#namedHolder(holder));
      return resolutionSentences.notInForce({ role, areaCode, date, agencies });
    }
    const anyProcedure = { ...question, procedure: "" };
    if (procedure !== "" && chain.some((area) => this.#holders(anyProcedure, area).length > 0)) {
      return resolutionSentences.otherProcedures({ role, areaCode, procedure });
    }
    return resolutionSentences.otherAreas({ role, areaCode, around: chain.filter((area) => area !== areaCode) });
  }

  #nameOf({ agency, unit }: CompetenceHolder): LocalizedText {
    const agencyName = this.#tables.agencies.get(agency)?.record.name ?? { vi: agency, en: agency };
    const unitName = unit === "" ? undefined : this.#tables.units.get(unit)?.record.name;
    if (unitName === undefined) return { vi: agencyName.vi, en: agencyName.en || agencyName.vi };
    return {
      vi: `${unitName.vi}, ${agencyName.vi}`,
      en: `${unitName.en || unitName.vi}, ${agencyName.en || agencyName.vi}`,
    };
  }

  #named(agency: string): NamedAgency {
    return this.#namedHolder({ agency, unit: "", procedures: [] });
  }

  #namedHolder(holder: CompetenceHolder): NamedAgency {
    const agency = this.#tables.agencies.get(holder.agency)!;
    const unit = this.#tables.units.get(holder.unit);
    const successors = this.#tables.successions.get(holder.agency)?.record.successors ?? [];
    return {
      name: this.#nameOf(holder),
      validFrom: laterOf(agency.validFrom, unit?.validFrom ?? ""),
      validUntil: earlierOf(agency.validUntil, unit?.validUntil ?? ""),
      successors: [...new Set(successors.map((successor) => successor.agency))].map((id) =>
        this.#nameOf({ agency: id, unit: "", procedures: [] }),
      ),
    };
  }
}

function isSame(a: CompetenceHolder, b: CompetenceHolder): boolean {
  return a.agency === b.agency && a.unit === b.unit;
}

function laterOf(a: string, b: string): string {
  return a > b ? a : b;
}

/** An empty end is open, so it is never the earlier. */
function earlierOf(a: string, b: string): string {
  if (a === "" || b === "") return a + b;
  return a < b ? a : b;
}
