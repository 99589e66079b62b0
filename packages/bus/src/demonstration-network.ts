import { type AuditScopeRecord, RecordStatus } from "@lienthong/contracts/registry/v1/record";
import type { Seed } from "../../../deploy/seed/seed.ts";

/** A shard that a demonstration network declares. */
export interface DemonstrationShard {
  readonly name: string;
  readonly origin: string;
  readonly simulated: boolean;
}

/** The scenario's shard: districts still exist, days pass in seconds. */
export const scenarioShard: DemonstrationShard = {
  name: "hanoi-2025q2-scenario",
  origin: "lienthong.example/hanoi-2025q2-scenario",
  simulated: true,
};

/** A shard on the real clock, named for the quarter of a day in Việt Nam. */
export function realShard(now: Date): DemonstrationShard {
  const local = new Date(now.getTime() + 7 * 3_600_000);
  const name = `hanoi-${local.getUTCFullYear()}q${Math.floor(local.getUTCMonth() / 3) + 1}`;
  return { name, origin: `lienthong.example/${name}`, simulated: false };
}

/** Monday 5 May 2025, 08:00 in Việt Nam. */
export const scenarioStart = { seconds: BigInt(Date.parse("2025-05-05T08:00:00+07:00") / 1_000), nanos: 0 };

/** Name of a demonstration's network: the only one whose registry may hold demonstration keys. */
export const demonstrationNetworkName = "lienthong-demonstration";

/** System of the operator, which speaks for nobody: it reads the registry. */
export const operatorSystem = "operator";

/** A system of the demonstration and the agencies that delegate to it. */
export interface DemonstrationSystem {
  readonly id: string;
  readonly name: { readonly vi: string; readonly en: string };
  readonly agencies: readonly string[];
}

/** Who speaks for whom: one provincial system for the city's own offices, others for police, insurance and the rest. */
export function demonstrationSystems(seed: Seed): DemonstrationSystem[] {
  const systems: (Omit<DemonstrationSystem, "agencies"> & {
    agencies: string[];
    serves(agency: string, parent: string): boolean;
  })[] = [
    {
      id: "ca-cu-tru",
      name: { vi: "Hệ thống đăng ký cư trú của Công an", en: "Residence registration system of the police" },
      serves: (agency) => agency === "hn-congan" || agency.startsWith("hn-ca-"),
      agencies: [],
    },
    {
      id: "bhxh",
      name: { vi: "Hệ thống của Bảo hiểm xã hội", en: "Social insurance system" },
      serves: (agency) => agency === "vn-bhxh" || agency.startsWith("hn-bhxh"),
      agencies: [],
    },
    {
      id: "thue",
      name: { vi: "Hệ thống của cơ quan Thuế", en: "Tax system" },
      serves: (agency) => agency.startsWith("hn-thue"),
      agencies: [],
    },
    {
      id: "hn-mot-cua",
      name: {
        vi: "Hệ thống thông tin giải quyết thủ tục hành chính thành phố Hà Nội",
        en: "Hanoi's information system for administrative procedures",
      },
      serves: (agency) => agency === "hn" || agency.startsWith("hn-"),
      agencies: [],
    },
    {
      id: "bo-nganh",
      name: { vi: "Hệ thống của các bộ, ngành", en: "System of the ministries" },
      serves: () => true,
      agencies: [],
    },
  ];
  for (const { record } of seed.agencies) {
    systems.find((system) => system.serves(record.id, record.parent))?.agencies.push(record.id);
  }
  return [
    { id: operatorSystem, name: { vi: "Công cụ của đơn vị vận hành", en: "Tools of the operator" }, agencies: [] },
    ...systems.map(({ id, name, agencies }) => ({ id, name, agencies })),
  ];
}

/** The city's inspectorate, which audits the demonstration. */
export const demonstrationAuditor = "hn-thanhtra";

/**
 * What may be audited: everything, by the inspectorate, where the seed has it. That an inspectorate would read every dossier, rather than those
 * of an inspection that was decided on, is an assumption of the demonstration.
 */
export function demonstrationAuditScopes(seed: Seed): AuditScopeRecord[] {
  if (!seed.agencies.some(({ record }) => record.id === demonstrationAuditor)) return [];
  return [
    {
      id: "thanh-tra-thanh-pho",
      auditor: demonstrationAuditor,
      shards: [],
      agencies: [],
      procedures: [],
      ground: "Luật Thanh tra số 11/2022/QH15; phạm vi giả định cho mạng trình diễn",
      status: RecordStatus.RECORD_STATUS_ACTIVE,
    },
  ];
}

/** The part of a seed that some areas need: those wards, what is above them, what is competent for them, and the whole rest of the city. */
export function narrowSeed(seed: Seed, areaCodes: readonly string[]): Seed {
  const wanted = new Set(areaCodes);
  const byId = new Map(seed.agencies.map((agency) => [agency.record.id, agency]));
  const kept = new Set<string>();
  const keep = (id: string): void => {
    if (id === "" || kept.has(id)) return;
    kept.add(id);
    keep(byId.get(id)?.record.parent ?? "");
  };
  const codesAbove = new Set(areaCodes);
  for (const { record } of seed.agencies) {
    if (!wanted.has(record.areaCode)) continue;
    keep(record.id);
  }
  for (const id of kept) codesAbove.add(byId.get(id)?.record.areaCode ?? "");
  for (const { record } of seed.agencies) {
    const isWardOrBelow =
      record.competences.length > 0 &&
      record.competences.every(({ areaCodes: codes }) => codes.every((code) => code.length > 2));
    const isNeeded = record.competences.some(({ areaCodes: codes }) => codes.some((code) => codesAbove.has(code)));
    if (!isWardOrBelow || isNeeded) keep(record.id);
  }
  const agencies = seed.agencies.filter(({ record }) => kept.has(record.id));
  return {
    ...seed,
    agencies,
    units: seed.units.filter(({ record }) => kept.has(record.agency)),
    successions: seed.successions.filter(
      ({ record }) => kept.has(record.agency) && record.successors.every((successor) => kept.has(successor.agency)),
    ),
  };
}
