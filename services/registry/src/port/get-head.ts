import { unaryHandler } from "@lienthong/chassis";
import type { GetHeadRequest, GetHeadResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { requireKnownSystem } from "../known-system.ts";
import type { RegistryContext } from "../registry-context.ts";

export const getHead = ({ state }: RegistryContext) =>
  unaryHandler<GetHeadRequest, GetHeadResponse>((_request, { identity }) => {
    requireKnownSystem(state, identity);
    return { head: { ...state.head }, network: state.network };
  });
