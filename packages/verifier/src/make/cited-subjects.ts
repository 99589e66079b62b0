import type { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { hexOf } from "@lienthong/registry-state";
import type { ReadEvent } from "@lienthong/statement";
import type { RegistryIndex, Subject } from "./registry-index.ts";

/** Subjects of the registry, each once. */
class SubjectSet {
  readonly #subjects = new Map<string, Subject>();

  /** Whether it is new here. */
  add(kind: RegistryKind, id: string): boolean {
    const key = `${kind} ${id}`;
    if (id === "" || this.#subjects.has(key)) return false;
    this.#subjects.set(key, { kind, id });
    return true;
  }

  all(): Subject[] {
    return [...this.#subjects.values()];
  }
}

const kinds = {
  genesis: RegistryKind.REGISTRY_KIND_GENESIS,
  agency: RegistryKind.REGISTRY_KIND_AGENCY,
  unit: RegistryKind.REGISTRY_KIND_UNIT,
  system: RegistryKind.REGISTRY_KIND_SYSTEM,
  key: RegistryKind.REGISTRY_KIND_KEY,
  delegation: RegistryKind.REGISTRY_KIND_DELEGATION,
  registrarKey: RegistryKind.REGISTRY_KIND_REGISTRAR_KEY,
  promiseKey: RegistryKind.REGISTRY_KIND_PROMISE_KEY,
  shard: RegistryKind.REGISTRY_KIND_SHARD,
};

/** What every slice has: the genesis, the registrar's keys, the shard. */
function basics(index: RegistryIndex, shard: string): SubjectSet {
  const subjects = new SubjectSet();
  subjects.add(kinds.genesis, "genesis");
  for (const { id } of index.subjectsOf(kinds.registrarKey)) subjects.add(kinds.registrarKey, id);
  subjects.add(kinds.shard, shard);
  return subjects;
}

/** What a promise rests on. */
export function subjectsOfPromise(index: RegistryIndex, shard: string, promiseKeyId: Uint8Array): Subject[] {
  const subjects = basics(index, shard);
  subjects.add(kinds.promiseKey, hexOf(promiseKeyId));
  return subjects.all();
}

/** Every subject that a verifier of these events looks up. */
export function citedSubjects(
  index: RegistryIndex,
  shard: string,
  events: readonly { readonly event: ReadEvent; readonly envelope: StatementEnvelope | null }[],
): Subject[] {
  const subjects = basics(index, shard);
  const roles = new Set<string>();
  const areas = new Set<string>();
  const agencies = new Set<string>();
  const office = (agency: string, unit = "") => {
    agencies.add(agency);
    subjects.add(kinds.agency, agency);
    subjects.add(kinds.unit, unit);
  };
  const carrier = (agency: string, system: string) => {
    office(agency);
    subjects.add(kinds.system, system);
    subjects.add(kinds.delegation, `${agency}/${system}`);
  };
  for (const { event, envelope } of events) {
    for (const { keyId } of envelope?.signatures ?? []) subjects.add(kinds.key, hexOf(keyId));
    const { body } = event;
    if (body.$case === "bus") {
      office(body.bus.receiver);
      if (body.bus.what?.$case === "delivered") carrier(body.bus.receiver, body.bus.what.value.system);
    }
    if (body.$case !== "statement") continue;
    const { author, what } = body.statement;
    office(author?.agency ?? "", author?.unit);
    carrier(author?.agency ?? "", event.header.system);
    switch (what?.$case) {
      case "open":
        areas.add(what.value.areaCode);
        for (const hash of [what.value.procedureEntry, what.value.routeEntry, what.value.calendarEntry]) {
          const entry = index.byHash(hash);
          if (entry === undefined) continue;
          subjects.add(entry.subject.kind, entry.subject.id);
          if (entry.record.$case === "route") for (const { role } of entry.record.value.steps) roles.add(role);
        }
        break;
      case "forward":
      case "consult":
        for (const { receiver, copies } of what.value.branches) {
          for (const addressee of [receiver, ...copies]) office(addressee?.agency ?? "", addressee?.unit);
        }
        break;
      case "complete":
        for (const addressee of what.value.resultsTo) office(addressee.agency, addressee.unit);
        break;
      case "assign":
        subjects.add(kinds.unit, what.value.unit);
        break;
    }
  }
  addAreas(index, areas, subjects);
  addCompetentUnits(index, agencies, roles, subjects);
  addEndorsers(index, subjects);
  return subjects.all();
}

/** Who administers an area, and what is above: the chain that competence is read along. */
function addAreas(index: RegistryIndex, areas: ReadonlySet<string>, subjects: SubjectSet): void {
  for (const subject of index.subjectsOf(kinds.agency)) {
    const record = index.last(subject)?.record;
    if (record?.$case !== "agency" || !areas.has(record.value.areaCode)) continue;
    for (let id = subject.id; id !== "" && subjects.add(kinds.agency, id) !== undefined; ) {
      const above = index.last({ kind: kinds.agency, id })?.record;
      id = above?.$case === "agency" ? above.value.parent : "";
    }
  }
}

/** Units through which an agency concerned may be competent. */
function addCompetentUnits(
  index: RegistryIndex,
  agencies: ReadonlySet<string>,
  roles: ReadonlySet<string>,
  subjects: SubjectSet,
): void {
  for (const subject of index.subjectsOf(kinds.unit)) {
    const plays = index.numbersOf(subject).some((number) => {
      const { record } = index.entry(number);
      return (
        record.$case === "unit" &&
        agencies.has(record.value.agency) &&
        record.value.competences.some(({ role }) => roles.has(role))
      );
    });
    if (plays) subjects.add(kinds.unit, subject.id);
  }
}

/** Keys that endorsed what is shown, and theirs in turn. */
function addEndorsers(index: RegistryIndex, subjects: SubjectSet): void {
  const waiting = subjects.all();
  for (let subject = waiting.pop(); subject !== undefined; subject = waiting.pop()) {
    for (const number of index.numbersOf(subject)) {
      for (const { signature } of index.entry(number).entry.endorsements) {
        const id = hexOf(signature?.keyId ?? new Uint8Array(0));
        if (index.numbersOf({ kind: kinds.key, id }).length > 0 && subjects.add(kinds.key, id)) {
          waiting.push({ kind: kinds.key, id });
        }
      }
    }
  }
}
