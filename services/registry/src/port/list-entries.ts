import { unaryHandler } from "@lienthong/chassis";
import type { ListEntriesRequest, ListEntriesResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { requireKnownSystem } from "../known-system.ts";
import { pageSizeOf } from "../page.ts";
import { readEntries } from "../read-entries.ts";
import type { RegistryContext } from "../registry-context.ts";

export const listEntries = (context: RegistryContext) =>
  unaryHandler<ListEntriesRequest, ListEntriesResponse>(async ({ fromNumber, pageSize }, { identity }) => {
    requireKnownSystem(context.state, identity);
    const { entries, nextNumber } = await readEntries(context, fromNumber, pageSizeOf(pageSize));
    return { signedEntries: entries, nextNumber };
  });
