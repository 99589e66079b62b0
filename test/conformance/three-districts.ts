import { join } from "node:path";
import { type KeyKind, narrowSeed, startBus } from "@lienthong/bus";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { TestBus } from "@lienthong/testkit";
import { loadSeed } from "../../deploy/seed/load-seed.ts";
import type { Seed } from "../../deploy/seed/seed.ts";

/** A ward, and the kinds of seal of ward and district. */
export interface Pair {
  readonly area: string;
  readonly ward: KeyKind;
  readonly district: KeyKind;
}

/** Wards in three districts: every kind of seal signs at both ends. */
export const pairs: readonly Pair[] = [
  { area: "00004", ward: "ed25519", district: "rsa" },
  { area: "00037", ward: "p256", district: "ed25519" },
  { area: "00091", ward: "rsa", district: "p256" },
];

/** Goes from a ward to the labour division of its district. */
export const procedure = "social-allowance-3tier";
/** A day on which districts exist; the scenario shard begins on it. */
export const legalDay = "2025-05-05";

export const algorithms: Readonly<Record<KeyKind, SignatureAlgorithm>> = {
  ed25519: SignatureAlgorithm.SIGNATURE_ALGORITHM_ED25519,
  p256: SignatureAlgorithm.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256,
  rsa: SignatureAlgorithm.SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256,
};

export function wardOf({ area }: Pair): string {
  return `hn-wold-${area}`;
}

/** The district's office that the procedure goes to. */
export function districtOf(bus: TestBus, { area }: Pair): string {
  const question = { role: "DISTRICT_LABOUR_DIVISION", areaCode: area, procedure, date: legalDay };
  const agency = bus.bus.registry.state.resolveRole(question).candidates[0]?.agency;
  if (agency === undefined) throw new Error(`Nobody is the labour division for ${area}.`);
  return agency;
}

/** Wards through one system, everybody else through another. */
function systemsOf(seed: Seed) {
  const ids = seed.agencies.map(({ record }) => record.id);
  const isWard = (id: string) => id.startsWith("hn-w");
  return [
    { id: "ward-software", name: { vi: "Phần mềm cấp xã", en: "Ward software" }, agencies: ids.filter(isWard) },
    {
      id: "district-software",
      name: { vi: "Phần mềm cấp huyện", en: "District software" },
      agencies: ids.filter((id) => !isWard(id)),
    },
  ];
}

/** Starts a bus for the three pairs in a folder that its `stop` removes. */
export async function startThreeDistricts(dataDirectory: string): Promise<TestBus> {
  const areas = pairs.map(({ area }) => area);
  const seed = narrowSeed(await loadSeed(), areas);
  const kinds = new Map<string, KeyKind>();
  for (const pair of pairs) {
    const ward = seed.agencies.find(({ record }) => record.id === wardOf(pair))?.record;
    kinds.set(wardOf(pair), pair.ward);
    // The labour division is a part of the district's committee, which seals for it.
    kinds.set(ward?.parent ?? "", pair.district);
  }
  const bus = await startBus({
    dataDirectory,
    seed: async () => seed,
    systems: systemsOf,
    keyKind: (agency) => kinds.get(agency) ?? "ed25519",
  });
  return new TestBus(bus, true);
}

/** What a client in another language is told about the bus and an agency: addresses, paths, hashes in hexadecimal. */
export function settingsOf(bus: TestBus, agency: string) {
  const { run } = bus.bus;
  const tls = run.tls.certificates[bus.systemOf(agency)];
  if (tls === undefined) throw new Error(`${agency} has no system here.`);
  const seal = join(run.keys, `${agency}.pem`);
  return {
    exchange: run.grpc.exchange,
    registry: run.grpc.registry,
    ca: run.tls.ca,
    certificate: tls.certificate,
    key: tls.key,
    seal,
    public_key: Buffer.from(bus.keyOf(agency).publicKey).toString("hex"),
    network: Buffer.from(bus.bus.registry.state.network).toString("hex"),
    agency,
  };
}
