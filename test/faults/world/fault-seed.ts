import { narrowSeed } from "@lienthong/bus";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import type { Seed } from "../../../deploy/seed/seed.ts";

/** Exchange replicas of the world. */
export const exchangeReplicas = 2;

/** Wards that take part, with all that is above them and competent for them. */
export const faultAreas = ["00001", "00004", "00006", "00037"] as const;

/** The registry of the world: real data, narrowed to a few wards so that it is there in seconds. */
export async function faultSeed(): Promise<Seed> {
  return narrowSeed(await loadSeed(), faultAreas);
}
