import { RegistryKind } from "@lienthong/contracts/registry/v1/record";
import type { RegistrySlice } from "./registry-slice.ts";

/** Names of agencies and units by id, as their last entry has them. */
export type NamesInSlice = Readonly<Record<string, { readonly vi: string; readonly en: string }>>;

/** The names that a slice of the registry shows. */
export function namesInSlice(slice: RegistrySlice | null): NamesInSlice {
  const names: Record<string, { vi: string; en: string }> = {};
  for (const { kind, id, chain } of slice?.subjects() ?? []) {
    if (kind !== RegistryKind.REGISTRY_KIND_AGENCY && kind !== RegistryKind.REGISTRY_KIND_UNIT) continue;
    const record = chain.at(-1)?.record;
    if (record?.$case !== "agency" && record?.$case !== "unit") continue;
    const { vi, en } = record.value.name ?? { vi: id, en: id };
    names[id] = { vi, en: en || vi };
  }
  return names;
}
