import { readFile } from "node:fs/promises";
import { type Connection, connect } from "@lienthong/client";
import type { RunInfo } from "../bus/run-file.ts";
import type { AskedNames, Candidate } from "./complete-words.ts";

/** Whoever presses Tab does not wait longer, in milliseconds. */
const deadlineMs = 1_500;
const operatorSystem = "operator";

/** Names that begin with what was typed; `agency` is who acts, for its units. Rejects when the bus does not answer in time. */
export async function namesOfBus(
  run: RunInfo,
  what: AskedNames,
  typed: string,
  agency: string,
): Promise<readonly Candidate[]> {
  const systems = Object.keys(run.certificates);
  if (what === "systems")
    return fitting(
      systems.map((system) => named(system)),
      typed,
    );
  const files = run.certificates[systems.includes(operatorSystem) ? operatorSystem : (systems[0] ?? "")];
  if (files === undefined) return [];
  const [caPem, certPem, keyPem] = await Promise.all(
    [run.ca, files.certificate, files.key].map((path) => readFile(path, "utf8")),
  );
  const tls = { caPem: caPem ?? "", certPem: certPem ?? "", keyPem: keyPem ?? "" };
  const connection = connect({ address: run.registry, tls, deadlineMs });
  try {
    return fitting(await candidatesOf(connection, what, typed, agency), typed);
  } finally {
    connection.close();
  }
}

async function candidatesOf(
  { registry }: Connection,
  what: AskedNames,
  typed: string,
  agency: string,
): Promise<Candidate[]> {
  if (what === "procedures") {
    const procedures = await registry.listProcedures();
    return procedures.map(({ procedure }) => named(procedure?.key ?? "", procedure?.name?.vi));
  }
  if (what === "units") return (await registry.getAgency(agency)).units.map(({ id, name }) => named(id, name?.vi));
  // "AGENCY/UNIT": the units of the agency before the slash.
  const slash = typed.indexOf("/");
  if (slash > 0) {
    const office = typed.slice(0, slash);
    const { units } = await registry.getAgency(office);
    return units.map(({ id, name }) => named(`${office}/${id}`, name?.vi));
  }
  return (await registry.listAgencies()).map((listed) => named(listed.agency?.id ?? "", listed.agency?.name?.vi));
}

function named(value: string, meaning = ""): Candidate {
  return { value, meaning };
}

function fitting(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed));
}
