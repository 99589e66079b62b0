import { busError, unaryHandler } from "@lienthong/chassis";
import type { AppendEntryRequest, AppendEntryResponse } from "@lienthong/contracts/registry/v1/registry_service";
import type { RegistryContext } from "../registry-context.ts";

/** Whoever brings the entry: what counts is the registrar's signature on it. */
export const appendEntry = ({ state, appender }: RegistryContext) =>
  unaryHandler<AppendEntryRequest, AppendEntryResponse>(async ({ signedEntry }) => {
    if (state.size === 0) {
      // A genesis names its own keys, so the first comer could make the network theirs.
      throw busError("REGISTRY_ENTRY_INVALID", {
        field: "signed_entry",
        allowed: "entries after the genesis, which is written where the bus is set up",
      });
    }
    const { head, number } = await appender.append(signedEntry);
    return { head: { ...head }, number };
  });
