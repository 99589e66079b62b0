import { busError, unaryHandler } from "@lienthong/chassis";
import type { ResolveRoleRequest, ResolveRoleResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { requireKnownSystem } from "../known-system.ts";
import type { RegistryContext } from "../registry-context.ts";
import { requireDate } from "./on-date.ts";

export const resolveRole = ({ state }: RegistryContext) =>
  unaryHandler<ResolveRoleRequest, ResolveRoleResponse>((request, { identity }) => {
    requireKnownSystem(state, identity);
    const { role, areaCode, procedure, onDate } = request;
    requireForm("role", role, /^[A-Z0-9_]{1,64}$/, "1 to 64 of A-Z, 0-9 and '_'");
    requireForm("area_code", areaCode, /^(?:\d{2}|\d{3}|\d{5})$/, "2, 3 or 5 digits");
    requireForm("procedure", procedure, /^(?:[a-z0-9][a-z0-9-]{0,63})?$/, "empty, or the key of a procedure");
    requireDate("on_date", onDate);
    const { candidates, missing } = state.resolveRole({ role, areaCode, procedure, date: onDate });
    return { candidates: candidates.map((candidate) => ({ ...candidate })), missing: missing ?? undefined };
  });

function requireForm(field: string, value: string, form: RegExp, allowed: string): void {
  if (!form.test(value)) throw busError("FIELD_INVALID", { field, allowed });
}
