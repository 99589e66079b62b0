import type { CalendarRecord, ProcedureRecord, ShardRecord } from "@lienthong/contracts/registry/v1/record";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { checkRoute, compileRoute, formatPath } from "@lienthong/route";
import { type Admission, noEndorsements, requireCalendarDate, requireProcedures } from "./admission.ts";
import { invalid } from "./entry-refused.ts";
import { hexOf } from "./hex.ts";
import type { EntryPlace, HeldRoute, Tables } from "./tables.ts";

export function admitProcedure(tables: Tables, record: ProcedureRecord, place: EntryPlace): Admission {
  const field = "record.procedure";
  requireProcedures(tables, `${field}.supersedes`, record.supersedes);
  const ownIndex = record.supersedes.indexOf(record.key);
  if (ownIndex >= 0) throw invalid(`${field}.supersedes[${ownIndex}]`, "is the procedure itself", "other procedures");
  const before = tables.procedures.get(record.key)?.record;
  return {
    demand: noEndorsements,
    fold() {
      const recorded = { ...place, id: record.key, record };
      if (before !== undefined && before.code !== "") {
        const left = (tables.proceduresOfCode.get(before.code) ?? []).filter((key) => key !== record.key);
        tables.proceduresOfCode.set(before.code, left);
      }
      if (record.code !== "") {
        tables.proceduresOfCode.set(record.code, [...(tables.proceduresOfCode.get(record.code) ?? []), record.key]);
      }
      tables.procedures.set(record.key, recorded);
      // Kept for ever, whatever comes later: dossiers pin this hash.
      tables.procedureByEntry.set(hexOf(place.entryHash), recorded);
    },
  };
}

export function admitRoute(tables: Tables, record: RouteRecord, place: EntryPlace): Admission {
  requireProcedures(tables, "record.route.procedure", [record.procedure]);
  const [problem, ...more] = checkRoute(record);
  if (problem !== undefined) {
    throw invalid(
      `record.route.${formatPath(problem.path)}`,
      `breaks a rule of routes (${problem.code}): ${problem.message.replace(/\.$/, "")}${more.length === 0 ? "" : ` (and ${more.length} more)`}`,
      "a route that a dossier can travel",
    );
  }
  const held: HeldRoute = { ...place, id: `${record.id}/${record.version}`, record, compiled: compileRoute(record) };
  return {
    demand: noEndorsements,
    fold() {
      const versions = tables.routes.get(record.id) ?? new Map<number, HeldRoute>();
      tables.routes.set(record.id, versions.set(record.version, held));
      tables.routeByEntry.set(hexOf(place.entryHash), held);
    },
  };
}

export function admitCalendar(tables: Tables, record: CalendarRecord, place: EntryPlace): Admission {
  const field = "record.calendar";
  const days = new Set<string>();
  for (const [name, list] of [
    ["days_off", record.daysOff],
    ["days_worked", record.daysWorked],
  ] as const) {
    for (const [index, { date }] of list.entries()) {
      const at = `${field}.${name}[${index}].date`;
      requireCalendarDate(at, date);
      if (days.has(date)) throw invalid(at, `is ${date}, which stands there already`, "each day once, off or worked");
      days.add(date);
    }
  }
  for (const [index, weekday] of record.restWeekdays.entries()) {
    if (record.restWeekdays.indexOf(weekday) !== index) {
      throw invalid(`${field}.rest_weekdays[${index}]`, `is ${weekday} again`, "each weekday once");
    }
  }
  let endBefore = 0;
  for (const [index, { startMinute, endMinute }] of record.officeHours.entries()) {
    const at = `${field}.office_hours[${index}]`;
    if (startMinute < endBefore) {
      throw invalid(
        `${at}.start_minute`,
        `is ${startMinute}`,
        `${endBefore} or later: spans in order, not overlapping`,
      );
    }
    if (endMinute <= startMinute) {
      throw invalid(`${at}.end_minute`, `is ${endMinute}`, `a minute after its start, ${startMinute}`);
    }
    endBefore = endMinute;
  }
  return {
    demand: noEndorsements,
    fold() {
      const recorded = { ...place, id: `${record.id}/${record.version}`, record };
      tables.calendars.set(recorded.id, recorded);
      tables.calendarByEntry.set(hexOf(place.entryHash), recorded);
    },
  };
}

export function admitShard(tables: Tables, record: ShardRecord, place: EntryPlace): Admission {
  const field = "record.shard";
  // Its subjects would lie beside those of the registry's own stream, within the same rights.
  if (record.name === "registry") throw invalid(`${field}.name`, 'is "registry"', "any other name");
  const delay = record.promiseDelay;
  if (delay === undefined || delay.seconds < 1n || (delay.seconds === 2_592_000n && delay.nanos > 0)) {
    throw invalid(`${field}.promise_delay`, `is ${delay?.seconds ?? 0n} s`, "1 second to 30 days; 24 hours is usual");
  }
  for (const other of tables.shards.values()) {
    if (other.id !== record.name && other.record.origin === record.origin) {
      throw invalid(
        `${field}.origin`,
        `is the origin of the shard "${other.id}"`,
        "an origin of its own, or its checkpoints could be taken for the other's",
      );
    }
  }
  const before = tables.shards.get(record.name);
  if (before !== undefined && before.record.clock !== record.clock) {
    throw invalid(
      `${field}.clock`,
      `is ${record.clock}`,
      `${before.record.clock}, as when the shard was declared: times already recorded cannot change their meaning`,
    );
  }
  return {
    demand: noEndorsements,
    fold: () => void tables.shards.set(record.name, { ...place, id: record.name, record }),
  };
}
