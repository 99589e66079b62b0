import { unaryHandler } from "@lienthong/chassis";
import type { AppendEntryRequest, AppendEntryResponse } from "@lienthong/contracts/registry/v1/registry_service";
import type { RegistryContext } from "../registry-context.ts";

/** Whoever brings the entry: what counts is the registrar's signature on it. */
export const appendEntry = ({ appender }: RegistryContext) =>
  unaryHandler<AppendEntryRequest, AppendEntryResponse>(async ({ signedEntry }) => {
    const { head, number } = await appender.append(signedEntry);
    return { head: { ...head }, number };
  });
