import type { Competence } from "@lienthong/contracts/registry/v1/record";
import type { LegalDays, Seed } from "./seed.ts";

const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** What is wrong between the records of a seed: ids, references, days, bounds. Empty when a registry can take them. */
export function checkSeed(seed: Seed): string[] {
  const problems: string[] = [];
  const ids = (kind: string, all: readonly string[]): Set<string> => {
    const seen = new Set<string>();
    for (const id of all) {
      if (!idPattern.test(id))
        problems.push(`${kind} "${id}": an id is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-'`);
      if (seen.has(id)) problems.push(`${kind} "${id}": appears twice; ids are unique`);
      seen.add(id);
    }
    return seen;
  };
  const agencies = ids(
    "agency",
    seed.agencies.map(({ record }) => record.id),
  );
  ids(
    "unit",
    seed.units.map(({ record }) => record.id),
  );
  ids(
    "succession of",
    seed.successions.map(({ record }) => record.agency),
  );
  const procedures = ids(
    "procedure",
    seed.procedures.map(({ record }) => record.key),
  );
  const areas = new Set(seed.agencies.map(({ record }) => record.areaCode).filter((code) => code !== ""));

  const refers = (where: string, what: string, to: string, known: ReadonlySet<string>): void => {
    if (!known.has(to)) problems.push(`${where}: ${what} "${to}" does not exist`);
  };
  const checkDays = (where: string, { validFrom, validUntil }: LegalDays): void => {
    for (const day of [validFrom, validUntil]) {
      if (day !== "" && !isDay(day)) problems.push(`${where}: "${day}" is not a day; a day is YYYY-MM-DD`);
    }
    if (validFrom !== "" && validUntil !== "" && validFrom > validUntil) {
      problems.push(`${where}: begins on ${validFrom}, after its last day ${validUntil}`);
    }
  };
  const checkCompetences = (where: string, competences: readonly Competence[]): void => {
    if (competences.length > 64) problems.push(`${where}: has ${competences.length} competences; at most 64`);
    for (const { role, areaCodes, procedures: keys } of competences) {
      if (!/^[A-Z0-9_]{1,64}$/.test(role)) problems.push(`${where}: role "${role}" is not 1 to 64 of A-Z, 0-9 and _`);
      if (areaCodes.length < 1 || areaCodes.length > 700)
        problems.push(`${where}: ${role} covers ${areaCodes.length} areas; 1 to 700`);
      for (const code of areaCodes) refers(where, `area of ${role}`, code, areas);
      for (const key of keys) refers(where, `procedure of ${role}`, key, procedures);
    }
  };

  for (const agency of seed.agencies) {
    const where = `agency ${agency.record.id}`;
    if (agency.record.parent !== "") refers(where, "parent", agency.record.parent, agencies);
    checkDays(where, agency);
    checkCompetences(where, agency.record.competences);
    checkLengths(problems, where, agency.record.source, 500, agency.record.note, 1_000);
  }
  for (const unit of seed.units) {
    const where = `unit ${unit.record.id}`;
    refers(where, "agency", unit.record.agency, agencies);
    checkDays(where, unit);
    checkCompetences(where, unit.record.competences);
    checkLengths(problems, where, unit.record.source, 500, unit.record.note, 1_000);
  }
  for (const { record, validFrom } of seed.successions) {
    const where = `succession of ${record.agency}`;
    refers(where, "ended agency", record.agency, agencies);
    if (!isDay(validFrom)) problems.push(`${where}: "${validFrom}" is not a day; a day is YYYY-MM-DD`);
    if (record.successors.length < 1 || record.successors.length > 16) {
      problems.push(`${where}: has ${record.successors.length} successors; 1 to 16`);
    }
    for (const successor of record.successors) {
      refers(where, "successor", successor.agency, agencies);
      for (const code of successor.areaCodes) refers(where, "area", code, areas);
    }
    checkLengths(problems, where, record.source, 500, "", 0);
  }
  for (const procedure of seed.procedures) {
    const where = `procedure ${procedure.record.key}`;
    checkDays(where, procedure);
    for (const key of procedure.record.supersedes) refers(where, "superseded procedure", key, procedures);
    checkLengths(problems, where, procedure.record.source, 500, procedure.record.note, 2_000);
    for (const step of procedure.record.steps)
      checkLengths(problems, where, step.limit?.note ?? "", 500, step.does, 1_000);
  }
  checkRoutes(seed, problems);
  for (const { record } of seed.routes) refers(`route ${record.id}`, "procedure", record.procedure, procedures);
  checkLengths(problems, `calendar ${seed.calendar.id}`, seed.calendar.source, 1_000, "", 0);
  return problems;
}

/** Versions of one route stand side by side: each once, and all for the same procedure. */
function checkRoutes(seed: Seed, problems: string[]): void {
  for (const [id, versions] of Map.groupBy(seed.routes, ({ record }) => record.id)) {
    const [first, ...later] = versions.map(({ record }) => record);
    const seen = new Set([first!.version]);
    for (const { version, procedure } of later) {
      if (seen.has(version)) {
        problems.push(`route "${id}": version ${version} appears twice; the later is a version of its own`);
      } else if (procedure !== first!.procedure) {
        problems.push(
          `route "${id}": version ${version} serves "${procedure}", version ${first!.version} "${first!.procedure}"; the versions of a route serve one procedure`,
        );
      }
      seen.add(version);
    }
  }
}

function checkLengths(
  problems: string[],
  where: string,
  source: string,
  sourceMax: number,
  note: string,
  noteMax: number,
): void {
  for (const [text, max] of [
    [source, sourceMax],
    [note, noteMax],
  ] as const) {
    const length = [...text].length;
    if (length > max)
      problems.push(`${where}: a text has ${length} characters; at most ${max}: "${text.slice(0, 60)}…"`);
  }
}

function isDay(day: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(`${day}T00:00:00Z`));
}
